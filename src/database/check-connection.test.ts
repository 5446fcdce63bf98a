/** The first look at a server: one clear line for each thing that is wrong, never the password. */

import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { expect, inject, it } from "vitest";
import { checkConnection } from "./check-connection.ts";
import type { ConnectionOptions } from "./connection-option.ts";
import { Database } from "./database.ts";

const closedPort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
};

it("gives the major version", async () => {
  expect((await checkConnection(inject("connection"))).version).toBeGreaterThanOrEqual(15);
});

it("tells which rights of the account reach beyond its databases", async () => {
  const name = `facts_${randomBytes(6).toString("hex")}`;
  const administrator = new Database({ connection: inject("administrator"), maxConnections: 1 });
  const run = (text: string) => administrator.run({ text, values: [] });
  const excess = async () => (await checkConnection({ ...inject("connection"), user: name, password: name })).excess;
  try {
    await run(`CREATE ROLE ${name} LOGIN PASSWORD '${name}'`);
    expect(await excess()).toEqual([]);
    await run(`GRANT pg_execute_server_program TO ${name}`);
    expect(await excess()).toEqual(["pg_execute_server_program"]);
    await run(`ALTER ROLE ${name} SUPERUSER`);
    expect(await excess()).toEqual(["superuser"]);
  } finally {
    await run(`DROP ROLE ${name}`);
    await administrator.close();
  }
});

it.each<[label: string, connection: () => Promise<ConnectionOptions>, message: RegExp, mayRecover: boolean]>([
  [
    "missing database",
    async () => ({ ...inject("connection"), database: "no_such_database" }),
    /^cannot connect to database "no_such_database" at .*: the database does not exist$/,
    false,
  ],
  [
    "unknown user",
    async () => ({ ...inject("connection"), user: "nobody_knows", password: "secret" }),
    /as user "nobody_knows": the (server does not let this user in|password is wrong or the user does not exist)$/,
    false,
  ],
  [
    "no server, TCP",
    async () => ({ url: `postgresql://ann:secret@127.0.0.1:${await closedPort()}/shop` }),
    /^cannot connect to database "shop" at 127\.0\.0\.1:\d+ as user "ann": no server listens there$/,
    true,
  ],
  [
    "no server, socket",
    async () => ({ host: "/nowhere", port: 5432, user: "ann", password: "secret", database: "shop" }),
    /at \/nowhere:5432 as user "ann": no server listens there$/,
    true,
  ],
])("%s", async (_label, connection, message, mayRecover) => {
  const error = await checkConnection(await connection()).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: "ConnectionCheckError", mayRecover });
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain("secret");
});
