/** Answers requests that carry an `Idempotency-Key`. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Endpoint, Input } from "../contract/endpoint.ts";
import { ValidationError } from "../errors.ts";
import type { Environment } from "../records/environment.ts";
import { runOnce } from "../records/idempotency.ts";
import type { JsonAnswer } from "../records/json-bytes.ts";

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * The key of a request; null where it has none.
 *
 * @throws ValidationError for a key that is none
 */
export function idempotencyKey({ headers }: FastifyRequest): string | null {
  const given = headers["idempotency-key"];
  if (given === undefined) return null;
  if (typeof given === "string" && KEY.test(given)) return given;
  throw new ValidationError("Idempotency-Key: must be 1 to 255 visible ASCII characters");
}

/** Does the work of a request, or answers as it was answered before. */
export async function answerOnce(
  env: Environment,
  key: string,
  { body, query }: Input<Endpoint>,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  work: (env: Environment) => Promise<JsonAnswer> | JsonAnswer,
): Promise<string> {
  const [path] = request.url.split("?");
  const content = JSON.stringify([request.method, path, query, body, request.headers["if-match"]]);
  const header = (name: string) => (reply.getHeader(name) as string | undefined) ?? null;
  const { text, status, etag, location, replayed } = await runOnce(env, { key, content }, async (inner) => {
    const answer = await work(inner);
    return { text: answer.toString(), status: reply.statusCode, etag: header("etag"), location: header("location") };
  });
  reply.code(status);
  if (etag !== null) reply.header("etag", etag);
  if (location !== null) reply.header("location", location);
  if (replayed) reply.header("idempotent-replayed", "true");
  return text;
}
