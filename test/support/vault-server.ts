/** The models of the vault over HTTP: everything that can be hidden, for callers whose rights a test chooses. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { AccessTokens } from "../../src/auth/access-token.ts";
import { Authenticator } from "../../src/auth/authenticator.ts";
import { hashPassword } from "../../src/fields/password-hash.ts";
import { FileStore } from "../../src/files/file-store.ts";
import { buildServer } from "../../src/http/server.ts";
import { TenantDirectory } from "../../src/tenants/tenant-directory.ts";
import { type AccessData, storeAccessData } from "../fixtures/access-data.ts";
import { createVault, vaultRegistry } from "../fixtures/vault-registry.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { TEST_SECRET } from "./server.ts";
import { openFixed, sourceOf } from "./tenant-source.ts";

export interface VaultAnswer {
  readonly status: number;
  readonly text: string;
}

export interface VaultServer {
  readonly database: TestDatabase;
  /** Sends a request. */
  send(request: {
    readonly method: string;
    readonly path: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly type?: string;
    readonly token: string | null;
  }): Promise<VaultAnswer>;
  /** The token of a user that the data has. */
  signIn(userId: number): Promise<string>;
  /** A token of the same secret for another database. */
  foreignToken(userId: number): string;
  close(): Promise<void>;
}

const PASSWORD = "a password of the vault";

/** Starts it. */
export async function startVaultServer(data: AccessData): Promise<VaultServer> {
  const database = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), "fullfinity-vault-"));
  await createVault(database.database);
  await storeAccessData(database.database, vaultRegistry, data);
  const values = [await hashPassword(PASSWORD)];
  await database.database.run({ text: `update "user" set password = $1`, values });
  const tenant = await openFixed({
    name: "main",
    database: database.database,
    registry: vaultRegistry,
    files: new FileStore(folder),
  });
  const rules = {
    hosts: new Map(),
    baseDomain: "localhost",
    defaultDatabase: "main",
    foreignHosts: true,
    databaseSelector: false,
  };
  const server = await buildServer({
    tenants: new TenantDirectory(rules, sourceOf([tenant])),
    authenticator: new Authenticator({ secret: TEST_SECRET }),
    config: { environment: "production", bodyLimit: 1024 * 1024, uploadLimit: 1024 * 1024, logLevel: "silent" },
    logger: pino({ level: "silent" }),
  });
  const send: VaultServer["send"] = async ({ method, path, query, body, type = "application/json", token }) => {
    const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
    const response = await server.inject({
      method: method as "GET",
      url: `${path}${search}`,
      headers: {
        ...(body === undefined ? {} : { "content-type": type }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: response.statusCode, text: response.payload };
  };
  return {
    database,
    send,
    signIn: async (userId) => {
      const body = { email: `user${userId}@example.com`, password: PASSWORD };
      const answer = await send({ method: "POST", path: "/auth/authenticate", body, token: null });
      return (JSON.parse(answer.text) as { access_token: string }).access_token;
    },
    foreignToken: (userId) =>
      new AccessTokens(TEST_SECRET).issue({ userId, database: "acme", family: "elsewhere" }).token,
    close: async () => {
      await server.close();
      await tenant.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
