/** Where a request reads: from the primary, or where it asks for that from a replica which has caught up. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Endpoint, readsRecords } from "../contract/endpoint.ts";
import { DatabaseUnavailable, type UnavailableCode } from "../database/error-code.ts";
import { ValidationError } from "../errors.ts";
import type { Tenant } from "../tenants/tenant.ts";

/** The header that asks, and that tells who has answered. */
const READ_FROM = "x-read-from";

/** Troubles of a replica that the primary does not share. */
const OF_REPLICA: ReadonlySet<UnavailableCode> = new Set([
  "unreachable",
  "retry",
  "locked",
  "server_exhausted",
  "pool_exhausted",
]);

/**
 * Whether a request asks for the replica.
 *
 * @throws ValidationError where it asks for something else, or where this endpoint or this server has no replica to read from
 */
export function asksForReplica(endpoint: Endpoint, request: FastifyRequest, { replica }: Tenant): boolean {
  const asked = request.headers[READ_FROM];
  if (asked === undefined || asked === "primary") return false;
  if (asked !== "replica") throw new ValidationError("X-Read-From: must be replica or primary");
  if (!readsRecords(endpoint)) throw new ValidationError("X-Read-From: replica is for requests that read records");
  if (replica === null) throw new ValidationError("X-Read-From: this server has no replica to read from");
  return true;
}

/**
 * Does the work of a request that asks for the replica there, else on the primary, and tells which it was.
 *
 * @param work gives its answer as a whole, so that it can be done a second time
 */
export async function onReplica<Result>(
  tenant: Tenant,
  reply: FastifyReply,
  work: (tenant: Tenant) => Promise<Result> | Result,
): Promise<Result> {
  const source = tenant.replica;
  if (source !== null && (await source.replica.hasCaughtUp())) {
    try {
      const result = await work({ ...tenant, database: source.replica.database, plans: source.plans });
      reply.header(READ_FROM, "replica");
      return result;
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable) || !OF_REPLICA.has(error.code)) throw error;
    }
  }
  reply.header(READ_FROM, "primary");
  return work(tenant);
}
