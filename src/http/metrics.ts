/** What the process measures of itself, its requests and its databases, for programs that watch it. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { LiveTenant } from "../tenants/live-tenant.ts";
import type { TenantDirectory } from "../tenants/tenant-directory.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The endpoint's name in the contract. */
    readonly endpoint?: string;
  }
}

/** Upper ends of the classes of how long requests take, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What is told of each open database. */
const gauges: readonly { readonly name: string; readonly help: string; readonly read: (live: LiveTenant) => number }[] =
  [
    {
      name: "fullfinity_database_connections",
      help: "Connections of this process to the database, open or being opened",
      read: ({ database }) => database.describeLoad().connections,
    },
    {
      name: "fullfinity_database_waiting",
      help: "Callers that wait for a connection to the database",
      read: ({ database }) => database.describeLoad().waiting,
    },
    {
      name: "fullfinity_database_retried_transactions",
      help: "Transactions that were begun again since this process has opened the database",
      read: ({ database }) => database.describeLoad().retriedTransactions,
    },
    {
      name: "fullfinity_database_requests",
      help: "Requests under way in the database",
      read: ({ load }) => load.requests,
    },
    {
      name: "fullfinity_jobs_running",
      help: "Jobs of the database that this process works at",
      read: ({ load }) => load.jobs,
    },
  ];

/**
 * The measurements of a process.
 *
 * Labels are bounded: endpoints by the names that they have in the contract, databases by how many may be open.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<"endpoint" | "status">;

  constructor(tenants: Pick<TenantDirectory, "opened">) {
    const registers = [this.#registry];
    // Several processes may share one port: an answer tells of one of them, and which.
    this.#registry.setDefaultLabels({ process: String(process.pid) });
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: "fullfinity_http_request_seconds",
      help: "How long requests took, by endpoint and status",
      labelNames: ["endpoint", "status"],
      buckets: SECONDS,
      registers,
    });
    new Gauge({
      name: "fullfinity_databases_open",
      help: "Databases that this process keeps open",
      registers,
      collect() {
        this.set(tenants.opened.length);
      },
    });
    for (const { name, help, read } of gauges) {
      new Gauge({
        name,
        help,
        labelNames: ["database"],
        registers,
        collect() {
          // Those that are closed meanwhile are told of no more.
          this.reset();
          for (const live of tenants.opened) this.set({ database: live.name }, read(live));
        },
      });
    }
  }

  /** Counts a request that has been answered. Those that are for nothing count as one endpoint, whatever they ask for. */
  count(request: FastifyRequest, reply: FastifyReply): void {
    const endpoint = request.routeOptions.config?.endpoint ?? request.moduleRoute?.endpoint.id ?? "none";
    this.#requests.observe({ endpoint, status: reply.statusCode }, reply.elapsedTime / 1000);
  }

  /** The media type of {@link text}. */
  get type(): string {
    return this.#registry.contentType;
  }

  /** All measurements of now. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
