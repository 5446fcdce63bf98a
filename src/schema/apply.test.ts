/** Schema changes on a real database: what is printed in other words, what data stops, what others do at the same time. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import type { Database } from "../database/database.ts";
import { ValidationError } from "../errors.ts";
import { quoteIdentifier, raw } from "../sql/fragment.ts";
import { applyPlan, planSchema, SCHEMA_LOCK } from "./apply.ts";
import { loadShape } from "./introspect.ts";
import {
  category,
  check,
  code,
  column,
  foreign,
  id,
  index,
  price,
  primary,
  product,
  unique,
} from "./product-fixture.ts";
import { type Column, shapeOf, type Table, tableOf } from "./shape.ts";

let test: TestDatabase;
let database: Database;
let schema: string;
let schemas = 0;

beforeAll(async () => {
  test = await createTestDatabase();
  database = test.database;
});

afterAll(() => test.drop());

beforeEach(async () => {
  schema = `schema_${++schemas}`;
  await run(`CREATE SCHEMA ${schema}`);
});

const run = (text: string) => database.run(raw(text));
const rows = <Row extends object>(text: string) => database.rows<Row>(raw(text));
const apply = (...tables: Table[]) => applyPlan(database, shapeOf(tables), { schema });
const plan = (...tables: Table[]) => planSchema(database, shapeOf(tables), { schema });
const idle = { operations: [], refusals: [], unused: [] };
const categories = tableOf("category", {
  columns: [id],
  constraints: [{ ...primary, name: "category_pkey" }],
});

/** Runs a statement about the tables of the current schema, each written as `@name`. */
const change = (text: string) => run(text.replaceAll("@", `${schema}.`));

/** The words of the error that an application ends with. */
async function refusal(...tables: Table[]): Promise<string> {
  const error = await apply(...tables).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ValidationError);
  return (error as ValidationError).message;
}

describe("what PostgreSQL prints in other words is recognised", () => {
  const defaults: [type: string, written: string][] = [
    ["boolean", "true"],
    ["boolean", "'t'"],
    ["integer", "0"],
    ["integer", "-1"],
    ["integer", "-0"],
    ["integer", "007"],
    ["integer", "1+1"],
    ["bigint", "3000000000"],
    ["bigint", "'5'"],
    ["numeric", "1e3"],
    ["numeric(12,2)", "-0.50"],
    ["double precision", "0.5"],
    ["text", "'draft'"],
    ["text", "'it''s \"quoted\"'"],
    ["text", "E'back\\\\slash'"],
    ["text", "'back\\slash'"],
    ["text", "E'two\\nlines'"],
    ["text", "'a'||'b'"],
    ["text", "gen_random_uuid()"],
    ["character varying(64)", "'draft'"],
    ["date", "current_date"],
    ["date", "'2020-01-01'"],
    ["timestamp(3) with time zone", "now()"],
    ["timestamp(3) with time zone", "current_timestamp"],
    ["timestamp(3) with time zone", "'2020-01-01 00:00Z'"],
    ["jsonb", "'{}'"],
    ["jsonb", `'{"a":[1]}'::jsonb`],
    ["bytea", "'\\x00ff'"],
  ];
  it("defaults", async () => {
    const columns = defaults.map(([type, written], at) => column(`c${at}`, type, { default: written }));
    await apply(product(columns));
    expect(await plan(product(columns))).toEqual(idle);
    await change("INSERT INTO @product DEFAULT VALUES");
  });

  it("defaults that come later", async () => {
    const columns = defaults.map(([type], at) => column(`c${at}`, type));
    const wanted = defaults.map(([type, written], at) => column(`c${at}`, type, { default: written }));
    await apply(product(columns));
    await apply(product(wanted));
    expect(await plan(product(wanted))).toEqual(idle);
    await apply(product(columns));
    expect(await plan(product(columns))).toEqual(idle);
    await apply(product(wanted.map((each) => ({ ...each, notNull: true }))));
    expect(await plan(product(wanted.map((each) => ({ ...each, notNull: true }))))).toEqual(idle);
  });

  it.each(["price>0", "price IN (1,2)", `"code"~'^[a-z]+\\d$' OR code='it''s'`, "length(code)  BETWEEN 1 AND 5"])(
    "check %s",
    async (expression) => {
      const wanted = product([code, price], [check(expression)]);
      await apply(wanted);
      expect(await plan(wanted)).toEqual(idle);
    },
  );

  it.each([
    index(),
    index({ keys: ['"code"', '"price"'] }),
    index({ unique: true, keys: ['lower("code")'] }),
    index({ keys: ['"code" DESC'] }),
    index({ keys: ['"code" text_pattern_ops'] }),
    index({ unique: true, where: "price>0" }),
    index({ method: "gin", keys: [`to_tsvector('simple',"code")`] }),
    index({ method: "gin", keys: ['"data"'] }),
    index({ method: "gin", keys: ['"data" jsonb_path_ops'] }),
  ])("index %j", async (wanted) => {
    const table = product([code, price, column("data", "jsonb")], [], [wanted]);
    await apply(table);
    expect(await plan(table)).toEqual(idle);
  });

  it("types, exactly as they are declared", async () => {
    const types = [...new Set(defaults.map(([type]) => type))].sort();
    await apply(product(types.map((type, at) => column(`c${at}`, type))));
    const found = (await loadShape(database, schema)).tables.get("product")?.columns.values() ?? [];
    expect([...found].map(({ type }) => type)).toEqual(["bigint", ...types]);
  });
});

describe("what was changed by hand is brought back", () => {
  const wanted = product(
    [column("code", "text", { default: "'x'" }), price, category],
    [check("price > 0"), foreign()],
    [index({ keys: ['lower("code")'] }), index({ name: "product__price_idx", keys: ['"price"'] })],
  );
  it.each([
    ["ALTER TABLE @product ALTER code SET DEFAULT 'y'", "default of product.code: 'y'::text -> 'x'"],
    ["ALTER TABLE @product ALTER code DROP DEFAULT", "default of product.code: none -> 'x'"],
    [
      "DROP INDEX @product__code_idx; CREATE INDEX product__code_idx ON @product (code)",
      'change index product (code) => index product (lower("code"))',
    ],
    [
      "DROP INDEX @product__price_idx; CREATE INDEX product__price_idx ON @product (price DESC)",
      expect.stringMatching(/^change index product \(CREATE INDEX .* DESC\)\) => index product \(price\)$/),
    ],
    [
      "COMMENT ON INDEX @product__code_idx IS 'declared as: nonsense'",
      expect.stringMatching(/^change index .* => index product \(lower\("code"\)\)$/),
    ],
    [
      "ALTER TABLE @product DROP CONSTRAINT product__price_check, ADD CONSTRAINT product__price_check CHECK (price > 1)",
      "change check product: (price > (1)::numeric) => check product: price > 0",
    ],
    [
      "ALTER TABLE @product DROP CONSTRAINT product__category_fkey, ADD CONSTRAINT product__category_fkey FOREIGN KEY (category) REFERENCES @category",
      expect.stringMatching(/on delete NO ACTION => .* on delete RESTRICT$/),
    ],
  ])("%s", async (byHand, description) => {
    await apply(categories, wanted);
    for (const statement of byHand.split("; ")) await change(statement);
    const { operations } = await apply(categories, wanted);
    expect(operations.map((operation) => operation.description)).toEqual([description]);
    expect(await plan(categories, wanted)).toEqual(idle);
  });
});

describe("existing rows", () => {
  it("keep their values when a type gets wider, and are filled when a column comes", async () => {
    await apply(product([column("code", "character varying(5)"), column("price", "integer")]));
    await change("INSERT INTO @product (code, price) VALUES ('a', 1), ('b', 2)");
    const filled = (name: string, fill: string): Column => column(name, "text", { notNull: true, fill });
    const wanted = product([
      code,
      price,
      filled("constant", "'x'"),
      filled("calculated", `"code" || '!'`),
      column("defaulted", "integer", { notNull: true, default: "7" }),
      column("both", "integer", { notNull: true, default: "8", fill: "9" }),
      column("empty", "date"),
    ]);
    await apply(wanted);
    await change("INSERT INTO @product (code, constant, calculated) VALUES ('c', '', '')");
    expect(await rows(`SELECT * FROM ${schema}.product ORDER BY id`)).toEqual([
      { id: 1, code: "a", price: "1", constant: "x", calculated: "a!", defaulted: 7, both: 9, empty: null },
      { id: 2, code: "b", price: "2", constant: "x", calculated: "b!", defaulted: 7, both: 9, empty: null },
      { id: 3, code: "c", price: null, constant: "", calculated: "", defaulted: 7, both: 8, empty: null },
    ]);
    expect(await plan(wanted)).toEqual(idle);
  });

  it("stop what they break, all of it named at once, and nothing is changed", async () => {
    const before = product([code, price, category]);
    await apply(categories, before);
    await change(
      "INSERT INTO @product (code, price, category) VALUES ('a', 0, 8), ('a', 1, 9), ('A', null, null), (null, 5, null)",
    );
    const message = await refusal(
      categories,
      product(
        [code, column("price", "numeric", { notNull: true }), category, column("label", "text", { notNull: true })],
        [unique, check("price > 0"), foreign()],
        [
          index({ unique: true, keys: ['lower("code")'] }),
          index({ name: "product__part_idx", unique: true, where: "price > 5" }),
        ],
      ),
    );
    expect(message.split("; ")).toEqual([
      "product.price: cannot be required, there is no value in 1 row",
      "product.label: cannot be required, there is no value in 4 rows",
      "product.code: cannot be unique, there is the same value in 2 rows",
      "product: cannot be added, it is false in 1 row: price > 0",
      "product.category: cannot refer to category, it has no record for the value in 2 rows",
      'product (lower("code")): cannot be unique, there is the same value in 3 rows',
    ]);
    expect(await plan(categories, before)).toEqual(idle);
  });

  it("of columns that nothing declares stay, and inserts go on without them", async () => {
    await apply(product([column("old", "text", { notNull: true })]));
    await change("INSERT INTO @product (old) VALUES ('kept')");
    await apply(product([]));
    await change("INSERT INTO @product DEFAULT VALUES");
    expect(await rows(`SELECT old FROM ${schema}.product ORDER BY id`)).toEqual([{ old: "kept" }, { old: null }]);
    expect(await plan(product([]))).toEqual({ ...idle, unused: ["product.old"] });
  });

  it("of tables that nothing declares stay", async () => {
    await apply(categories, product([]));
    await change("INSERT INTO @product DEFAULT VALUES");
    expect(await apply(categories)).toEqual({ operations: [], unused: ["product"] });
    expect(await rows(`SELECT id FROM ${schema}.product`)).toEqual([{ id: 1 }]);
  });
});

it("names every change that could lose data, and makes none of the others", async () => {
  const before = product([code, price]);
  await apply(before);
  const message = await refusal(categories, product([column("code", "integer"), column("price", "integer"), category]));
  expect(message).toBe(
    "product.code: text -> integer could lose data; it needs a ledger step; " +
      "product.price: numeric -> integer could lose data; it needs a ledger step",
  );
  expect(await plan(before)).toEqual(idle);
});

it("lets one of several processes do the work", async () => {
  const wanted = [categories, product([code, category], [unique, foreign()], [index()])];
  const plans = await Promise.all([1, 2, 3].map(() => apply(...wanted)));
  expect(plans.map(({ operations }) => operations.length).sort()).toEqual([0, 0, 4]);
  expect(await plan(...wanted)).toEqual(idle);
});

it("asks one question and waits for nobody when there is nothing to do", async () => {
  const wanted = product([code]);
  await apply(wanted);
  await database.transaction(async (session) => {
    await session.run(raw(`SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`));
    const { result, texts } = await test.statements.during(() => apply(wanted));
    expect(result).toEqual({ operations: [], unused: [] });
    expect(texts).toHaveLength(1);
  });
});

it("takes names that need quoting", async () => {
  const odd = 'Odd "name" \\ é';
  const wanted = tableOf(odd, {
    columns: [id, column(odd, "text", { default: "'a'||'b'" })],
    constraints: [
      { kind: "primary", name: `${odd}_pkey`, columns: ["id"] },
      { kind: "unique", name: `${odd}_key`, columns: [odd] },
      { kind: "check", name: `${odd}_check`, expression: `length(${quoteIdentifier(odd)})>1` },
    ],
    indexes: [index({ name: `${odd}_idx`, keys: [quoteIdentifier(odd)] })],
    comment: odd,
  });
  await apply(wanted);
  expect(await plan(wanted)).toEqual(idle);
});
