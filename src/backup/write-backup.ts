/** Writes a backup: what one snapshot of the database shows, and the contents of its files, in one file that is then checked. */
import { rename, rm, stat } from "node:fs/promises";
import type { ConnectionOptions } from "../database/connection-option.ts";
import { type CopyLine, openCopyLine } from "../database/copy-line.ts";
import type { FileStore } from "../files/file-store.ts";
import { loadShape } from "../schema/introspect.ts";
import { type Shape, shapeOf, type Table } from "../schema/shape.ts";
import { CHANGE_TABLE } from "../sql/change-table.ts";
import { quoteIdentifier, quoteLiteral, raw } from "../sql/fragment.ts";
import { ContainerWriter, readContainer } from "./container.ts";
import { type BackedUpModule, type BackupManifest, plainShape } from "./manifest.ts";

/** What a backup is made of. */
export interface BackupSource {
  readonly name: string;
  readonly connection: ConnectionOptions;
  readonly files: FileStore;
}

/** What has been written. */
export interface WrittenBackup {
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly tables: number;
  readonly rows: number;
  readonly files: number;
}

/**
 * Writes a backup while the database is in use. Under its name the file is there only once it is complete and has been read back.
 *
 * @param path there must be nothing yet
 */
export async function writeBackup(source: BackupSource, path: string): Promise<WrittenBackup> {
  const unfinished = `${path}.unfinished`;
  await rm(unfinished, { force: true });
  try {
    const counts = await writeAll(source, unfinished);
    for await (const { chunks } of readContainer(unfinished)) for await (const _ of chunks);
    await rename(unfinished, path);
    return { path, size: (await stat(path)).size, ...counts };
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function writeAll({ name, connection, files }: BackupSource, path: string) {
  const line = await openCopyLine(connection);
  const writer = new ContainerWriter(path);
  try {
    await line.run(raw("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    const shape = withoutCounts(await loadShape(line));
    const modules = await line.rows<BackedUpModule>(raw("SELECT identifier, version, state FROM module ORDER BY id"));
    const manifest: BackupManifest = { kind: "manifest", database: name, created: new Date().toISOString(), modules };
    await writer.add({ ...manifest }, []);
    await writer.add({ kind: "shape" }, [Buffer.from(JSON.stringify(plainShape(shape)))]);
    let rows = 0;
    for (const table of shape.tables.values()) rows += await writeTable(line, writer, table);
    await line.run(raw("COMMIT"));
    const contents = await writeFiles(writer, files);
    await writer.close();
    return { tables: shape.tables.size, rows, files: contents };
  } catch (error) {
    await writer.abandon();
    throw error;
  } finally {
    await line.close();
  }
}

/** Changes are counted anew in each database. */
function withoutCounts(shape: Shape): Shape {
  return shapeOf(
    [...shape.tables.values()].filter(({ name }) => name !== CHANGE_TABLE),
    shape.search,
  );
}

/** @returns the number of rows */
async function writeTable(line: CopyLine, writer: ContainerWriter, table: Table): Promise<number> {
  const name = quoteIdentifier(table.name);
  // What PostgreSQL calculates by itself takes no values when it is read back.
  const given = [...table.columns.values()].filter(({ generated }) => generated === undefined);
  const columns = given.map((column) => column.name);
  const [found] = await line.rows<{ rows: number }>(raw(`SELECT count(*) AS rows FROM ${name}`));
  const rows = found?.rows ?? 0;
  const identity = await loadIdentity(line, table);
  const header = { kind: "table", table: table.name, columns, rows, identity };
  const list = columns.map(quoteIdentifier).join(", ");
  await writer.add(header, line.read(`COPY ${name} (${list}) TO STDOUT`));
  return rows;
}

/** The last number that was given out, for each column that is numbered. */
async function loadIdentity(line: CopyLine, table: Table): Promise<Record<string, number>> {
  const numbered = [...table.columns.values()].filter(({ identity }) => identity);
  const last: Record<string, number> = {};
  for (const { name } of numbered) {
    const sequence = `pg_get_serial_sequence(${quoteLiteral(quoteIdentifier(table.name))}, ${quoteLiteral(name)})`;
    const [row] = await line.rows<{ last: number | null }>(raw(`SELECT pg_sequence_last_value(${sequence}) AS last`));
    if (row?.last !== null && row?.last !== undefined) last[name] = row.last;
  }
  return last;
}

/** Whatever the snapshot refers to has been kept before it was taken. */
async function writeFiles(writer: ContainerWriter, files: FileStore): Promise<number> {
  let count = 0;
  for await (const hashes of files.oldHashes(Number.POSITIVE_INFINITY)) {
    for (const hash of hashes) {
      const { size, stream } = await files.read(hash);
      await writer.add({ kind: "file", hash, size }, stream);
      count += 1;
    }
  }
  return count;
}
