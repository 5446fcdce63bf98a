/** The SQL of filters, text for text, and that PostgreSQL takes it; the text never depends on what is compared with. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filterData, filterSession } from "../../test/fixtures/filter-data.ts";
import { createFilterTables, filterModule, storeFilterData } from "../../test/fixtures/filter-registry.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { unrestrictedAccess } from "../access/access.ts";
import type { AnyStatement } from "../database/session.ts";
import { ValidationError } from "../errors.ts";
import { composeRegistry } from "../models/compose.ts";
import { modelOf } from "../models/model.ts";
import { parseFilter } from "../q/parse-filter.ts";
import { Environment } from "../records/environment.ts";
import { PlanCache } from "../records/plan-cache.ts";
import { queryRecords } from "../records/read.ts";
import { raw, sql } from "../sql/fragment.ts";
import { startCompilation } from "./compilation.ts";
import { compileFilter } from "./compile-filter.ts";
import { Frame } from "./frame.ts";
import { bindPlan, planOf } from "./plan.ts";
import { requestSources, resolveFilter } from "./resolve-filter.ts";
import { unrestricted } from "./scope.ts";

const registry = composeRegistry([filterModule]);
/** The names under which statements were sent; those that are not prepared have none. */
const names: (string | undefined)[] = [];
let made: TestDatabase;
beforeAll(async () => {
  const onStatement = (statement: AnyStatement) => {
    made.statements.record(statement);
    names.push("name" in statement ? statement.name : undefined);
  };
  made = await createTestDatabase({ settings: { onStatement } });
  await createFilterTables(made.database, registry);
  await storeFilterData(made.database, filterData);
});
afterAll(() => made.drop());

const environment = () =>
  new Environment({
    access: unrestrictedAccess(registry),
    database: made.database,
    plans: new PlanCache(),
    names: filterSession.names,
  });

/** What follows `from` for the products that a filter selects, its values, and their ids. */
async function compile(filter: unknown): Promise<{ text: string; values: unknown[]; ids: number[] }> {
  const { q, literals } = parseFilter(filter);
  const scope = unrestricted(registry);
  const product = modelOf(registry, "Product");
  const frame = new Frame(startCompilation(scope), product);
  const condition = compileFilter(frame, resolveFilter(scope, product, q, requestSources()));
  const source = sql`${frame.source()} where ${condition}`;
  const { text } = planOf(source);
  const plan = planOf(sql`select t1.id from ${source} order by ${raw("t1.id")}`);
  const values = bindPlan(plan, { ...filterSession, literals, parameters: [] });
  const rows = await made.database.rows<{ id: number }>({ text: plan.text, values });
  return { text: text.replace(/^"product" t1 ?/, ""), values, ids: rows.map(({ id }) => id) };
}

const category = `left join "category" t2 on t2."id" = t1."category_id"`;
const lines = (more: string) => `exists (select 1 from "line" t2 where t2."product_id" = t1."id" and ${more})`;
const tags = (more: string) =>
  `exists (select 1 from "product_tags_link" t3 join "tag" t2 on t2."id" = t3."tag_id" where t3."product_id" = t1."id"${more})`;

test.each<[filter: string, text: string, values: unknown[], ids: number[]]>([
  ["Q()", "where true", [], [1, 2, 3, 4, 5, 6]],
  ["~Q()", "where (true) is not true", [], []],
  ["Q(id=1)", `where t1."id" = $1::bigint`, [1], [1]],
  ["Q(code='CH-1')", `where t1."code" = $1::text`, ["CH-1"], [1]],
  ["Q(code__neq='CH-1')", `where (t1."code" = $1::text) is not true`, ["CH-1"], [2, 3, 4, 5, 6]],
  ["~Q(code='CH-1')", `where (t1."code" = $1::text) is not true`, ["CH-1"], [2, 3, 4, 5, 6]],
  ["Q(code=None)", `where t1."code" is null`, [], [3]],
  ["Q(code__isnotnull=True)", `where t1."code" is not null`, [], [1, 2, 4, 5, 6]],
  ["Q(code__in=['CH-1', 'x'])", `where t1."code" = any($1::text[])`, [["CH-1", "x"]], [1]],
  ["Q(code__in=['x', None])", `where (t1."code" = any($1::text[]) or t1."code" is null)`, [["x"]], [3]],
  [
    "Q(code__nin=['x', None])",
    `where ((t1."code" = any($1::text[]) or t1."code" is null)) is not true`,
    [["x"]],
    [1, 2, 4, 5, 6],
  ],
  ["Q(code__gt='a')", `where t1."code" collate "C" > $1::text`, ["a"], [4, 6]],
  ["Q(price__lte=20)", `where t1."price" <= $1::numeric`, ["20"], [3, 4]],
  ["Q(price__between=[1, 100.5])", `where t1."price" between $1::numeric and $2::numeric`, ["1", "100.5"], [1, 3]],
  ["Q(price__lt=1e300)", `where t1."price" < $1::numeric`, ["1e300"], [1, 2, 3, 4, 6]],
  ["Q(active=True)", `where t1."active" = $1::boolean`, [true], [1, 2, 5]],
  ["Q(released=D('today'))", `where t1."released" = $1::date`, ["2024-06-15"], [6]],
  [
    "Q(updated__gte='2025-01-01')",
    `where t1."updated" >= $1::timestamp(3) with time zone`,
    ["2024-12-31T23:00:00.000Z"],
    [4, 5],
  ],
  ["Q(name__contains='100%')", `where t1."name" like $1::text`, ["%100\\%%"], [2]],
  ["Q(name__startswith='_')", `where t1."name" like $1::text`, ["\\_%"], []],
  [String.raw`Q(name__endswith='\\ path')`, `where t1."name" like $1::text`, ["%\\\\ path"], [5]],
  ["Q(id__in=cids)", `where t1."id" = any($1::bigint[])`, [[1, 2]], [1, 2]],
  ["Q(id=uid, active=True)", `where (t1."id" = $1::bigint) and (t1."active" = $2::boolean)`, [1, true], [1]],
  ["Q(id=1) | Q(id=2)", `where (t1."id" = $1::bigint) or (t1."id" = $2::bigint)`, [1, 2], [1, 2]],
  ["Q(category=3)", `where t1."category_id" = $1::bigint`, [3], [2, 3]],
  ["Q(category__name='Desks')", `${category} where t2."name" = $1::text`, ["Desks"], [2, 3]],
  [
    "Q(category__name='Desks') & ~Q(category__sequence=3)",
    `${category} where (t2."name" = $1::text) and ((t2."sequence" = $2::bigint) is not true)`,
    ["Desks", 3],
    [],
  ],
  [
    "Q(category__parent__name='Furniture')",
    `${category} left join "category" t3 on t3."id" = t2."parent_id" where t3."name" = $1::text`,
    ["Furniture"],
    [1, 2, 3],
  ],
  ["Q(lines__quantity=5)", `where ${lines(`t2."quantity" = $1::bigint`)}`, [5], [1, 2]],
  ["~Q(lines__quantity=5)", `where not ${lines(`t2."quantity" = $1::bigint`)}`, [5], [3, 4, 5, 6]],
  [
    "Q(lines__quantity=5, lines__price=10)",
    `where ${lines(`(t2."quantity" = $1::bigint) and (t2."price" = $2::numeric)`)}`,
    [5, "10"],
    [2],
  ],
  ["Q(tags=2)", `where ${tags(` and t2."id" = $1::bigint`)}`, [2], [1, 2, 6]],
  ["Q(tags__neq=2)", `where not ${tags(` and t2."id" = $1::bigint`)}`, [2], [3, 4, 5]],
  ["Q(tags=None)", `where not ${tags(" and true")}`, [], [3]],
  [
    "Q(category__products__id=3)",
    `${category.replaceAll("t2", "t3")} where exists (select 1 from "product" t2 where t2."category_id" = t3."id" and t2."id" = $1::bigint)`,
    [3],
    [2, 3],
  ],
  [
    "Q(lines__product__category=2)",
    `where exists (select 1 from "line" t2 left join "product" t3 on t3."id" = t2."product_id" where t2."product_id" = t1."id" and t3."category_id" = $1::bigint)`,
    [2],
    [1],
  ],
  ["Q(display_name='#3')", `where coalesce(nullif(t1."name", ''), '#' || t1."id") = $1::text`, ["#3"], []],
])("%s", async (filter, text, values, ids) => {
  expect(await compile(filter)).toEqual({ text, values, ids });
});

/** Everything that has ever ended a text, opened a comment or stood for a parameter. */
const hostile = [
  "'",
  '"',
  "\\",
  "\\'",
  "$1",
  "$$",
  "?",
  "::text",
  "--",
  "/*",
  ";",
  "%s",
  "{0}",
  "' or 1=1 --",
  "\u2019",
  "\n",
];

describe("the text is constant", () => {
  test.each(["eq", "neq", "gt", "contains", "icontains", "startswith", "iendswith"])("%s", async (lookup) => {
    const texts = new Set<string>();
    for (const value of hostile) {
      const { text, values } = await compile({ [`name__${lookup}`]: value });
      texts.add(text);
      expect(values).toHaveLength(1);
    }
    expect(texts.size).toBe(1);
  });

  test.each([
    ["in", [["a"], ["a", "b"], [], hostile]],
    [
      "between",
      [
        ["a", "b"],
        ["'", "$2"],
      ],
    ],
  ])("%s", async (lookup, lists) => {
    const compiled = await Promise.all(lists.map((list) => compile({ [`name__${lookup}`]: list })));
    expect(new Set(compiled.map(({ text }) => text)).size).toBe(1);
  });

  test("what is stored is found again, whatever it is", async () => {
    for (const value of hostile) {
      await made.database.run({ text: "update tag set name = $1 where id = 1", values: [`x${value}y`] });
      for (const lookup of ["eq", "contains", "icontains", "startswith", "iendswith"]) {
        const filter = { [`tags__name__${lookup}`]: `x${value}y` };
        expect({ filter, ...(await compile(filter)) }).toMatchObject({ filter, ids: [1, 5, 6] });
      }
      expect((await compile({ tags__name__contains: `x${value}${value}y` })).ids).toEqual([]);
    }
  });
});

describe("plans", () => {
  test("one shape has one statement, which is prepared the second time", async () => {
    const env = environment();
    const { texts } = await made.statements.during(async () => {
      for (const value of hostile)
        await queryRecords(env, "Product", { q_filter: { name__contains: value, price__gt: value.length } });
    });
    expect(texts).toHaveLength(hostile.length);
    expect(new Set(texts).size).toBe(1);
  });

  test.each([
    ["name__contains", false],
    ["name__istartswith", false],
    ["name__iendswith", false],
    ["tags__name__icontains", false],
    ["name__eq", true],
    ["name__gte", true],
    ["id__in", true],
  ])("a statement with %s is prepared: %s", async (key, prepares) => {
    const env = environment();
    names.length = 0;
    for (const _ of [1, 2]) await queryRecords(env, "Product", { q_filter: { [key]: key === "id__in" ? [1] : "a" } });
    expect(names).toEqual([undefined, prepares ? expect.any(String) : undefined]);
  });

  test("requests that differ never share a plan, however their names are written", async () => {
    const env = environment();
    const read = async (request: object) => {
      try {
        return (await queryRecords(env, "Product", { order_by: ["id"], limit: 1, ...request })).data.toString();
      } catch (error) {
        return error instanceof ValidationError ? "refused" : "failed";
      }
    };
    expect(await read({ fields: ["name", "code"] })).toBe('[{"id":1,"name":"Office Chair","code":"CH-1"}]');
    expect(await read({ fields: ["name,code"] })).toBe("refused");
    expect(await read({ fields: ['name","code'] })).toBe("refused");
    expect(await read({ fields: ["name\ncode"] })).toBe("refused");
    expect(await read({ fields: ["name code"] })).toBe("refused");
    expect(await read({ fields: ["code", "name"] })).toBe('[{"id":1,"code":"CH-1","name":"Office Chair"}]');
    expect(await read({ fields: ["name"], order_by: ["code", "id"] })).toContain("quoted");
    expect(await read({ fields: ["name", "code"], order_by: ['code","id'] })).toBe("refused");
    expect(await read({ fields: ["id"], q_filter: "Q(code=None)" })).toBe('[{"id":3}]');
    expect(await read({ fields: ["id"], q_filter: "Q(code__neq=None)" })).toBe('[{"id":1}]');
    expect(await read({ fields: ["id"], q_filter: "Q(code__in=['cake'])" })).toBe('[{"id":4}]');
    expect(await read({ fields: ["id"], q_filter: "Q(code__in=['cake', None])" })).toBe('[{"id":3}]');
    expect(await read({ fields: ["id"], q_filter: "Q(code__isnull=True)" })).toBe('[{"id":3}]');
    expect(await read({ fields: ["id"], q_filter: "Q(code__isnull=False)" })).toBe('[{"id":1}]');
    expect(await read({ fields: ["id"], q_filter: "Q(id=3) | Q(id=2) & Q(code='DK_1')" })).toBe('[{"id":2}]');
    expect(await read({ fields: ["id"], q_filter: "(Q(id=3) | Q(id=2)) & Q(code='DK_1')" })).toBe('[{"id":2}]');
    expect(await read({ fields: ["id"], q_filter: "Q(lines__quantity=5, lines__price=10)" })).toBe('[{"id":2}]');
    expect(await read({ fields: ["id"], q_filter: "Q(lines__quantity=5) & Q(lines__price=10)" })).toBe('[{"id":1}]');
  });
});

describe("filters that are refused before anything is sent", () => {
  test.each<[filter: unknown, message: string]>([
    ["Q(nmae='x')", 'Filter: Product has no field "nmae"; did you mean "name"?'],
    ["Q(category__nmae='x')", 'Filter: Category has no field "nmae" in "category__nmae"; did you mean "name"?'],
    ["Q(lines__product__cde='x')", 'Filter: Product has no field "cde" in "lines__product__cde"; did you mean "code"?'],
    ["Q(name__length=1)", 'Filter: "name__length" has the unknown lookup "length"; Char fields take'],
    [
      "Q(category__contains='x')",
      'Filter: "category__contains" uses the lookup "contains", but ManyToOne fields take isnull,',
    ],
    ["Q(price__gtee=1)", 'Filter: "price__gtee" has the unknown lookup "gtee"; Monetary fields take isnull,'],
    [
      "Q(category__parent__name__regex='a')",
      '"category__parent__name__regex" has the unknown lookup "regex"; Char fields take',
    ],
    ["Q(price__gt__more=1)", '"price__gt__more" goes on behind "price", which is no relation'],
    ["Q(price__contains='1')", 'uses the lookup "contains", but Monetary fields take'],
    ["Q(active__gt=True)", 'uses the lookup "gt", but Boolean fields take'],
    ["Q(price='much')", 'Filter: the value of "price" must be a number or a numeral'],
    ["Q(price__in=[1, 'x'])", 'Filter: the value of "price__in" must be a number or a numeral'],
    ["Q(price=D('today'))", 'the value of "price" must not be a date expression'],
    ["Q(active=1)", 'the value of "active" must be true or false'],
    ["Q(active='true')", 'the value of "active" must be true or false'],
    ["Q(released='2024-02-30')", "the calendar has"],
    ["Q(released=5)", 'the value of "released" must be a date such as'],
    ["Q(updated='yesterday')", "must be a date and time such as"],
    ["Q(category='x')", "must be a record id"],
    ["Q(category=0)", "must be a record id"],
    ["Q(id='1')", "must be a whole number"],
    ["Q(id=1.5)", "must be a whole number"],
    ["Q(id=9223372036854775808)", "must be a whole number between"],
    ["Q(name=5)", "must be a text"],
    ["Q(name=uid)", "must be a text"],
    [{ name: "a\u0000b" }, "NUL"],
    [{ name: "\ud800" }, "surrogate"],
    [{ [`category__${"parent__".repeat(6)}name`]: 1 }, "passes through more than 6 relations"],
    [{ __proto__: null, constructor: 1 }, 'Product has no field "constructor"'],
  ])("%j", async (filter, message) => {
    made.statements.clear();
    const refused = queryRecords(environment(), "Product", { q_filter: filter });
    await expect(refused).rejects.toThrow(ValidationError);
    await expect(refused).rejects.toThrow(message);
    expect(made.statements.count).toBe(0);
  });
});
