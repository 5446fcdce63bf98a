/** The database of a run: made on the built-in PostgreSQL or the configured one, filled, and removed again. */
import { randomBytes } from "node:crypto";
import { dropDatabase } from "../src/database/catalog.ts";
import type { ConnectionOptions } from "../src/database/connection-option.ts";
import { withDatabase } from "../src/database/connection-option.ts";
import { Database } from "../src/database/database.ts";
import { CHANGE_TRIGGER } from "../src/schema/change-count.ts";
import { CATEGORIES, COMPANIES, PEOPLE_EACH, PRODUCTS, TAGS } from "./row.ts";

/** A name that no database has yet. */
export function newDatabaseName(): string {
  return `bench_${randomBytes(6).toString("hex")}`;
}

/** The address of a server as one text, also where it listens at a Unix socket. */
export function urlOf({
  url,
  host = "localhost",
  port = 5432,
  user = "postgres",
  database = "postgres",
}: ConnectionOptions) {
  if (url !== undefined) return url;
  const base = `postgresql://${encodeURIComponent(user)}@localhost:${port}/${encodeURIComponent(database)}`;
  return `${base}?host=${encodeURIComponent(host)}`;
}

/** The same address with another database. */
export function urlWithDatabase(url: string, database: string): string {
  const target = new URL(url);
  target.pathname = `/${encodeURIComponent(database)}`;
  return target.href;
}

/** Makes the same tables, indexes, foreign keys and data for the floor, without what our server has added for its own ends. */
async function makeFloor(database: Database): Promise<void> {
  const run = (text: string): Promise<number> => database.run({ text, values: [] });
  await run("create schema floor");
  for (const table of ["category", "product", "contact", "contact_tag", "country"]) {
    // PostgreSQL works out the others itself.
    const [given] = await database.rows<{ columns: string }>({
      text: `select string_agg(quote_ident(column_name), ', ') as columns from information_schema.columns
             where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER'`,
      values: [table],
    });
    const columns = given?.columns ?? "";
    await run(`create table floor.${table} (like public.${table} including all)`);
    await run(
      `insert into floor.${table} (${columns}) overriding system value select ${columns} from public.${table} order by id`,
    );
    await run(`select setval(pg_get_serial_sequence('floor.${table}', 'id'), max(id)) from floor.${table}`);
    await run(
      `alter table floor.${table} add foreign key (create_uid) references public."user", add foreign key (write_uid) references public."user"`,
    );
  }
  await run(
    "alter table floor.product add foreign key (category_id) references floor.category, add foreign key (uom_id) references public.uom",
  );
}

/**
 * Fills the tables that our server has made, and copies them for the floor.
 *
 * @param administrator a connection that may have the server write everything to disk
 * @returns the administrator's id and the version of PostgreSQL
 */
export async function fillDatabase(
  server: ConnectionOptions,
  administrator: ConnectionOptions,
  name: string,
): Promise<{ readonly userId: number; readonly postgres: string }> {
  const database = new Database({
    connection: withDatabase(server, name),
    maxConnections: 1,
    statementTimeout: 120_000,
  });
  const run = (text: string, ...values: number[]): Promise<number> => database.run({ text, values });
  try {
    const [user] = await database.rows<{ id: number }>({ text: `select min(id) as id from "user"`, values: [] });
    const userId = user?.id ?? 0;
    await run(
      "insert into category (id, name, sequence) overriding system value select i, 'Category ' || i, i from generate_series(1, $1::bigint) i",
      CATEGORIES,
    );
    // Names in an order that is not that of the ids, prices all over their range, one product in ten inactive.
    await run(
      `insert into product (id, name, code, description, price, cost, category_id, active, create_uid, write_uid)
       overriding system value
       select i, 'Product ' || lpad(((i * 7919) % 100000)::text, 6, '0'), 'P' || lpad(i::text, 6, '0'),
              'The product with the number ' || i || ' of the price list', (i * 104729 % 99991) / 100.0,
              (i * 104729 % 99991) / 200.0, 1 + i % $2::bigint, i % 10 <> 0, $3::bigint, $3::bigint
       from generate_series(1, $1::bigint) i`,
      PRODUCTS,
      CATEGORIES,
      userId,
    );
    await run(
      `insert into contact (id, name, is_company, city, active) overriding system value
       select i, 'Company ' || lpad(((i * 7919) % 10007)::text, 5, '0'), true, 'City ' || i % 100, true
       from generate_series(1, $1::bigint) i`,
      COMPANIES,
    );
    await run(
      `insert into contact (id, name, is_company, parent_id, email, country_id, active) overriding system value
       select $1::bigint + i, 'Person ' || lpad(((i * 104729) % 99991)::text, 5, '0'), false, 1 + i % $1::bigint,
              'person' || i || '@example.com', (select min(id) from country) + i % 200, true
       from generate_series(1, $1::bigint * $2::bigint) i`,
      COMPANIES,
      PEOPLE_EACH,
    );
    await run(
      "insert into contact_tag (id, name, color) overriding system value select i, 'Tag ' || i, i % 12 from generate_series(1, $1::bigint) i",
      TAGS,
    );
    for (const table of ["category", "product", "contact", "contact_tag"]) {
      await run(`select setval(pg_get_serial_sequence('${table}', 'id'), max(id)) from ${table}`);
    }
    await makeFloor(database);
    await run("vacuum (analyze)");
    await writeToDisk(administrator);
    return { userId, postgres: await loadVersion(database) };
  } finally {
    await database.close();
  }
}

/** Has the server write everything to disk, so that it does not do that while something is measured. */
export async function writeToDisk(administrator: ConnectionOptions): Promise<void> {
  const database = new Database({ connection: administrator, maxConnections: 1, statementTimeout: 120_000 });
  await database.run({ text: "checkpoint", values: [] }).finally(() => database.close());
}

/** The version of PostgreSQL. */
export async function loadVersion(database: Database): Promise<string> {
  const text = "select split_part(current_setting('server_version'), ' ', 1) as version";
  const [row] = await database.rows<{ version: string }>({ text, values: [] });
  return row?.version ?? "";
}

/** Has the changes of products counted, as they are, or not, to see what that costs. */
export async function countChanges(database: Database, counts: boolean): Promise<void> {
  const text = `alter table product ${counts ? "enable always" : "disable"} trigger ${CHANGE_TRIGGER}`;
  await database.run({ text, values: [] });
}

/** Removes the database. */
export async function removeDatabase(server: ConnectionOptions, name: string): Promise<void> {
  const database = new Database({ connection: server, maxConnections: 1 });
  try {
    await dropDatabase(database, name);
  } finally {
    await database.close();
  }
}
