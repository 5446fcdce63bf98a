/**
 * Keeps the change history: triggers that write what each statement has changed, whoever sent it, in its own transaction.
 *
 * There is one entry for each field of each record in a transaction, however many statements have changed it: from the value
 * before the first to the value after the last. A field that is in the end what it was has none.
 */
import { createHash } from "node:crypto";
import type { ColumnField } from "../fields/field.ts";
import { AUDIT_FIELDS } from "../models/audit.ts";
import { HISTORY_MODEL, linksOf } from "../models/history.ts";
import { type LinkedField, type Model, modelOf, type Registry, type StoredField } from "../models/model.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/fragment.ts";
import { HISTORY_REQUEST, HISTORY_USER } from "../sql/history-setting.ts";
import type { Operation } from "./operation.ts";

/** What is kept of a table. */
export interface History {
  /** Name of the function, which tells its content; equal names keep the same. */
  readonly name: string;
  /** The function in PL/pgSQL; empty where it was only found. */
  readonly body: string;
}

/** The trigger that tells that a table is recorded; there is one for each kind of statement. */
export const HISTORY_TRIGGER = "fullfinity_history_update";

const EVENTS: readonly (readonly [event: string, rows: string])[] = [
  ["insert", "NEW TABLE AS new_rows"],
  ["update", "OLD TABLE AS old_rows NEW TABLE AS new_rows"],
  ["delete", "OLD TABLE AS old_rows"],
];

/** The beginning of the transaction, as the column of a record's creation keeps it. */
const NOW = `now()::${(AUDIT_FIELDS.get("created_date") as ColumnField).columnType}`;

/** What stands in the place of a value that is not kept. */
const REDACTED = "'\"***\"'::jsonb";

/** The tables whose changes are kept. */
export function wantedHistory(registry: Registry): ReadonlyMap<string, History> {
  const parts = new Map<string, string[]>();
  const add = (table: string, part: string) => parts.set(table, [...(parts.get(table) ?? []), part]);
  if (!registry.models.has(HISTORY_MODEL)) return new Map();
  const log = quoteIdentifier(modelOf(registry, HISTORY_MODEL).table);
  for (const model of registry.models.values()) {
    const fields = model.tracked.filter((field): field is StoredField => field.kind === "stored");
    if (fields.length > 0) add(model.table, recordPart(log, model, fields));
    for (const field of linksOf(model.tracked)) {
      if (field.relation.link.kind === "through") add(field.relation.link.table, linkPart(log, model, field));
    }
  }
  return new Map([...parts].map(([table, body]) => [table, historyOf(table, functionBody(registry, body))]));
}

function historyOf(table: string, body: string): History {
  const hash = createHash("sha256").update(`${table} ${body}`).digest("hex").slice(0, 16);
  return { name: `fullfinity_history_${hash}`, body };
}

function functionBody(registry: Registry, parts: readonly string[]): string {
  const user = quoteIdentifier(registry.models.get("User")?.table ?? "user");
  // Whoever deletes itself is not there any more; a name that is gone is no reason to refuse the write.
  return `DECLARE
  author record;
  batch text := pg_current_xact_id()::text || '-' || (extract(epoch FROM now()) * 1000000)::bigint::text;
  request text := nullif(current_setting('${HISTORY_REQUEST}', true), '');
BEGIN
  SELECT max(u.id) AS id, max(u.name) AS name INTO author FROM ${user} u
    WHERE u.id = nullif(current_setting('${HISTORY_USER}', true), '')::bigint;
${parts.join("\n")}
  RETURN NULL;
END`;
}

const COLUMNS =
  "model, record, field, operation, old_value, new_value, transaction, request_id, user_id, user_name, create_uid, write_uid";
const COMMON = "batch, request, author.id, author.name, author.id, author.id";

/** Changes of columns. */
function recordPart(log: string, model: Model, fields: readonly StoredField[]): string {
  const name = quoteLiteral(model.name);
  const values = (row: string) =>
    fields.map((field) => `(${quoteLiteral(field.name)}, ${keptValue(field, row)})`).join(", ");
  const changes = fields.map((field) => {
    const column = quoteIdentifier(field.column);
    const changed = `o.${column} IS DISTINCT FROM n.${column}`;
    return `(${quoteLiteral(field.name)}, ${changed}, ${keptValue(field, "o")}, ${keptValue(field, "n")})`;
  });
  const hidden = fields.filter(({ field }) => field.isRedacted).map((field) => quoteLiteral(field.name));
  const isKept = hidden.length === 0 ? "" : ` AND (c.new_value IS NULL OR c.field NOT IN (${hidden.join(", ")}))`;
  return `  IF TG_OP = 'INSERT' THEN
    INSERT INTO ${log} (${COLUMNS})
      SELECT ${name}, n.id, f.name, 'create', NULL, f.value, ${COMMON}
      FROM new_rows n CROSS JOIN LATERAL (VALUES ${values("n")}) f(name, value) WHERE f.value IS NOT NULL;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO ${log} AS c (${COLUMNS})
      SELECT ${name}, n.id, f.name, CASE WHEN n.created_date = ${NOW} THEN 'create' ELSE 'write' END, f.old, f.new, ${COMMON}
      FROM new_rows n JOIN old_rows o ON o.id = n.id
      CROSS JOIN LATERAL (VALUES ${changes.join(", ")}) f(name, changed, old, new) WHERE f.changed
      ON CONFLICT (model, record, field, transaction) DO UPDATE SET new_value = excluded.new_value;
    DELETE FROM ${log} c USING new_rows n WHERE ${sameBatch(name, "n.id")}${isKept};
  ELSE
    INSERT INTO ${log} AS c (${COLUMNS})
      SELECT ${name}, o.id, f.name, 'delete', f.value, NULL, ${COMMON}
      FROM old_rows o CROSS JOIN LATERAL (VALUES ${values("o")}) f(name, value) WHERE f.value IS NOT NULL
      ON CONFLICT (model, record, field, transaction) DO UPDATE SET operation = 'delete', new_value = NULL;
    DELETE FROM ${log} c USING old_rows o WHERE ${sameBatch(name, "o.id")};
  END IF;`;
}

/** Entries of this transaction that have come to nothing. */
function sameBatch(model: string, id: string): string {
  return `c.model = ${model} AND c.record = ${id} AND c.transaction = batch AND c.old_value IS NOT DISTINCT FROM c.new_value`;
}

function keptValue({ field, column }: StoredField, row: string): string {
  const value = `${row}.${quoteIdentifier(column)}`;
  if (field.isRedacted) return `CASE WHEN ${value} IS NOT NULL THEN ${REDACTED} END`;
  return `to_jsonb(${field.wireExpression(value)})`;
}

/** Changes of pairs: the ids that a record is linked to, before and after. */
function linkPart(log: string, model: Model, { name: field, relation: { link } }: LinkedField): string {
  if (link.kind !== "through") throw new Error(`${model.name}.${field} has no pairs`);
  const [table, owner, other] = [link.table, link.source, link.target].map(quoteIdentifier);
  const name = quoteLiteral(model.name);
  const pairs = (rows: string) => `SELECT p.${other} AS id FROM ${rows} p WHERE p.${owner} = r.id`;
  const list = (ids: string) => `(SELECT jsonb_agg(l.id ORDER BY l.id) FROM (${ids}) l)`;
  const now = pairs(table ?? "");
  const write = (rows: string, before: string) => `
    INSERT INTO ${log} AS c (${COLUMNS})
      SELECT ${name}, f.id, ${quoteLiteral(field)},
        CASE WHEN m.id IS NULL THEN 'delete' WHEN m.created_date = ${NOW} THEN 'create' ELSE 'write' END, f.old, f.new, ${COMMON}
      FROM (SELECT r.id, ${list(before)} AS old, ${list(`SELECT DISTINCT id FROM (${now}) d`)} AS new
        FROM (SELECT DISTINCT ${owner} AS id FROM ${rows}) r) f
      LEFT JOIN ${quoteIdentifier(model.table)} m ON m.id = f.id WHERE f.old IS DISTINCT FROM f.new
      ON CONFLICT (model, record, field, transaction) DO UPDATE SET operation = excluded.operation, new_value = excluded.new_value;
    DELETE FROM ${log} c USING ${rows}
      WHERE ${sameBatch(name, `w.${owner}`)} AND c.field = ${quoteLiteral(field)};`;
  return `  IF TG_OP = 'INSERT' THEN${write("new_rows w", `${now} EXCEPT ${pairs("new_rows")}`)}
  ELSIF TG_OP = 'UPDATE' THEN${write("(TABLE old_rows UNION ALL TABLE new_rows) w", `(${now} EXCEPT ${pairs("new_rows")}) UNION ${pairs("old_rows")}`)}
  ELSE${write("old_rows w", `${now} UNION ${pairs("old_rows")}`)}
  END IF;`;
}

/** Begins to keep the changes of a table, or keeps them in another way. */
export function recordHistory(table: string, { name, body }: History): Operation {
  const on = quoteIdentifier(table);
  return {
    kind: "record history",
    table,
    description: `keep the changes of ${table} in the change history`,
    statements: [
      // Rights of the owner, as those who write need not know of the history.
      `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $history$
${body} $history$`,
      ...EVENTS.flatMap(([event, rows]) => [
        `DROP TRIGGER IF EXISTS fullfinity_history_${event} ON ${on}`,
        `CREATE TRIGGER fullfinity_history_${event} AFTER ${event.toUpperCase()} ON ${on} REFERENCING ${rows} FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
      ]),
    ],
  };
}

/** Stops keeping the changes of a table. What has been kept stays. */
export function endHistory(table: string): Operation {
  const on = quoteIdentifier(table);
  return {
    kind: "record history",
    table,
    description: `stop keeping the changes of ${table}`,
    statements: EVENTS.map(([event]) => `DROP TRIGGER IF EXISTS fullfinity_history_${event} ON ${on}`),
  };
}
