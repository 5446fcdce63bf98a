/** Answers what is no HTTP request, or arrives too slowly: there is only a socket to write to. */
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { FastifyBaseLogger } from "fastify";
import { rawErrorAnswer } from "./error-answer.ts";

interface Broken {
  readonly status: number;
  readonly error: string;
  readonly detail: string;
}

const MALFORMED: Broken = { status: 400, error: "ValidationError", detail: "The request is not valid HTTP" };

/** By the code of Node's HTTP parser. */
const reasons: ReadonlyMap<string, Broken> = new Map([
  ["HPE_HEADER_OVERFLOW", { status: 431, error: "ValidationError", detail: "The request's headers are too large" }],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", { ...MALFORMED, detail: "The request's chunk extensions are too large" }],
  ["ERR_HTTP_REQUEST_TIMEOUT", { status: 408, error: "ValidationError", detail: "The request did not arrive in time" }],
]);

/** Answers a broken request and closes its connection. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, log: FastifyBaseLogger): void {
  // The other side has gone: nobody is left to answer.
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, error: name, detail } = reasons.get(error.code ?? "") ?? MALFORMED;
  const requestId = randomUUID();
  log.info({ requestId, status, code: error.code }, "broken request");
  socket.end(rawErrorAnswer({ status, text: JSON.stringify({ detail, error: name }) }, requestId), () =>
    socket.destroy(),
  );
}
