/** Puts the HTTP server together: limits, headers, errors, and the routes of every endpoint. */
import { type FastifyInstance, fastify } from "fastify";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Config } from "../config.ts";
import { databaseEndpoints } from "../contract/databases.ts";
import { endpoints } from "../contract/endpoints.ts";
import { readMetrics } from "../contract/metrics.ts";
import { DatabaseUnavailable } from "../database/error-code.ts";
import type { ApplicationError } from "../errors.ts";
import type { TenantDirectory } from "../tenants/tenant-directory.ts";
import { TableReader } from "../transfer/file/table-reader.ts";
import { addApiKeyRoutes } from "./api-key-route.ts";
import { addArrangeRoutes } from "./arrange-route.ts";
import { addAttachmentRoutes, addAttachmentUploads } from "./attachment-route.ts";
import { addBehaviourRoutes } from "./behaviour-route.ts";
import { acceptJsonOnly } from "./body.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { declareCaller } from "./caller.ts";
import { addDatabaseRoutes, type DatabaseOffice } from "./database-route.ts";
import { sendError, toApplicationError } from "./error-answer.ts";
import { addExportRoute } from "./export-route.ts";
import { addImportRoute } from "./import-route.ts";
import { addJobRoutes } from "./job-route.ts";
import { buildLogger, requestLogOf } from "./logger.ts";
import { addMetricsRoute } from "./metrics-route.ts";
import { addModuleChangeRoutes } from "./module-change-route.ts";
import { addModuleRoutes } from "./module-route.ts";
import { addNameSearchRoute } from "./name-search-route.ts";
import { addProcessRoutes } from "./process-route.ts";
import { addReadRoutes } from "./read-route.ts";
import { Readiness } from "./readiness.ts";
import { addRegistryRoutes } from "./registry-route.ts";
import { REQUEST_ID, requestIdOf } from "./request-id.ts";
import { addSignInRoutes } from "./sign-in-route.ts";
import { answerUnknownRoute, knownPaths, LONGEST_PART } from "./unknown-route.ts";
import { addUploadRoutes } from "./upload.ts";
import { addWriteRoutes } from "./write-route.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** To be stopped before the server is closed. */
    readonly readiness: Readiness;
  }
}

/** What a server is made of. */
export interface ServerParts {
  readonly tenants: TenantDirectory;
  readonly authenticator: Authenticator;
  readonly config: Pick<Config, "environment" | "bodyLimit" | "uploadLimit" | "logLevel"> &
    Partial<Pick<Config, "trustedProxies" | "metricsToken">>;
  /** Reads the files of imports; one with the usual settings unless given. */
  readonly tableReader?: TableReader;
  /** Opens the endpoints for whole databases; there are none without it. */
  readonly databases?: DatabaseOffice | undefined;
  /** Made from the configuration unless given. */
  readonly logger?: Logger;
}

/** Milliseconds for a request to arrive as a whole. */
const ARRIVAL_TIMEOUT = 120_000;

/**
 * Builds the server.
 *
 * Nothing listens yet. To stop without a failed request: `readiness.stop()`, wait until nobody sends any more, `close()`,
 * which lets the requests under way finish.
 */
export async function buildServer(parts: ServerParts): Promise<FastifyInstance> {
  const { config, logger = buildLogger(config.logLevel) } = parts;
  const { trustedProxies = [], metricsToken = null } = config;
  const errors = { development: config.environment === "development", bodyLimit: config.bodyLimit };
  const server = fastify({
    // A logger of the framework's own would cost a child logger for each request; what is logged is logged here.
    logger: false,
    bodyLimit: config.bodyLimit,
    requestTimeout: ARRIVAL_TIMEOUT,
    genReqId: requestIdOf,
    // Only for the address of the client: the host is read from `Host` alone, and what an unknown peer claims counts for nothing.
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    // What arrives over open connections while the server closes is still answered.
    return503OnClosing: false,
    // Requests without a host are for the default database.
    http: { requireHostHeader: false },
    routerOptions: { maxParamLength: LONGEST_PART },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, logger),
    frameworkErrors: (error, request, reply) => {
      reply.header(REQUEST_ID, request.id);
      sendError(reply, toApplicationError(error, errors, request), errors);
    },
  });
  const paths = knownPaths([
    ...endpoints,
    ...(metricsToken === null ? [] : [readMetrics]),
    ...(parts.databases === undefined ? [] : databaseEndpoints),
  ]);
  declareCaller(server);
  acceptJsonOnly(server);
  server.setErrorHandler((error, request, reply) => {
    const told = toApplicationError(error, errors, request);
    const details = {
      requestId: request.id,
      method: request.method,
      path: pathOf(request.url),
      err: told.cause ?? error,
    };
    if (isCancelled(told)) logger.debug(details, "client has gone");
    else if (told.status === 500) logger.error(details, "request failed");
    else if (told.status === 503) logger.warn(details, "request refused");
    sendError(reply, told, errors);
  });
  server.addHook("onRequest", (request, reply, done) => {
    reply.header(REQUEST_ID, request.id);
    // Whoever keeps the connection open for further requests is to open another one, to a process that stays.
    if (server.readiness.isStopping) reply.header("connection", "close");
    reply.header("x-content-type-options", "nosniff");
    reply.header("cache-control", "private, no-store");
    reply.header("vary", "Authorization");
    if (!request.is404) {
      done();
      return;
    }
    const error = answerUnknownRoute(request, reply, paths);
    if (error !== null) sendError(reply, error, errors);
  });
  if (logger.isLevelEnabled("info")) {
    const requestLog = requestLogOf(logger);
    server.addHook("onClose", (_server, done) => {
      requestLog.close();
      done();
    });
    server.addHook("onResponse", (request, reply, done) => {
      const { method, url, tenant, caller, id } = request;
      requestLog.add({
        requestId: id,
        method,
        path: pathOf(url),
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
        database: tenant?.name,
        user: caller?.rights.userId,
      });
      done();
    });
  }
  const { tenants, authenticator } = parts;
  const readiness = new Readiness(() => tenants.check());
  server.decorate("readiness", readiness);
  const context = { server, tenants, authenticator, paths };
  if (metricsToken !== null) addMetricsRoute(context, metricsToken);
  addSignInRoutes(context);
  addApiKeyRoutes(context);
  addRegistryRoutes(context);
  addReadRoutes(context);
  addNameSearchRoute(context);
  addWriteRoutes(context);
  addArrangeRoutes(context);
  addBehaviourRoutes(context);
  addExportRoute(context);
  addJobRoutes(context);
  const reader = parts.tableReader ?? new TableReader();
  addAttachmentRoutes(context);
  await addUploadRoutes(context, config.uploadLimit, (scope) => {
    addImportRoute(scope, reader);
    addAttachmentUploads(scope);
  });
  addModuleChangeRoutes(context);
  if (parts.databases !== undefined) addDatabaseRoutes(context, parts.databases);
  addProcessRoutes(context, readiness);
  addModuleRoutes(context);
  // Expectations that nobody knows are no reason to refuse a request, nor to answer it without our headers.
  server.server.on("checkExpectation", (request, response) => server.server.emit("request", request, response));
  await server.ready();
  return server;
}

/** Whether nobody waits for the answer any more. */
function isCancelled(error: ApplicationError): boolean {
  return error instanceof DatabaseUnavailable && error.code === "cancelled";
}

/** The path without the query string, which may hold what belongs into no log. */
function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}
