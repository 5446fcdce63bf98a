/** Reads a backup into an empty database and an empty file store. */
import { once } from "node:events";
import { finished } from "node:stream/promises";
import type { ConnectionOptions } from "../database/connection-option.ts";
import { type CopyLine, openCopyLine } from "../database/copy-line.ts";
import { UserError } from "../errors.ts";
import type { FileStore } from "../files/file-store.ts";
import { planSchema } from "../schema/apply.ts";
import type { Operation } from "../schema/operation.ts";
import { quoteIdentifier, quoteLiteral, raw } from "../sql/fragment.ts";
import { readContainer, type Section } from "./container.ts";
import { type BackupManifest, parseShape, type ShapeSection } from "./manifest.ts";

/** Steps that are taken before rows arrive; all others are quicker, or possible only, afterwards. */
const FIRST: ReadonlySet<string> = new Set(["prepare change count", "prepare search", "create table", "comment table"]);

interface TableHeader {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly identity: Readonly<Record<string, number>>;
}

/**
 * Reads a whole backup without doing anything with it.
 *
 * @returns what it says of itself
 * @throws UserError when it is no complete backup
 */
export async function checkBackup(path: string): Promise<BackupManifest> {
  let manifest: BackupManifest | undefined;
  for await (const { header, chunks } of readContainer(path)) {
    if (manifest === undefined && header.kind !== "manifest") throw misplaced();
    manifest ??= header as unknown as BackupManifest;
    for await (const _ of chunks);
  }
  if (manifest === undefined) throw misplaced();
  return manifest;
}

/**
 * Fills an empty database and an empty file store, all of the tables in one transaction.
 *
 * @throws UserError when it is no complete backup
 */
export async function readBackup(path: string, connection: ConnectionOptions, files: FileStore): Promise<void> {
  const line = await openCopyLine(connection);
  let later: readonly Operation[] = [];
  const readers: Readonly<Record<string, (section: Section) => Promise<void>>> = {
    manifest: async ({ chunks }) => {
      for await (const _ of chunks);
    },
    shape: async ({ chunks }) => {
      const parts: Buffer[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      const shape = parseShape(JSON.parse(Buffer.concat(parts).toString()) as ShapeSection);
      const { operations } = await planSchema(line, shape);
      await take(
        line,
        operations.filter(({ kind }) => FIRST.has(kind)),
      );
      later = operations.filter(({ kind }) => !FIRST.has(kind));
    },
    table: (section) => readTable(line, section),
    file: (section) => readFile(files, section),
  };
  try {
    await line.run(raw("BEGIN"));
    for await (const section of readContainer(path)) {
      const read = readers[section.header.kind];
      if (read === undefined) throw misplaced();
      await read(section);
    }
    await take(line, later);
    await line.run(raw("COMMIT"));
    await line.run(raw("ANALYZE"));
  } finally {
    await line.close();
  }
}

async function take(line: CopyLine, operations: readonly Operation[]): Promise<void> {
  for (const statement of operations.flatMap(({ statements }) => statements)) await line.run(raw(statement));
}

async function readTable(line: CopyLine, { header, chunks }: Section): Promise<void> {
  const { table, columns, rows, identity } = header as unknown as TableHeader;
  const name = quoteIdentifier(table);
  const target = line.write(`COPY ${name} (${columns.map(quoteIdentifier).join(", ")}) FROM STDIN`);
  const done = finished(target);
  done.catch(() => {}); // awaited below, after what is written
  for await (const chunk of chunks) {
    if (!target.write(chunk)) await Promise.race([once(target, "drain"), done]);
  }
  target.end();
  await done;
  const [found] = await line.rows<{ rows: number }>(raw(`SELECT count(*) AS rows FROM ${name}`));
  if (found?.rows !== rows) throw new UserError(`the backup says ${rows} rows of ${table}, but has ${found?.rows}`);
  for (const [column, last] of Object.entries(identity)) {
    const sequence = `pg_get_serial_sequence(${quoteLiteral(name)}, ${quoteLiteral(column)})`;
    await line.rows({ text: `SELECT setval(${sequence}, $1::bigint)`, values: [last] });
  }
}

async function readFile(files: FileStore, { header, chunks }: Section): Promise<void> {
  const content = await files.begin();
  for await (const chunk of chunks) await content.write(chunk);
  const { hash } = await content.keep();
  if (hash !== header.hash) throw new UserError(`the backup's file ${header.hash} has another content`);
}

function misplaced(): UserError {
  return new UserError("the file is no usable backup: its sections are not those of a database");
}
