/** Random sets of models that grow: the database ends with exactly the tables that are declared, and no row is lost. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import type { Database } from "../database/database.ts";
import { quoteIdentifier, raw } from "../sql/fragment.ts";
import { applyPlan, planSchema } from "./apply.ts";
import { canonicalDefault } from "./expression.ts";
import { loadShape } from "./introspect.ts";
import { constraintName } from "./name.ts";
import { type Column, type Constraint, type Index, type Shape, shapeOf, type Table, tableOf } from "./shape.ts";

interface Kind {
  /** The type, and the types that it may grow to. */
  readonly types: readonly string[];
  readonly defaults: readonly string[];
  /** An SQL value for a row; different for every row when the kind can be unique. */
  readonly sample: (row: number) => string;
  readonly canBeUnique?: boolean;
  readonly indexes: readonly ((column: string) => Pick<Index, "method" | "keys" | "where">)[];
}

const plain = (column: string) => ({ method: "btree", keys: [column] });
const gin = (column: string) => ({ method: "gin", keys: [column] });
const lower = (column: string) => ({ method: "btree", keys: [`lower(${column})`, "id"] });
const present = (column: string) => ({ method: "btree", keys: ['"id"'], where: `${column} is not null` });

const KINDS: readonly Kind[] = [
  {
    types: ["character varying(8)", "character varying(40)", "text"],
    defaults: ["''", "'it''s'", "upper('x')"],
    sample: (row) => `'text ${row}'`,
    canBeUnique: true,
    indexes: [plain, lower, present],
  },
  {
    types: ["integer", "bigint", "numeric"],
    defaults: ["0", "-5", "1+1"],
    sample: String,
    canBeUnique: true,
    indexes: [plain, present],
  },
  {
    types: ["numeric(12,2)", "numeric(14,4)", "numeric"],
    defaults: ["0.50", "-1", "1e3"],
    sample: (row) => `${row}.25`,
    indexes: [plain],
  },
  {
    types: ["boolean"],
    defaults: ["true", "FALSE"],
    sample: (row) => String(row % 2 === 0),
    indexes: [plain, present],
  },
  { types: ["double precision"], defaults: ["0.1", "random()"], sample: (row) => `${row}.125`, indexes: [plain] },
  { types: ["date"], defaults: ["current_date", "'2020-02-29'"], sample: () => "'2024-05-06'", indexes: [plain] },
  {
    types: ["timestamp(3) with time zone", "timestamp with time zone"],
    defaults: ["now()"],
    sample: () => "'2024-05-06 07:08:09.123Z'",
    indexes: [plain],
  },
  { types: ["jsonb"], defaults: ["'{}'", `'{"a":[1]}'::jsonb`], sample: (row) => `'{"row": ${row}}'`, indexes: [gin] },
  { types: ["bytea"], defaults: ["'\\x00'"], sample: () => "'\\xff'", indexes: [] },
];

const ACTIONS = ["CASCADE", "SET NULL", "RESTRICT"] as const;

/** A value before and after; -1 stands for none. */
const pair = (max: number) => fc.tuple(fc.integer({ min: -1, max }), fc.integer({ min: -1, max }));
const flags = fc.tuple(fc.boolean(), fc.boolean());

const columnPlan = fc.record({
  since: fc.constantFrom(0, 1),
  kind: fc.nat(KINDS.length - 1),
  width: fc.tuple(fc.nat(2), fc.nat(2)),
  default: pair(2),
  required: flags,
  unique: flags,
  index: pair(2),
  uniqueIndex: flags,
});
const keyPlan = fc.record({
  since: fc.constantFrom(0, 1),
  target: fc.nat(9),
  action: fc.tuple(fc.nat(2), fc.nat(2)),
  deferrable: flags,
});
const tablePlan = fc.record({
  since: fc.constantFrom(0, 0, 1),
  columns: fc.array(columnPlan, { maxLength: 5 }),
  keys: fc.array(keyPlan, { maxLength: 2 }),
  check: pair(1),
  comment: fc.boolean(),
});
const growth = fc.array(tablePlan, { minLength: 1, maxLength: 4 });

type ColumnPlan = typeof columnPlan extends fc.Arbitrary<infer T> ? T : never;
type TablePlan = typeof tablePlan extends fc.Arbitrary<infer T> ? T : never;
type Version = 0 | 1;

const CHECKS = ["id>0", "id between 1 and 1000000"];

function shapeAt(version: Version, plans: readonly TablePlan[]): Shape {
  const since = (born: number) => born <= version;
  const target = (wanted: number) =>
    plans.findIndex((_, at) => at === wanted % plans.length && since(plans[at]?.since ?? 0));
  const tables = plans.flatMap((plan, at): Table[] => {
    if (!since(plan.since)) return [];
    const table = `table_${at}`;
    const columns: Column[] = [{ name: "id", type: "bigint", notNull: true, default: null, identity: true }];
    const constraints: Constraint[] = [
      { kind: "primary", name: constraintName(table, ["id"], "pkey"), columns: ["id"] },
    ];
    const indexes: Index[] = [];
    plan.columns.forEach((columnPlan, position) => {
      if (!since(columnPlan.since)) return;
      const column = columnAt(version, columnPlan, `column_${position}`);
      columns.push(column);
      if (isUniqueAt(version, columnPlan)) {
        constraints.push({ kind: "unique", name: constraintName(table, [column.name], "key"), columns: [column.name] });
      }
      const index = indexAt(version, columnPlan, column.name);
      if (index !== undefined)
        indexes.push({ name: constraintName(table, [column.name], "idx"), unique: false, ...index });
    });
    plan.keys.forEach((key, position) => {
      const to = target(key.target);
      if (!since(key.since) || to === -1) return;
      const name = `key_${position}`;
      columns.push({ name, type: "bigint", notNull: false, default: null, identity: false });
      constraints.push({
        kind: "foreign",
        name: constraintName(table, [name], "fkey"),
        columns: [name],
        references: { table: `table_${to}`, columns: ["id"] },
        onDelete: ACTIONS[key.action[version]] ?? "RESTRICT",
        deferrable: key.deferrable[version],
      });
    });
    const expression = CHECKS[plan.check[version]];
    if (expression !== undefined) {
      constraints.push({ kind: "check", name: constraintName(table, ["id"], "check"), expression });
    }
    const comment = plan.comment ? `Version ${version} of it` : undefined;
    return [tableOf(table, { columns, constraints, indexes, comment })];
  });
  return shapeOf(tables);
}

function columnAt(version: Version, plan: ColumnPlan, name: string): Column {
  const kind = kindOf(plan);
  const width = version === 0 ? Math.min(...plan.width) : Math.max(...plan.width);
  const notNull = plan.required[version];
  return {
    name,
    type: kind.types[Math.min(width, kind.types.length - 1)] ?? "text",
    notNull,
    default: kind.defaults[plan.default[version]] ?? null,
    identity: false,
    ...(notNull ? { fill: kind.sample(1) } : {}),
  };
}

/** Only where rows differ: columns of old tables that come later are filled with one value when they are required. */
function isUniqueAt(version: Version, plan: ColumnPlan): boolean {
  const defaults = plan.default.some((choice) => choice !== -1);
  return (
    plan.unique[version] && kindOf(plan).canBeUnique === true && !defaults && !(plan.since === 1 && plan.required[1])
  );
}

/** Plain indexes are never dropped, so one that was there stays in the later version. */
function indexAt(version: Version, plan: ColumnPlan, column: string) {
  const choices = kindOf(plan).indexes;
  const [first, second] = plan.index.map((choice) => choices[choice]);
  const index = version === 0 || second === undefined ? first : second;
  return index?.(quoteIdentifier(column));
}

function kindOf(plan: ColumnPlan): Kind {
  const kind = KINDS[plan.kind];
  if (kind === undefined) throw new Error(`no kind ${plan.kind}`);
  return kind;
}

/** What two shapes are compared by: the same definition in different words is the same. */
function comparable({ tables }: Shape) {
  const sorted = <Part extends object>(parts: ReadonlyMap<string, Part>) =>
    Object.fromEntries([...parts].sort(([left], [right]) => (left < right ? -1 : 1)));
  return [...tables.values()].map((table) => ({
    name: table.name,
    comment: table.comment,
    constraints: sorted(table.constraints),
    indexes: sorted(table.indexes),
    columns: [...table.columns.values()]
      .map(({ fill: _fill, ...column }) => ({
        ...column,
        default: column.default === null ? null : (canonicalDefault(column.type, column.default) ?? column.default),
      }))
      .sort((left, right) => (left.name < right.name ? -1 : 1)),
  }));
}

let test: TestDatabase;
let database: Database;
let schemas = 0;

beforeAll(async () => {
  test = await createTestDatabase();
  database = test.database;
});

afterAll(() => test.drop());

const run = (text: string) => database.run(raw(text));

/** Fills three rows per table; keys are set when all tables have theirs, so circles do no harm. */
async function insertRows(schema: string, { tables }: Shape, plans: readonly TablePlan[]): Promise<void> {
  for (const [name, table] of tables) {
    const plan = plans[Number(name.replace("table_", ""))];
    const given = [...table.columns.values()].filter(
      (column) => column.name.startsWith("column_") && column.default === null,
    );
    for (const row of [1, 2, 3]) {
      const values = given.map((column) => {
        const columnPlan = plan?.columns[Number(column.name.replace("column_", ""))];
        return columnPlan === undefined ? "NULL" : kindOf(columnPlan).sample(row);
      });
      const names = given.map((column) => quoteIdentifier(column.name));
      await run(
        given.length === 0
          ? `INSERT INTO ${schema}.${name} DEFAULT VALUES`
          : `INSERT INTO ${schema}.${name} (${names.join(", ")}) VALUES (${values.join(", ")})`,
      );
    }
  }
  for (const [name, table] of tables) {
    const keys = [...table.columns.keys()].filter((column) => column.startsWith("key_"));
    if (keys.length > 0)
      await run(`UPDATE ${schema}.${name} SET ${keys.map((key) => `${key} = 2`).join(", ")} WHERE id > 1`);
  }
}

/** All rows of the columns of `shape`, with every value as text so that a wider type looks the same. */
async function readRows(schema: string, { tables }: Shape): Promise<unknown> {
  const contents: Record<string, object[]> = {};
  for (const [name, table] of tables) {
    const columns = [...table.columns.values()].map((column) => {
      const text = /^numeric/.test(column.type) ? `trim_scale(${column.name})::text` : `${column.name}::text`;
      return `${text} AS ${column.name}`;
    });
    contents[name] = await database.rows<object>(
      raw(`SELECT ${columns.join(", ")} FROM ${schema}.${name} ORDER BY id`),
    );
  }
  return contents;
}

it("leaves exactly the declared tables and every row, whatever grows", async () => {
  await fc.assert(
    fc.asyncProperty(growth, async (plans) => {
      const schema = `growth_${++schemas}`;
      await run(`CREATE SCHEMA ${schema}`);
      const [before, after] = [shapeAt(0, plans), shapeAt(1, plans)];

      await applyPlan(database, before, { schema });
      expect(comparable(await loadShape(database, schema))).toEqual(comparable(before));
      await insertRows(schema, before, plans);
      const rows = await readRows(schema, before);

      await applyPlan(database, after, { schema });
      expect(comparable(await loadShape(database, schema))).toEqual(comparable(after));
      expect(await planSchema(database, after, { schema })).toEqual({ operations: [], refusals: [], unused: [] });
      expect(await readRows(schema, before)).toEqual(rows);
    }),
    { numRuns: 40 },
  );
});
