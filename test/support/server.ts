/** The whole platform over HTTP for tests: the shipped modules with demo data in a database of one's own, and a client. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { type Logger, pino } from "pino";
import { inject } from "vitest";
import { Authenticator } from "../../src/auth/authenticator.ts";
import type { DatabaseOptions } from "../../src/database/database.ts";
import { FileStore } from "../../src/files/file-store.ts";
import { buildServer } from "../../src/http/server.ts";
import { discoverModules } from "../../src/installer/discover-modules.ts";
import { type LoadedModule, loadModules, modulesFolder } from "../../src/installer/load-modules.ts";
import { ModuleLibrary } from "../../src/installer/module-library.ts";
import { openDatabase, prepareDatabase, prepareSet } from "../../src/installer/open-database.ts";
import type { Registry } from "../../src/models/model.ts";
import type { LiveTenant } from "../../src/tenants/live-tenant.ts";
import type { Tenant } from "../../src/tenants/tenant.ts";
import { TenantDirectory } from "../../src/tenants/tenant-directory.ts";
import type { TableReader } from "../../src/transfer/file/table-reader.ts";
import { createTestDatabase, type TestDatabase, templateDatabase } from "./database.ts";
import { openLive, sourceOf } from "./tenant-source.ts";

/** An answer, with its body as text and, where it is JSON, parsed. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** How a request differs from a plain JSON request of the administrator. */
export interface CallOptions {
  /** null for no token at all; the administrator's unless given. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestServer {
  readonly server: FastifyInstance;
  readonly database: TestDatabase;
  readonly tenant: Tenant;
  readonly live: LiveTenant;
  readonly library: ModuleLibrary;
  readonly registry: Registry;
  /** The administrator's token. */
  readonly token: string;
  /** Sends a request; a body that is no text is sent as JSON. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>;
  /** The token of a user. */
  signIn(email: string, password: string): Promise<string>;
  close(): Promise<void>;
}

/** Settings of the server under test. */
export interface TestServerOptions {
  readonly environment?: "development" | "production";
  readonly logger?: Logger;
  readonly bodyLimit?: number;
  readonly uploadLimit?: number;
  readonly tableReader?: TableReader;
  readonly databaseSelector?: boolean;
  readonly metricsToken?: string;
  /** Modules beyond the shipped ones. Nothing is installed of them: they bring no models and no data. */
  readonly modules?: readonly LoadedModule[];
  /** Modules that are installed besides, with their demo records. */
  readonly installs?: readonly LoadedModule[];
  /** Settings of the connections, such as how many there are. */
  readonly settings?: Partial<DatabaseOptions>;
}

const WAIT_MS = 60_000;
const MEBIBYTE = 1024 * 1024;
/** Signs the tokens of tests only. */
export const TEST_SECRET = "a secret for tests, and for nothing else";

/** Starts the platform on a copy of an installed database. Nothing listens until the test says so. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const modules = await loadModules(await discoverModules(modulesFolder));
  const template = await templateDatabase("installed modules with demo data", async ({ connection }) => {
    const name = connection.database ?? "";
    const opened = await openDatabase({
      server: inject("connection"),
      name,
      modules,
      demo: true,
      adminPassword: "admin",
      onProgress: () => {},
    });
    await opened.database.close();
  });
  // However slow the machine is, whoever waits for a connection gets one.
  const settings = { waitTimeout: WAIT_MS, ...options.settings };
  const database = await createTestDatabase({ template, settings });
  const { installs = [] } = options;
  const installed = [...modules, ...installs];
  if (installs.length > 0) {
    const preparing = { modules: installed, demo: true, adminPassword: "admin", onProgress: () => {} };
    await prepareDatabase(database.database, preparing);
  }
  const library = await ModuleLibrary.of([...installed, ...(options.modules ?? [])]);
  if (options.modules !== undefined) {
    const all = library.compose(library.modules.map(({ manifest }) => manifest.identifier));
    await prepareSet(database.database, all, { demo: false, adminPassword: null, onProgress: () => {} });
  }
  const folder = await mkdtemp(join(tmpdir(), "fullfinity-files-"));
  const files = new FileStore(folder);
  const live = await openLive({ name: "main", database: database.database, library, files });
  const tenant = await live.current();
  const {
    environment = "production",
    logger = pino({ level: "silent" }),
    bodyLimit = MEBIBYTE,
    uploadLimit = 16 * MEBIBYTE,
  } = options;
  const { databaseSelector = false, metricsToken = null } = options;
  const rules = {
    hosts: new Map(),
    baseDomain: "localhost",
    defaultDatabase: "main",
    foreignHosts: true,
    databaseSelector,
  };
  const server = await buildServer({
    tenants: new TenantDirectory(rules, sourceOf([live])),
    authenticator: new Authenticator({ secret: TEST_SECRET }),
    config: { environment, bodyLimit, uploadLimit, logLevel: "silent", metricsToken },
    logger,
    ...(options.tableReader === undefined ? {} : { tableReader: options.tableReader }),
  });
  const send = async (
    method: string,
    path: string,
    body: unknown,
    token: string | null,
    headers: CallOptions["headers"],
  ) => {
    const isText = typeof body === "string" || Buffer.isBuffer(body);
    const response = await server.inject({
      method: method as "GET",
      url: path,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: isText ? body : JSON.stringify(body) }),
    });
    const isJson = String(response.headers["content-type"]).startsWith("application/json");
    const json = isJson && response.payload !== "" ? (JSON.parse(response.payload) as Record<string, unknown>) : {};
    return { status: response.statusCode, headers: response.headers, text: response.payload, json };
  };
  const signIn = async (email: string, password: string) => {
    const answer = await send("POST", "/auth/authenticate", { email, password }, null, {});
    if (answer.status !== 200) throw new Error(`${email} cannot sign in: ${answer.text}`);
    return String(answer.json.access_token);
  };
  const token = await signIn("admin@example.com", "admin");
  return {
    server,
    database,
    tenant,
    live,
    library,
    registry: tenant.registry,
    token,
    call: (method, path, body, { token: given, headers } = {}) =>
      send(method, path, body, given === undefined ? token : given, headers),
    signIn,
    close: async () => {
      await server.close();
      await live.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
