/** What the shipped modules have comes back as it was: every model, with all that can be written of it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtReader, sendForm } from "../support/form.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

interface Described {
  readonly type: string;
  readonly readonly?: boolean;
}

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer({ tableReader: builtReader() });
});
afterAll(() => api?.close());

/** Lines are records of their own model, and bytes are no cells. */
const NO_COLUMNS = ["OneToMany", "Binary", "File", "Password"];

async function columnsOf(model: string): Promise<string[]> {
  const { json } = await api.call("GET", `/api/get_registry/${model}`);
  const writable = Object.entries(json as Record<string, Described>).filter(
    ([, { type, readonly }]) => readonly !== true && !NO_COLUMNS.includes(type),
  );
  // A name may be that of several records, an id is not.
  return ["id", ...writable.map(([name, { type }]) => (type === "ManyToOne" ? `${name}.id` : name))];
}

const UNCHANGED = { status: 200, created: 0, updated: 0, errors: [] };

/** Exports records and imports the file as it is. */
async function sendBack(model: string, payload: object): Promise<object> {
  const file = await api.server.inject({
    method: "POST",
    url: `/api/export/${model}`,
    headers: { authorization: `Bearer ${api.token}` },
    payload,
  });
  const { status, json } = await sendForm(api, `/api/import/${model}`, { match_by: "id" }, file.rawPayload);
  const { created, updated, errors } = json;
  return { status, created, updated, errors };
}

describe.each(["csv", "xlsx"])("as %s", (format) => {
  it.each(["Product", "Contact", "SaleOrder", "CrmLead", "Tax"])("%s without fields, too", async (model) => {
    expect(await sendBack(model, { format, headers: "names" })).toEqual(UNCHANGED);
  });

  it("changes nothing", async () => {
    const { json } = await api.call("GET", "/api/get_registry");
    const models = Object.entries(json as Record<string, { permissions: { create: boolean } }>).flatMap(
      ([name, { permissions }]) => (permissions.create ? [name] : []),
    );
    const reports: Record<string, unknown> = {};
    const unchanged: Record<string, unknown> = {};
    for (const model of models) {
      const { data } = (await api.call("POST", `/api/query/${model}`, { fields: [], limit: 1 })).json as { data: [] };
      if (data.length === 0) continue;
      reports[model] = await sendBack(model, { fields: await columnsOf(model), format, headers: "names" });
      unchanged[model] = UNCHANGED;
    }
    expect(Object.keys(unchanged).length).toBeGreaterThan(25);
    expect(reports).toEqual(unchanged);
  });
});
