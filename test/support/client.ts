/** A client that works like a person does: it makes, changes and reads records, calls methods, and is told what is wrong. */
import type { Answer, TestServer } from "./server.ts";

type Values = Readonly<Record<string, unknown>>;

/** Requests of one user. Those that fail throw what the server says, but for `refusal`. */
export interface Client {
  /** Creates a record and gives its id. */
  create(model: string, values: Values): Promise<number>;
  update(model: string, id: number, values: Values): Promise<void>;
  remove(model: string, id: number): Promise<void>;
  /** Reads fields of one record. */
  read(model: string, id: number, ...fields: readonly string[]): Promise<Record<string, unknown>>;
  /** The id of the only record that a filter finds. */
  find(model: string, filter: string): Promise<number>;
  count(model: string, filter: string): Promise<number>;
  /** Calls a method and gives its result. */
  execute(model: string, method: string, ids: readonly number[], inputs?: Values): Promise<Record<string, unknown>>;
  /** Calls a method that makes one record, and gives its id. */
  make(model: string, method: string, ids: readonly number[], inputs?: Values): Promise<number>;
  /** The status and detail of what is refused; `200` where it is not. */
  refusal(request: Promise<unknown>): Promise<string>;
}

/** An answer that is no success. */
class Refused extends Error {
  constructor({ status, json, text }: Answer) {
    super(`${status} ${typeof json.detail === "string" ? json.detail : text}`);
  }
}

/** @param token of the user; the administrator's unless given */
export function clientOf(api: TestServer, token?: string): Client {
  const send = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, body, token === undefined ? {} : { token });
    if (answer.status !== 200) throw new Refused(answer);
    return answer.json;
  };
  const execute: Client["execute"] = async (model, method, ids, inputs = {}) => {
    const body = { ids, request_body: { inputs, context: {} } };
    return (await send("POST", `/api/execute/${model}/${method}`, body)).result as Record<string, unknown>;
  };
  return {
    create: async (model, values) => Number((await send("POST", `/api/create/${model}`, values)).id),
    update: async (model, id, values) => {
      await send("PUT", `/api/update/${model}/${id}`, values);
    },
    remove: async (model, id) => {
      await send("DELETE", `/api/delete/${model}/${id}`);
    },
    read: (model, id, ...fields) => send("POST", `/api/fetch/${model}/${id}`, { fields }),
    find: async (model, q_filter) => {
      const { data } = await send("POST", `/api/query/${model}`, { fields: ["id"], q_filter });
      const found = data as { id: number }[];
      if (found.length !== 1) throw new Error(`${found.length} records of ${model} meet ${q_filter}`);
      return (found[0] as { id: number }).id;
    },
    count: async (model, q_filter) =>
      Number((await send("POST", `/api/query/${model}`, { fields: ["id"], q_filter, limit: 0 })).total),
    execute,
    make: async (model, method, ids, inputs) => Number((await execute(model, method, ids, inputs)).record_id),
    refusal: async (request) => {
      try {
        await request;
        return "200";
      } catch (error) {
        if (error instanceof Refused) return error.message;
        throw error;
      }
    },
  };
}
