/** Remembers which record an entry of a data file has become. */
import type { Session } from "../database/session.ts";

/** The record of an entry. */
export interface KnownRecord {
  readonly model: string;
  readonly record: number;
}

/** Qualified identifier -> record. Reads once, and writes all that is new at one go. */
export class IdentifierIndex {
  readonly #known: Map<string, KnownRecord>;
  readonly #added = new Map<string, KnownRecord & { readonly applyOnce: boolean }>();

  private constructor(known: Map<string, KnownRecord>) {
    this.#known = known;
  }

  /** Loads what a database remembers. */
  static async load(session: Session): Promise<IdentifierIndex> {
    const rows = await session.rows<KnownRecord & { identifier: string }>({
      text: "SELECT identifier, model, record FROM data_identifier",
      values: [],
    });
    return new IdentifierIndex(new Map(rows.map(({ identifier, model, record }) => [identifier, { model, record }])));
  }

  get(identifier: string): KnownRecord | undefined {
    return this.#known.get(identifier);
  }

  /** Remembers a new record; {@link save} makes that permanent. */
  add(identifier: string, record: KnownRecord, applyOnce: boolean): void {
    this.#known.set(identifier, record);
    this.#added.set(identifier, { ...record, applyOnce });
  }

  /** Writes what has been added. */
  async save(session: Session): Promise<void> {
    if (this.#added.size === 0) return;
    const identifiers = [...this.#added.keys()];
    const records = [...this.#added.values()];
    await session.run({
      text: `INSERT INTO data_identifier (identifier, module, model, record, apply_once)
SELECT identifier, split_part(identifier, '.', 1), model, record, apply_once
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[]) AS added(identifier, model, record, apply_once)
ON CONFLICT (identifier) DO UPDATE
SET model = excluded.model, record = excluded.record, apply_once = excluded.apply_once, updated_date = now()`,
      values: [
        identifiers,
        records.map(({ model }) => model),
        records.map(({ record }) => record),
        records.map(({ applyOnce }) => applyOnce),
      ],
    });
    this.#added.clear();
  }
}
