/** Removes what nobody refers to any more: attachments of records that are gone, and contents without a name. */
import type { Session } from "../database/session.ts";
import type { FileStore } from "../files/file-store.ts";
import type { Registry } from "../models/model.ts";
import { identifier, joinOrEmpty, type Sql, sql } from "../sql/fragment.ts";

/**
 * Sweeps. Contents that are younger than an hour stay: a record that refers to them may not be saved yet.
 *
 * @param now milliseconds since 1970
 */
export async function sweepFiles(session: Session, registry: Registry, store: FileStore, now: number): Promise<void> {
  await removeOrphans(session, registry);
  await store.removeUnfinished(now);
  for await (const hashes of store.oldHashes(now)) {
    const used = await session.rows<{ hash: string }>(usedHashes(registry, hashes));
    const kept = new Set(used.map(({ hash }) => hash));
    for (const hash of hashes) if (!kept.has(hash)) await store.removeOld(hash, now);
  }
}

/** Attachments whose record has been deleted: nobody sees them since then. */
async function removeOrphans(session: Session, registry: Registry): Promise<void> {
  for (const model of registry.models.values()) {
    const gone = sql`not exists (select from ${identifier(model.table)} o where o.id = a.record)`;
    await session.run(sql`delete from attachment a where a.model = ${model.name} and ${gone}`);
  }
}

/** Those of the hashes that some record refers to: in a File field, or an attachment. */
function usedHashes({ models }: Registry, hashes: readonly string[]): Sql {
  const places = [...models.values()].flatMap(({ table, fields }) =>
    [...fields.values()].flatMap((field) => {
      if (field.kind !== "stored" || field.field.type !== "File") return [];
      const hash = sql`${identifier(field.column)} ->> 'hash'`;
      return [sql`select ${hash} as hash from ${identifier(table)} where ${hash} = any(${hashes})`];
    }),
  );
  return joinOrEmpty([sql`select hash from attachment where hash = any(${hashes})`, ...places], " union ");
}
