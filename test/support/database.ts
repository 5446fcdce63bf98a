/** Databases for tests: each made for one file and dropped after it, empty or copied from a template made once per run. */
import { createHash, randomBytes } from "node:crypto";
import { inject } from "vitest";
import { createDatabase, dropDatabase, existsDatabase } from "../../src/database/catalog.ts";
import { type ConnectionOptions, withDatabase } from "../../src/database/connection-option.ts";
import { Database, type DatabaseOptions } from "../../src/database/database.ts";
import { StatementLog } from "./statement-log.ts";

export interface TestDatabase {
  readonly database: Database;
  readonly name: string;
  /** Every statement that `database` is sent. */
  readonly statements: StatementLog;
  /** Where it is, for a second `Database` or process. */
  readonly connection: ConnectionOptions;
  /** Runs a statement there with rights over the server, such as one that makes a role. */
  administer(text: string): Promise<unknown>;
  drop(): Promise<void>;
}

/** Building a template may install every module. */
const BUILD_TIMEOUT_MS = 120_000;

/**
 * Makes a database for the calling test file.
 *
 * @param options `template`: a name that {@link templateDatabase} gave; `settings`: of the `Database`, such as its pool's size
 */
export async function createTestDatabase(
  options: { readonly template?: string; readonly settings?: Partial<DatabaseOptions> } = {},
): Promise<TestDatabase> {
  const name = `${inject("databasePrefix")}_${randomBytes(6).toString("hex")}`;
  await withServer((server) =>
    createDatabase(server, name, options.template === undefined ? {} : { template: options.template }),
  );
  const statements = new StatementLog();
  const connection = withDatabase(inject("connection"), name);
  const database = new Database({ connection, onStatement: statements.record, ...options.settings });
  return {
    database,
    name,
    statements,
    connection,
    administer: (text) =>
      withServer((server) => server.run({ text, values: [] }), withDatabase(inject("administrator"), name)),
    drop: async () => {
      await database.close();
      await withServer((server) => dropDatabase(server, name));
    },
  };
}

/**
 * Gives the name of a template database, which the first file that asks for it builds and all others of the run copy.
 *
 * @param label says what is in it; the same label always means the same content
 * @param build fills the empty database; what it opens besides, it closes
 * @returns a name for {@link createTestDatabase}
 */
export async function templateDatabase(label: string, build: (database: Database) => Promise<void>): Promise<string> {
  const key = createHash("sha256").update(label).digest();
  const name = `${inject("databasePrefix")}_template_${key.toString("hex", 0, 6)}`;
  await withServer((server) =>
    // The lock is held by the transaction, so it cannot outlive this process.
    server.transaction(async (session) => {
      await session.rows({
        text: "SELECT pg_advisory_xact_lock($1::bigint)",
        values: [String(key.readBigInt64BE(0))],
      });
      if (!(await existsDatabase(server, name))) {
        await buildTemplate(server, name, build);
      }
    }),
  );
  return name;
}

/** Builds under another name: a template that failed half-way must not be copied by the next file. */
async function buildTemplate(
  server: Database,
  name: string,
  build: (database: Database) => Promise<void>,
): Promise<void> {
  const unfinished = `${name}_new`;
  await dropDatabase(server, unfinished);
  await createDatabase(server, unfinished);
  const database = new Database({ connection: withDatabase(inject("connection"), unfinished) });
  try {
    await build(database);
  } finally {
    await database.close();
  }
  await server.run({ text: `ALTER DATABASE "${unfinished}" RENAME TO "${name}"`, values: [] });
}

async function withServer<T>(
  work: (server: Database) => Promise<T>,
  connection: ConnectionOptions = inject("connection"),
): Promise<T> {
  const server = new Database({
    connection,
    maxConnections: 2,
    statementTimeout: BUILD_TIMEOUT_MS,
  });
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}
