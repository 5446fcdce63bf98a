/** Whole databases: backed up while in use, restored, moved and dropped, and files that are no backups. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { makeFleetLibraries } from "../../test/support/fleet-module.ts";
import { unfoldStatements } from "../../test/support/unfolded.ts";
import { readContainer } from "../backup/container.ts";
import { existsDatabase } from "../database/catalog.ts";
import { withDatabase } from "../database/connection-option.ts";
import { Database } from "../database/database.ts";
import { FileStore } from "../files/file-store.ts";
import { loadSchemaPlan } from "../installer/check-schema.ts";
import { raw } from "../sql/fragment.ts";
import {
  backUp,
  createTenant,
  type DatabaseGround,
  dropTenant,
  duplicateTenant,
  listDatabases,
  renameTenant,
  restore,
} from "./database-operation.ts";
import { ServerSource } from "./tenant-source.ts";

let folder: string;
let ground: DatabaseGround;
let newer: DatabaseGround;
let removeFleet: () => Promise<void>;
let path: string;
const names = new Set<string>();

function newName(): string {
  const name = `${inject("databasePrefix")}_${randomBytes(4).toString("hex")}`.toLowerCase();
  names.add(name);
  return name;
}

let original: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fullfinity-ground-"));
  const fleet = await makeFleetLibraries();
  removeFleet = fleet.remove;
  const places = { filesFolder: join(folder, "files"), backupFolder: join(folder, "backups") };
  ground = { server: inject("connection"), library: fleet.first, ...places };
  newer = { ...ground, library: fleet.second };
  original = newName();
  await createTenant(ground, original, null, { demo: false, adminPassword: "admin", onProgress: () => {} });
  await run(original, "INSERT INTO wheel (name) SELECT E'wheel\\t' || n FROM generate_series(1, 2000) AS n");
  await run(original, "INSERT INTO car (plate, wheel_id) VALUES (E'A\\n1', 7)");
  await run(original, "CREATE TABLE left_behind (note text); INSERT INTO left_behind VALUES ('kept'), (NULL)");
  const content = await new FileStore(join(ground.filesFolder, original)).begin();
  await content.write(Buffer.from("what is in the file"));
  await content.keep();
  path = (await backUp(ground, original)).path;
}, 60_000);

afterAll(async () => {
  for (const name of names) await dropTenant(ground, name).catch(() => {});
  await removeFleet();
  await rm(folder, { recursive: true });
});

async function rows(name: string, text: string): Promise<Record<string, unknown>[]> {
  const database = new Database({ connection: withDatabase(ground.server, name), maxConnections: 1 });
  try {
    return await database.rows<Record<string, unknown>>(raw(text));
  } finally {
    await database.close();
  }
}

const run = async (name: string, text: string): Promise<void> => {
  for (const part of text.split("; ")) await rows(name, part);
};

async function exists(name: string): Promise<boolean> {
  const server = new Database({ connection: ground.server, maxConnections: 1 });
  try {
    return await existsDatabase(server, name);
  } finally {
    await server.close();
  }
}

describe("a backup", () => {
  it("gives the same rows, numbers, files and tables in another database", async () => {
    const copy = newName();
    await restore(ground, path, copy, false);
    const same = async (text: string) => expect(await rows(copy, text)).toEqual(await rows(original, text));
    await same("SELECT md5(string_agg(w::text, '|' ORDER BY id)) AS hash, count(*) FROM wheel AS w");
    await same("SELECT md5(string_agg(u::text, '|' ORDER BY id)) AS hash FROM \"user\" AS u");
    await same("SELECT plate, wheel_id FROM car");
    await same("SELECT note FROM left_behind");
    await same("SELECT revision, fingerprint FROM registry_state");
    expect(await rows(copy, "INSERT INTO wheel (name) VALUES ('next') RETURNING id")).toEqual([{ id: 2001 }]);
    expect(await loadSchemaPlan(ground.server, copy, ground.library.modules)).toMatchObject({
      operations: [],
      refusals: [],
    });
    const files = new FileStore(join(ground.filesFolder, copy));
    const found: string[] = [];
    for await (const hashes of files.oldHashes(Number.POSITIVE_INFINITY)) found.push(...hashes);
    expect(found).toHaveLength(1);
    const chunks: Buffer[] = [];
    for await (const chunk of (await files.read(found[0] ?? "")).stream) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("what is in the file");
  });

  it("has nothing of what PostgreSQL calculates by itself, which is there again where it is restored", async () => {
    const given: string[] = [];
    for await (const { header, chunks } of readContainer(path)) {
      for await (const _ of chunks);
      if (header.kind === "table" && header.table === "car") given.push(...(header.columns as string[]));
    }
    expect(given).toContain("plate");
    expect(given).not.toContain("plate__folded");
    const copy = newName();
    await restore(ground, path, copy, false);
    expect(await rows(copy, "SELECT plate__folded AS folded FROM car")).toEqual([{ folded: "a\n1" }]);
  });

  it("of the form before folded columns is brought up to date by whoever opens it first", async () => {
    const [old, copy] = [newName(), newName()];
    await duplicateTenant(ground, original, old);
    const { registry } = ground.library.compose(["core", "fleet"]);
    for (const statement of unfoldStatements(registry)) await rows(old, statement);
    await run(old, "UPDATE registry_state SET fingerprint = 'of then'");
    const { path: file } = await backUp(ground, old);
    await restore(ground, file, copy, false);
    const folded =
      "SELECT attname FROM pg_attribute WHERE attrelid = 'car'::regclass AND attname = 'plate__folded' AND attgenerated = 's'";
    expect(await rows(copy, folded)).toEqual([]);
    expect(await rows(copy, "SELECT FROM pg_indexes WHERE indexdef LIKE '%fold_case_1%'")).not.toEqual([]);
    const source = new ServerSource({ ...ground, settings: {} });
    await (await source.open(copy, () => {}))?.settled();
    await source.close();
    expect(await rows(copy, folded)).toHaveLength(1);
    expect(await rows(copy, "SELECT FROM pg_indexes WHERE indexdef LIKE '%fold_case_1%'")).toEqual([]);
    expect(await rows(copy, "SELECT plate__folded AS folded FROM car")).toEqual([{ folded: "a\n1" }]);
    expect(await loadSchemaPlan(ground.server, copy, ground.library.modules)).toMatchObject({ operations: [] });
  });

  it("of a database that is written to meanwhile is of one moment", async () => {
    const busy = newName();
    await duplicateTenant(ground, original, busy);
    const writer = new Database({ connection: withDatabase(ground.server, busy), maxConnections: 1 });
    let written = 0;
    let ended = false;
    const write = async (): Promise<void> => {
      while (!ended) {
        await writer.transaction(async (session) => {
          await session.run(raw("INSERT INTO wheel (name) VALUES ('pair')"));
          await session.run(raw(`INSERT INTO car (plate) VALUES ('pair ${written}')`));
        });
        written += 1;
      }
    };
    const writing = write();
    await expect.poll(() => written).toBeGreaterThan(5);
    const { path: file } = await backUp(ground, busy);
    ended = true;
    await writing;
    await writer.close();
    const copy = newName();
    await restore(ground, file, copy, false);
    const [wheels] = await rows(copy, "SELECT count(*) AS count FROM wheel WHERE name = 'pair'");
    const [cars] = await rows(copy, "SELECT count(*) AS count FROM car WHERE plate LIKE 'pair %'");
    expect(wheels).toEqual(cars);
    expect(cars?.count).toBeGreaterThan(5);
    expect(cars?.count).toBeLessThan(written);
  });

  const damages: [what: string, change: (content: Buffer) => Buffer, message: RegExp][] = [
    ["is cut off", (content) => content.subarray(0, content.length - 20), /cut off/],
    ["is cut off early", (content) => content.subarray(0, 200), /cut off/],
    [
      "has another byte",
      (content) => {
        const middle = content.length >> 1;
        return Buffer.concat([content.subarray(0, middle), Buffer.from([1, 2, 3]), content.subarray(middle + 3)]);
      },
      /damaged|not what was written|out of order|cut off/,
    ],
    ["is empty", () => Buffer.alloc(0), /another kind of file|cut off/],
    ["is a text", () => Buffer.from("-- PostgreSQL database dump\n"), /another kind of file/],
    [
      "is another archive",
      () => gzipSync(Buffer.from("hello, this is something else entirely")),
      /another kind of file/,
    ],
  ];
  it.each(damages)("that %s is refused before anything happens", async (_what, change, message) => {
    const damaged = join(folder, `damaged-${randomBytes(4).toString("hex")}`);
    await writeFile(damaged, change(await readFile(path)));
    await expect(restore(ground, damaged, original, true)).rejects.toThrow(message);
    expect(await rows(original, "SELECT count(*)::int AS n FROM wheel")).toEqual([{ n: 2000 }]);
  });

  it("of modules that the program does not have, or has in an older version, is refused", async () => {
    const name = newName();
    const upgraded = newName();
    await restore(newer, path, upgraded, false);
    await rows(upgraded, "UPDATE module SET version = '2.0.0' WHERE identifier = 'fleet'");
    const late = await backUp(newer, upgraded);
    await expect(restore(ground, late.path, name, false)).rejects.toThrow(
      /module fleet is 2\.0\.0, this program has 1\.0\.0 only/,
    );
    expect(await exists(name)).toBe(false);
  });

  it("replaces a database only where that is allowed", async () => {
    const copy = newName();
    await duplicateTenant(ground, original, copy);
    await run(copy, "DELETE FROM car");
    await expect(restore(ground, path, copy, false)).rejects.toThrow(/already/);
    expect(await rows(copy, "SELECT FROM car")).toEqual([]);
    await restore(ground, path, copy, true);
    expect(await rows(copy, "SELECT FROM car")).toHaveLength(1);
    expect((await listDatabases(ground)).filter((name) => /restoring|replaced/.test(name))).toEqual([]);
  });
});

it("nothing runs by itself in a copy, and all goes on in what is restored", async () => {
  const [source, copy, restored] = [newName(), newName(), newName()];
  await duplicateTenant(ground, original, source);
  await run(
    source,
    `INSERT INTO cron_job (name, model, method, schedule, timezone, active, user_id, next_run)
     SELECT 'Nightly', 'User', 'any', '0 2 * * *', 'UTC', true, id, '2026-03-01T02:00:00Z' FROM "user" LIMIT 1`,
  );
  await run(
    source,
    `INSERT INTO job (user_id, kind, input, caller, state, done, attempt) SELECT id, 'cron', '{}', '{}', 'queued', 0, 0 FROM "user" LIMIT 1`,
  );
  const told =
    "SELECT (SELECT active FROM cron_job) AS active, (SELECT next_run IS NULL FROM cron_job) AS never, (SELECT state FROM job) AS job";
  await duplicateTenant(ground, source, copy);
  expect(await rows(copy, told)).toEqual([{ active: false, never: true, job: "cancelled" }]);
  const { path: backup } = await backUp(ground, source);
  await restore(ground, backup, restored, false);
  expect(await rows(restored, told)).toEqual([{ active: true, never: false, job: "queued" }]);
});

it("a database that is served is renamed and dropped, and never served again under the old name", async () => {
  const [before, after] = [newName(), newName()];
  await duplicateTenant(ground, original, before);
  const source = new ServerSource({ ...ground, settings: {} });
  const left: string[] = [];
  const live = await source.open(before, () => left.push(before));
  expect(live).not.toBeNull();
  await renameTenant(ground, before, after);
  expect(left).toEqual([before]);
  expect(await source.open(before, () => {})).toBeNull();
  const moved = await source.open(after, () => left.push(after));
  expect((await moved?.current())?.registry.models.has("Car")).toBe(true);
  await dropTenant(ground, after);
  expect(left).toEqual([before, after]);
  expect(await exists(after)).toBe(false);
  await source.close();
});

it("names and databases of others are refused", async () => {
  const options = { demo: false, adminPassword: null, onProgress: () => {} };
  await expect(createTenant(ground, "A b", null, options)).rejects.toThrow(/^name: must be a small letter/);
  await expect(createTenant(ground, original, null, options)).rejects.toThrow(/already/);
  await expect(createTenant(ground, newName(), ["nope"], options)).rejects.toThrow(/there is no module nope/);
  await expect(dropTenant(ground, "postgres")).rejects.toThrow(/there is no database "postgres"/);
  await expect(renameTenant(ground, original, "x;y")).rejects.toThrow(/^to: /);
});
