/** Notices that a client has gone before it was answered, so that the database does not work for nobody. */
import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import { Cancellation } from "../database/cancellation.ts";

/** What is under way for the client at the other end of a socket. */
const underWay = new WeakMap<Socket, Set<Cancellation>>();

/**
 * What cancels the work of a request once the client's connection closes, until {@link endWork}.
 *
 * One listener serves all requests of a connection: adding one for each costs more than many a request.
 */
export function beginWork({ raw: { socket } }: FastifyRequest): Cancellation {
  const cancellation = new Cancellation();
  const all = underWay.get(socket) ?? watch(socket);
  if (socket.destroyed) cancellation.cancel();
  all.add(cancellation);
  return cancellation;
}

/** The work is done: nothing is left to be cancelled. */
export function endWork({ raw: { socket } }: FastifyRequest, cancellation: Cancellation): void {
  underWay.get(socket)?.delete(cancellation);
}

function watch(socket: Socket): Set<Cancellation> {
  const all = new Set<Cancellation>();
  underWay.set(socket, all);
  socket.once("close", () => {
    for (const cancellation of all) cancellation.cancel();
  });
  return all;
}
