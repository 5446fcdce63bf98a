/** Whatever is asked of records and of what stands behind their relations, the answer is what memory says, and takes one statement. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchRecord, queryRecords } from "../../src/records/read.ts";
import { arbitraryFilterData } from "../fixtures/arbitrary-q.ts";
import { type FieldDescription, type FilterData, type FilterModelName, filterModel } from "../fixtures/filter-data.ts";
import { storeFilterData } from "../fixtures/filter-registry.ts";
import { createGroupDatabase, environmentFor } from "../fixtures/group-reader.ts";
import type { TestDatabase } from "../support/database.ts";

type Row = Readonly<Record<string, unknown>> & { readonly id: number };
type Fields = Map<string, Fields>;

/** What a reader does not see: as a rule, and as memory tells it. */
const readers: readonly {
  readonly rules: Readonly<Record<string, string>>;
  readonly sees: (model: FilterModelName, row: Row) => boolean;
}[] = [
  { rules: {}, sees: () => true },
  {
    rules: { Category: "Q(sequence__gt=1)", Tag: "~Q(id=2)", Line: "Q(product__category__sequence__gt=0)" },
    sees: (model, row) => {
      if (model === "Category") return Number(row.sequence ?? 0) > 1;
      if (model === "Tag") return row.id !== 2;
      if (model !== "Line") return true;
      const product = rowsOf("Product").find(({ id }) => id === row.product);
      const category = rowsOf("Category").find(({ id }) => id === product?.category);
      return Number(category?.sequence ?? 0) > 0;
    },
  },
];

let made: TestDatabase;
let data: FilterData;
beforeAll(async () => {
  made = await createGroupDatabase();
});
afterAll(() => made.drop());

const rowsOf = (model: FilterModelName): readonly Row[] => data[model];

const paths = fc.array(
  fc.array(fc.nat(1000), { minLength: 1, maxLength: 4 }).map((steps) => steps),
  { minLength: 1, maxLength: 5 },
);

/** A path that these numbers lead along: it ends where there is no relation to go on by. */
function pathOf(start: FilterModelName, steps: readonly number[]): string[] {
  const path: string[] = [];
  let model: FilterModelName | null = start;
  for (const step of steps) {
    if (model === null) break;
    const fields: readonly (readonly [string, FieldDescription])[] = Object.entries(filterModel[model]);
    const [name, field] = fields[step % fields.length] as readonly [string, FieldDescription];
    path.push(name);
    model = "model" in field ? (field.model as FilterModelName) : null;
  }
  return path;
}

/** The fields of all levels, with the names of records that are reached and not only passed through as lists. */
function fieldsOf(start: FilterModelName, all: readonly (readonly string[])[]): Fields {
  const root: Fields = new Map([["id", new Map()]]);
  for (const path of all) {
    let [at, model]: [Fields, FilterModelName] = [root, start];
    for (const [index, name] of path.entries()) {
      const field = (filterModel[model] as Readonly<Record<string, FieldDescription>>)[name] as FieldDescription;
      const next = at.get(name) ?? new Map();
      at.set(name, next);
      if (!("model" in field)) break;
      if (!next.has("id")) next.set("id", new Map());
      if (field.kind === "to-one" || index === path.length - 1) next.set("display_name", new Map());
      [at, model] = [next, field.model as FilterModelName];
    }
  }
  return root;
}

const nameFields = { Category: "name", Product: "name", Line: "note", Tag: "name" } as const;

/** Links from one model to many records of another. */
const many: Readonly<Record<string, (row: Row) => readonly Row[]>> = {
  "Category.children": ({ id }) => rowsOf("Category").filter(({ parent }) => parent === id),
  "Category.products": ({ id }) => inOrder(rowsOf("Product").filter(({ category }) => category === id)),
  "Product.lines": ({ id }) => rowsOf("Line").filter(({ product }) => product === id),
  "Product.tags": ({ tags }) => rowsOf("Tag").filter(({ id }) => (tags as readonly number[]).includes(id)),
  "Tag.products": ({ id }) => inOrder(rowsOf("Product").filter(({ tags }) => (tags as number[]).includes(id))),
};

const { compare } = new Intl.Collator("und");

/** Products stand in the order of their names, as Unicode sorts them; those without one come last. */
function inOrder(rows: readonly Row[]): readonly Row[] {
  const bytes = ({ name }: Row) => Buffer.from(String(name));
  return rows.toSorted((a, b) => {
    if (a.name === null || b.name === null) return Number(a.name === null) - Number(b.name === null) || a.id - b.id;
    return compare(String(a.name), String(b.name)) || Buffer.compare(bytes(a), bytes(b)) || a.id - b.id;
  });
}

function printed(model: FilterModelName, row: Row, fields: Fields, sees: (typeof readers)[number]["sees"]): object {
  const members = [...fields].map(([name, nested]): [string, unknown] => {
    if (name === "display_name") return [name, row[nameFields[model]] || `#${row.id}`];
    const field = (filterModel[model] as Readonly<Record<string, FieldDescription>>)[name] as FieldDescription;
    const value = row[name] ?? null;
    if (field.kind === "decimal") return [name, value === null ? null : Number(value)];
    if (!("model" in field)) return [name, value];
    const target = field.model as FilterModelName;
    const print = (each: Row) => printed(target, each, nested, sees);
    if (field.kind === "to-one") {
      const found = rowsOf(target).find((each) => each.id === value && sees(target, each));
      return [name, found === undefined ? null : print(found)];
    }
    const found = many[`${model}.${name}`]?.(row) ?? [];
    return [name, found.filter((each) => sees(target, each)).map(print)];
  });
  return Object.fromEntries(members);
}

test("nested reads are what memory says", { timeout: 60_000 }, async () => {
  const models = Object.keys(filterModel) as FilterModelName[];
  let nested = 0;
  await fc.assert(
    fc.asyncProperty(
      arbitraryFilterData,
      fc.array(fc.tuple(fc.constantFrom(...models), paths, fc.nat(readers.length - 1)), { minLength: 6, maxLength: 6 }),
      // Of pages of many records, those behind them are found in another way.
      fc.oneof(fc.nat(4), fc.constantFrom(100, 101, 5000)),
      async (stored, requests, limit) => {
        data = stored;
        await storeFilterData(made.database, stored);
        for (const [model, steps, index] of requests) {
          const { rules, sees } = readers[index] as (typeof readers)[number];
          const env = environmentFor(made, { rules });
          const all = steps.map((each) => pathOf(model, each));
          const fields = all.map((path) => path.join("."));
          const expected = rowsOf(model)
            .filter((row) => sees(model, row))
            .map((row) => printed(model, row, fieldsOf(model, all), sees));
          made.statements.clear();
          const page = await queryRecords(env, model, { fields, order_by: ["id"], limit });
          expect({ fields, data: JSON.parse(page.data.toString()) }).toEqual({
            fields,
            data: expected.slice(0, limit),
          });
          expect(page.total).toBe(expected.length);
          expect(made.statements.count).toBe(1);
          for (const each of (expected as { id: number }[]).slice(0, 4)) {
            made.statements.clear();
            expect(JSON.parse((await fetchRecord(env, model, each.id, { fields })).data.toString())).toEqual(each);
            expect(made.statements.count).toBe(1);
          }
          nested += all.filter((path) => path.length > 1).length;
        }
      },
    ),
    { numRuns: 40 },
  );
  expect(nested).toBeGreaterThan(100);
});
