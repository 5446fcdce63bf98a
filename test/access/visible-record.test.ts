/** For any rights, rules, data and filter: the answer is that of the same filter over what the user may see. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import core from "../../modules/core/module.ts";
import { MissingError, ValidationError } from "../../src/errors.ts";
import { composeRegistry } from "../../src/models/compose.ts";
import { type EvaluationRecord, evaluateQ } from "../../src/q/evaluate.ts";
import { formatQ } from "../../src/q/format.ts";
import { parseQ } from "../../src/q/parse-text.ts";
import type { Q } from "../../src/q/tree.ts";
import type { Environment } from "../../src/records/environment.ts";
import { fetchRecord, queryRecords } from "../../src/records/read.ts";
import { type AccessData, storeAccessData, storeCompanies } from "../fixtures/access-data.ts";
import { arbitraryFilterData, arbitraryQ } from "../fixtures/arbitrary-q.ts";
import {
  evaluationContext,
  type FilterData,
  type FilterModelName,
  filterModel,
  filterSession,
  linkedRecords,
  type ModelDescription,
} from "../fixtures/filter-data.ts";
import { createFilterTables, filterModule, storeFilterData } from "../fixtures/filter-registry.ts";
import { environmentOf } from "../fixtures/user-environment.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const registry = composeRegistry([{ identifier: "core", ...core }, filterModule]);
const models = Object.keys(filterModel) as FilterModelName[];
const model = fc.constantFrom(...models);
const groupId = fc.integer({ min: 1, max: 4 });
const someGroups = fc.uniqueArray(groupId, { maxLength: 2 });

let made: TestDatabase;
beforeAll(async () => {
  made = await createTestDatabase();
  await createFilterTables(made.database, registry);
  await storeCompanies(made.database);
});
afterAll(() => made.drop());

type Rule = NonNullable<AccessData["rules"]>[number];

/** Rules that nobody can meet, because nobody can understand them. */
const broken = ["", "Q(", "Q(nothing=1)", "Q(name__gt=1, id=cids)", "Q(create_uid='nobody')"];

const rule: fc.Arbitrary<Rule> = model.chain((name) =>
  fc.record({
    model: fc.constant(name as string),
    rule: fc.oneof(
      { weight: 30, arbitrary: arbitraryQ(filterModel, name).map(formatQ) },
      { weight: 1, arbitrary: fc.constantFrom(...broken) },
    ),
    groups: someGroups,
    on: fc.constantFrom("r", "rcwd", "r", "rcwd", "cwd"),
  }),
);

const rights: fc.Arbitrary<AccessData> = fc.record({
  users: someGroups.map((groups) => [{ id: 1, groups: [...new Set([...groups, 1])] }]),
  groups: fc
    .tuple(someGroups, someGroups, someGroups, someGroups)
    .map((implied) => implied.map((implies, index) => ({ id: index + 1, implies }))),
  // Most models are open in most runs, so that there is something for the rules to hide.
  access: fc
    .array(
      fc.record({ model: fc.oneof(model, fc.constant("*")), group: groupId, can: fc.constantFrom("r", "rw", "cwd") }),
      {
        maxLength: 2,
      },
    )
    .chain((some) =>
      fc
        .subarray(models, { minLength: 2 })
        .map((open) => [...some, ...open.map((name) => ({ model: name as string, group: 1, can: "r" }))]),
    ),
  rules: fc.array(rule, { minLength: 1, maxLength: 6 }),
});

/** What the user may see, computed without any SQL: a closure over groups, and rows left out of the data. */
class Oracle {
  readonly #rights: AccessData;
  readonly #groups: ReadonlySet<number>;
  readonly records: ReturnType<typeof linkedRecords>;

  constructor(rights: AccessData, data: FilterData) {
    this.#rights = rights;
    this.#groups = this.#closure(rights.users[0]?.groups ?? []);
    const all = linkedRecords(data);
    const sees = (name: FilterModelName) => {
      const ids = new Set(all[name].filter((record) => this.#passes(name, record)).map(({ id }) => id));
      return (id: unknown) => ids.has(id);
    };
    const [category, product, line, tag] = [sees("Category"), sees("Product"), sees("Line"), sees("Tag")];
    this.records = linkedRecords({
      Category: data.Category.filter(({ id }) => category(id)),
      Product: data.Product.filter(({ id }) => product(id)).map((row) => ({ ...row, tags: row.tags.filter(tag) })),
      Line: data.Line.filter(({ id }) => line(id)),
      Tag: data.Tag.filter(({ id }) => tag(id)),
    });
  }

  canRead(name: string): boolean {
    return this.#rights.access.some(
      (row) => this.#groups.has(row.group) && row.can.includes("r") && (row.model === "*" || row.model === name),
    );
  }

  /** Whether every name of the filter is one that the user may know. */
  knows(q: Q, name: FilterModelName): boolean {
    if (q.kind === "not") return this.knows(q.item, name);
    if (q.kind !== "group") return q.items.every((item) => this.knows(item, name));
    return q.conditions.every(({ path }) => {
      let current: string = name;
      for (const step of path) {
        const field = (filterModel as ModelDescription)[current]?.[step];
        if (field === undefined || !("model" in field)) return true;
        if (!this.canRead(field.model)) return false;
        current = field.model;
      }
      return true;
    });
  }

  #closure(start: readonly number[]): Set<number> {
    const reached = new Set(start);
    for (const id of reached) {
      for (const implied of this.#rights.groups.find((each) => each.id === id)?.implies ?? []) reached.add(implied);
    }
    return reached;
  }

  #passes(name: FilterModelName, record: EvaluationRecord): boolean {
    const rules = (this.#rights.rules ?? []).filter(({ model: of, on = "rcwd" }) => of === name && on.includes("r"));
    const holds = ({ rule: text }: Rule) =>
      !broken.includes(text) && evaluateQ(parseQ(text), record, evaluationContext(name));
    const everybody = rules.filter(({ groups = [] }) => groups.length === 0);
    const own = rules.filter(({ groups = [] }) => groups.some((id) => this.#groups.has(id)));
    return everybody.every(holds) && (own.length === 0 || own.some(holds));
  }
}

async function selectIds(env: Environment, name: string, filter: string): Promise<unknown> {
  try {
    const page = await queryRecords(env, name, { fields: ["id"], q_filter: filter, order_by: ["id ASC"] });
    const ids = (JSON.parse(page.data.toString()) as { id: number }[]).map(({ id }) => id);
    return page.total === ids.length ? ids : `total ${page.total} of ${ids.length} records`;
  } catch (error) {
    if (error instanceof MissingError) return "unknown model";
    if (error instanceof ValidationError && error.message.includes("has no field")) return "unknown field";
    throw error;
  }
}

function expectedIds(oracle: Oracle, name: FilterModelName, q: Q): unknown {
  if (!oracle.canRead(name)) return "unknown model";
  if (!oracle.knows(q, name)) return "unknown field";
  const found = oracle.records[name].filter((record) => evaluateQ(q, record, evaluationContext(name)));
  return found.map(({ id }) => id);
}

const filters = fc.array(
  model.chain((name) => arbitraryQ(filterModel, name).map((q) => ({ name, q }))),
  { minLength: 8, maxLength: 8 },
);

test("filters and totals", { timeout: 120_000 }, async () => {
  let restricted = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryFilterData, rights, filters, async (data, given, asked) => {
      await storeFilterData(made.database, data);
      await storeAccessData(made.database, registry, given);
      const env = await environmentOf(made.database, registry, 1, { now: filterSession.clock.now });
      const oracle = new Oracle(given, data);
      for (const { name, q } of asked) {
        const filter = formatQ(q);
        const expected = expectedIds(oracle, name, q);
        if (Array.isArray(expected) && oracle.records[name].length < data[name].length) restricted += 1;
        expect({ name, filter, found: await selectIds(env, name, filter) }).toEqual({ name, filter, found: expected });
      }
    }),
    { numRuns: 80 },
  );
  // Else the runs were about users who see everything or nothing.
  expect(restricted).toBeGreaterThan(30);
});

test("nested records, to-one records and single records", { timeout: 120_000 }, async () => {
  const open = rights.map((given) => ({ ...given, access: [{ model: "*", group: 1, can: "r" }] }));
  await fc.assert(
    fc.asyncProperty(arbitraryFilterData, open, async (data, given) => {
      await storeFilterData(made.database, data);
      await storeAccessData(made.database, registry, given);
      const env = await environmentOf(made.database, registry, 1, { now: filterSession.clock.now });
      const { Product: visible } = new Oracle(given, data).records;
      const fields = ["category.parent.id", "lines.id", "tags.products.id"];
      const page = await queryRecords(env, "Product", { fields, order_by: ["id"] });
      const found = (JSON.parse(page.data.toString()) as EvaluationRecord[]).map(skeleton);
      expect(found).toEqual(visible.map(skeleton));
      for (const { id } of data.Product) {
        const record = visible.find((each) => each.id === id);
        const fetched = fetchRecord(env, "Product", id, { fields });
        if (record === undefined) await expect(fetched).rejects.toThrow(`Product ${id} does not exist`);
        else
          expect(skeleton(JSON.parse((await fetched).data.toString()) as EvaluationRecord)).toEqual(skeleton(record));
      }
    }),
    { numRuns: 40 },
  );
});

/** The ids of a product and of what it is tied to. */
function skeleton(record: EvaluationRecord): unknown {
  const category = record.category as { id: number; parent: { id: number } | null } | null;
  const lines = record.lines as { id: number }[];
  const tags = record.tags as { id: number; products: { id: number }[] }[];
  const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
  return {
    id: record.id,
    category: category === null ? null : { id: category.id, parent: category.parent?.id ?? null },
    lines: lines.map(({ id }) => id).sort((a, b) => a - b),
    tags: [...tags].sort(byId).map(({ id, products }) => ({ id, products: products.map((each) => each.id).sort() })),
  };
}
