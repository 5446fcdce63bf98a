/** Notices that a client has gone before it was answered, so that the database does not work for nobody. */
import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import { Cancellation } from "../database/cancellation.ts";

/** What is under way for the client at the other end of a socket. */
const underWay = new WeakMap<Socket, Set<Cancellation>>();

/**
 * Does the work of a request, and cancels it once the client's connection closes.
 *
 * One listener serves all requests of a connection: adding one for each costs more than many a request.
 */
export async function untilDeparture<Result>(
  { raw: { socket } }: FastifyRequest,
  work: (cancellation: Cancellation) => Promise<Result> | Result,
): Promise<Result> {
  const cancellation = new Cancellation();
  const all = underWay.get(socket) ?? watch(socket);
  if (socket.destroyed) cancellation.cancel();
  all.add(cancellation);
  try {
    return await work(cancellation);
  } finally {
    all.delete(cancellation);
  }
}

function watch(socket: Socket): Set<Cancellation> {
  const all = new Set<Cancellation>();
  underWay.set(socket, all);
  socket.once("close", () => {
    for (const cancellation of all) cancellation.cancel();
  });
  return all;
}
