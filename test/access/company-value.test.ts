/** Fields of which each company has a value of its own: written and read for the current one, by filters, orders, groups, lines, copies and rules. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import core from "../../modules/core/module.ts";
import { accessOf, loadRights } from "../../src/access/rights.ts";
import type { Field } from "../../src/fields/field.ts";
import {
  boolean,
  char,
  integer,
  manyToOne,
  monetary,
  oneToMany,
  oneToOne,
  password,
  selection,
} from "../../src/index.ts";
import { composeRegistry } from "../../src/models/compose.ts";
import { cloneRecord } from "../../src/records/clone.ts";
import { describeModel } from "../../src/records/describe.ts";
import type { Environment } from "../../src/records/environment.ts";
import { groupRecords } from "../../src/records/group.ts";
import { fetchRecord, queryRecords } from "../../src/records/read.ts";
import { runEffects } from "../../src/records/ui-effect.ts";
import { createRecord, deleteRecord, updateRecord } from "../../src/records/write.ts";
import { createRecords, updateRecords } from "../../src/records/write-bulk.ts";
import { storeAccessData, storeCompanies } from "../fixtures/access-data.ts";
import { unannounced } from "../fixtures/filter-registry.ts";
import { declareBehaviour, each } from "../fixtures/shop-registry.ts";
import { createWorld, declareModel, declareModule, type World } from "../support/world.ts";

const article = declareModel("Article", {
  name: char({ required: true }),
  price: monetary({ perCompany: true, index: true }),
  shelf: char({ perCompany: true, maxLength: 8 }),
  state: selection({ new: "New", old: "Old" }, { perCompany: true, groups: { write: ["group_1"] } }),
  double: monetary({ calculate: "double", dependsOn: ["price"], stored: false }),
  lines: oneToMany(unannounced("Part"), "article"),
  shop: manyToOne(unannounced("Shop"), { perCompany: true, index: true }),
});
const shop = declareModel("Shop", { name: char() }, { companyScoped: true });
const part = declareModel("Part", { name: char(), article: manyToOne(unannounced("Article")) });
const modules = [
  { identifier: "core", ...core },
  {
    ...declareModule("store", article, shop, part),
    behaviours: [
      declareBehaviour("Article", {
        calculate: {
          double: each(({ price }: { price: string | null }) => (price === null ? null : String(Number(price) * 2))),
        },
        effects: {
          shelf: {
            reads: ["shelf", "price"],
            run: ({ price }: never, { change }: never) => (change as (v: object) => void)({ price: Number(price) + 1 }),
          },
        } as never,
      }),
    ],
  },
];

let world: World;
let one: Environment;
let two: Environment;
let nowhere: Environment;
let inBoth: Environment;
let ids: number[];
beforeAll(async () => {
  world = await createWorld(modules);
  await storeCompanies(world.database);
  await storeAccessData(world.database, world.registry, {
    users: [
      { id: 1, groups: [1] },
      { id: 2, groups: [2] },
    ],
    groups: [{ id: 1 }, { id: 2 }],
    access: [1, 2].map((group) => ({ model: "*", group, can: "rcwd" })),
  });
  const inCompany = async (user: number, cid: number | null) => {
    const rights = await loadRights(world.database, world.registry, user);
    if (rights === null) throw new Error("no such user");
    const names = { ...rights.names, cid, company_id: cid, cids: cid === null ? [] : [cid] };
    return world.derive({ access: accessOf(world.registry, rights), names });
  };
  one = await inCompany(1, 1);
  two = await inCompany(2, 2);
  inBoth = world.derive({ access: two.access, names: { ...two.names, cids: [1, 2] } });
  nowhere = await inCompany(1, null);
  ids = [
    ...(await createRecords(one, "Article", [
      { name: "a", price: 3 },
      { name: "b", price: 1, shelf: "x" },
      { name: "c" },
    ])),
  ];
  await updateRecords(two, "Article", ids.slice(1), { price: 7 });
  for (const id of ids) await createRecord(one, "Part", { name: `p${id}`, article: id });
});
afterAll(() => world?.drop());

const rows = async (env: Environment, request: object, model = "Article") =>
  JSON.parse((await queryRecords(env, model, { fields: ["name"], order_by: ["id"], ...request })).data.toString()) as {
    readonly name: string;
  }[];
const namesOf = async (env: Environment, request: object, model?: string) =>
  (await rows(env, request, model)).map(({ name }) => name).join("");
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: Error) => error.message,
  );

test("each company reads what it has written, and nothing of others", async () => {
  const values = async (env: Environment) =>
    (await rows(env, { fields: ["price", "shelf", "double"] })).map((row) => Object.values(row).slice(1));
  expect(await values(one)).toEqual([
    [3, null, 6],
    [1, "x", 2],
    [null, null, null],
  ]);
  expect(await values(two)).toEqual([
    [null, null, null],
    [7, null, 14],
    [7, null, 14],
  ]);
  // Other companies may be active too, and code has all rights: neither makes it more than one value.
  expect(await values(two.elevated())).toEqual(await values(two));
  expect(await values(inBoth)).toEqual(await values(two));
  expect(await values(nowhere)).toEqual(Array(3).fill([null, null, null]));
});

describe("they are filtered, ordered, grouped and shown behind relations", () => {
  test.each<[request: object, inOne: string, inTwo: string, model?: string]>([
    [{ q_filter: "Q(price__gte=3)" }, "a", "bc"],
    [{ q_filter: "Q(price=None)" }, "c", "a"],
    [{ q_filter: "Q(price__neq=7)" }, "abc", "a"],
    [{ q_filter: "~Q(price__lt=5)" }, "c", "abc"],
    [{ q_filter: "Q(shelf__icontains='X')" }, "b", ""],
    [{ q_filter: "Q(price=3) | Q(shelf='x')" }, "ab", ""],
    [{ order_by: ["price DESC NULLS LAST", "name ASC"] }, "abc", "bca"],
    [{ order_by: ["price ASC NULLS FIRST"], limit: 1 }, "c", "a"],
    [{ q_filter: "Q(lines__article__price__gte=3)" }, "a", "bc"],
    [{ q_filter: "Q(article__price__gte=3)" }, "p1", "p2p3", "Part"],
    [{ order_by: ["article.price DESC NULLS LAST", "id"] }, "p1p2p3", "p2p3p1", "Part"],
  ])("%j", async (request, inOne, inTwo, model) => {
    const first = ids[0] as number;
    const expected = (text: string) => text.replace(/p(\d)/g, (_, n: string) => `p${first + Number(n) - 1}`);
    expect([await namesOf(one, request, model), await namesOf(two, request, model)]).toEqual(
      [inOne, inTwo].map(expected),
    );
  });

  test("totals and cursors go by the company", async () => {
    for (const [env, total] of [
      [one, 1],
      [two, 2],
      [one, 1],
      // Of the same user, so that nothing but the company tells them apart.
      [world.derive({ access: one.access, names: two.names }), 2],
      [one, 1],
    ] as const) {
      expect((await queryRecords(env, "Article", { q_filter: "Q(price__gte=3)", limit: 0 })).total).toBe(total);
    }
    const request = { fields: ["name"], order_by: ["price ASC NULLS LAST"], limit: 1 };
    const first = await queryRecords(one, "Article", request);
    const next = await queryRecords(one, "Article", { ...request, cursor: first.nextCursor ?? "" });
    expect([first, next].map(({ data }) => JSON.parse(data.toString())[0].name)).toEqual(["b", "a"]);
  });

  test("groups and aggregates", async () => {
    const grouped = async (env: Environment) =>
      JSON.parse(
        (
          await groupRecords(env, "Article", {
            group_by: ["price"],
            aggregates: ["price__sum"],
            order_by: ["price ASC"],
          })
        ).data.toString(),
      );
    expect(await grouped(two)).toMatchObject([
      { price: 7, count: 2, price__sum: 14 },
      { price: null, count: 1 },
    ]);
    expect(await grouped(one)).toMatchObject([{ price: 1 }, { price: 3 }, { price: null }]);
    expect(await namesOf(two, { q_filter: (await grouped(two))[0].q_filter })).toBe("bc");
  });

  test("nested records", async () => {
    const nested = await rows(
      two,
      { fields: ["article.price", "article.shelf"], q_filter: `Q(article=${ids[1]})` },
      "Part",
    );
    expect(nested).toMatchObject([{ article: { price: 7, shelf: null } }]);
  });
});

test("writes answer with them, count as a change, and are checked like others", async () => {
  const { id } = await createRecord(one, "Article", { name: "d", price: "2.005" });
  const { data, version } = await updateRecord(two, "Article", id, { price: 5 }, { fields: ["price", "double"] });
  expect([JSON.parse(data.toString()), version]).toMatchObject([{ price: 5, double: 10 }, 2]);
  await updateRecord(one, "Article", id, { price: null });
  expect((await fetchRecord(one, "Article", id, { fields: ["price"] })).data.toString()).toMatch('"price":null');
  expect((await fetchRecord(two, "Article", id, { fields: ["price"] })).data.toString()).toMatch('"price":5');
  expect(await outcome(updateRecord(one, "Article", id, { shelf: "123456789" }))).toMatch(
    /^shelf: must have at most 8/,
  );
  expect(await outcome(createRecords(one, "Article", [{ name: "x" }, { name: "x", price: "y" }]))).toMatch(
    /^records\[1\]\.price: /,
  );
  expect(await outcome(updateRecord(nowhere, "Article", id, { price: 1 }))).toBe(
    "price: is each company's own, and the request works in none",
  );
  expect(await outcome(updateRecord(two, "Article", id, { state: "old" }))).toBe("state: is read-only");
  expect(await outcome(updateRecord(one, "Article", id, { state: "old" }))).toBe("done");
  expect(await outcome(updateRecord(one, "Part", 1, { article: id }))).toBe("done");
  const { id: owner } = await createRecord(two, "Part", { name: "q", article: id });
  await deleteRecord(two, "Part", owner);
});

test("a copy has what the company of the copier says", async () => {
  const copy = await cloneRecord(two, "Article", ids[1] as number, {});
  const priceIn = async (env: Environment) => (await rows(env, { fields: ["price"], q_filter: `Q(id=${copy.id})` }))[0];
  expect([await priceIn(two), await priceIn(one)]).toMatchObject([{ price: 7 }, { price: null }]);
  await deleteRecord(two, "Article", copy.id);
  const left = await world.database.rows({
    text: "select from article_company_value where record_id = $1",
    values: [copy.id],
  });
  expect(left).toEqual([]);
});

describe("relations", () => {
  let mine: number;
  let theirs: number;
  let article: number;
  beforeAll(async () => {
    mine = (await createRecord(one, "Shop", { name: "mine" })).id;
    theirs = (await createRecord(two, "Shop", { name: "theirs" })).id;
    article = (await createRecord(one, "Article", { name: "r", shop: mine })).id;
    await updateRecord(two, "Article", article, { shop: { id: theirs } });
  });
  const only = (more: string) => `Q(id=${article}, ${more})`;

  test.each<[filter: string, inOne: string, inTwo: string]>([
    ["shop__name='mine'", "r", ""],
    ["shop__name__in=['mine', 'theirs']", "r", "r"],
    ["shop__company=cid", "r", "r"],
    ["shop__isnull=True", "", ""],
    ["shop__neq=1", "", "r"],
  ])("%s", async (filter, inOne, inTwo) => {
    const found = (env: Environment) => namesOf(env, { q_filter: only(filter.replace("neq=1", `neq=${mine}`)) });
    expect([await found(one), await found(two)]).toEqual([inOne, inTwo]);
  });

  test("are read, ordered by and grouped by", async () => {
    const read = async (env: Environment) =>
      (
        await rows(env, { fields: ["shop.name"], q_filter: only("name='r'"), order_by: ["shop DESC", "shop.name ASC"] })
      )[0];
    expect([await read(one), await read(two)]).toMatchObject([
      { shop: { id: mine, display_name: "mine", name: "mine" } },
      { shop: { id: theirs, name: "theirs" } },
    ]);
    const { data } = await groupRecords(two, "Article", { group_by: ["shop"], q_filter: "Q(shop__isnull=False)" });
    expect(JSON.parse(data.toString())).toMatchObject([{ shop: { id: theirs, display_name: "theirs" }, count: 1 }]);
    expect(await rows(two, { fields: ["article.shop.name"] }, "Part")).toMatchObject(
      ids.map(() => ({ article: { shop: null } })),
    );
  });

  test("lead to what is there for the caller, and of the own company", async () => {
    const missing = "shop: there is no such Shop record";
    expect(await outcome(updateRecord(one, "Article", article, { shop: theirs }))).toBe(missing);
    expect(await outcome(createRecord(one, "Article", { name: "x", shop: 4711 }))).toBe(missing);
    const kernel = one.elevated();
    expect(await outcome(updateRecord(kernel, "Article", article, { shop: theirs }))).toBe(
      "shop: is a record of another company",
    );
    expect(await outcome(updateRecord(kernel, "Article", article, { shop: 4711 }))).toBe(missing);
    expect(await outcome(updateRecord(kernel, "Shop", mine, { company: 2 }))).toMatch(
      /ArticleCompanyValue\.shop would lead/,
    );
    const many = [{ name: "x" }, { name: "x", shop: theirs }];
    expect(await outcome(createRecords(kernel, "Article", many))).toBe(
      "records[1].shop: is a record of another company",
    );
    const form = await runEffects(one, "Article", {
      id: article,
      values: { shelf: "y", shop: mine },
      trigger: "shelf",
    });
    expect(JSON.parse(form)).not.toHaveProperty("shop");
  });

  test("are copied, and emptied with what they lead to", async () => {
    const copy = await cloneRecord(one, "Article", article, {});
    await deleteRecord(one, "Shop", mine);
    for (const id of [article, copy.id]) {
      expect(JSON.parse((await fetchRecord(one, "Article", id, { fields: ["shop"] })).data.toString())).toEqual({
        id,
        shop: null,
      });
    }
    expect(JSON.parse((await fetchRecord(two, "Article", article, { fields: ["shop"] })).data.toString()).shop.id).toBe(
      theirs,
    );
  });

  test("have no other side", () => {
    const back = {
      ...declareModule("back"),
      extensions: [
        {
          extends: "Shop",
          choices: {},
          file: "modules/back/shop.ts",
          fields: { articles: oneToMany(unannounced("Article"), "shop") },
        },
      ],
    };
    expect(() => composeRegistry([...modules, back])).toThrow(
      /Shop\.articles: needs Article\.shop to be a to-one field to Shop/,
    );
  });
});

test("the registry says so, forms take unsaved values, and two writers at once keep both", async () => {
  expect(describeModel(one, "Article").price).toMatchObject({ per_company: true, index: true });
  expect(describeModel(two, "Article").state).toMatchObject({ readonly: true });
  const id = ids[2] as number;
  const form = await runEffects(two, "Article", { id, values: { shelf: "y", price: 20 }, trigger: "shelf" });
  expect(JSON.parse(form)).toEqual({ price: 21, double: 42 });
  await Promise.all([
    ...[1, 2, 3, 4].map((price) => updateRecord(one, "Article", id, { price })),
    ...[5, 6, 7].map((price) => updateRecord(two, "Article", id, { price })),
  ]);
  const kept = await world.database.rows<{ n: number }>({
    text: "select count(*)::int as n from article_company_value where record_id = $1",
    values: [id],
  });
  expect(kept).toEqual([{ n: 2 }]);
});

test.each<[field: Field, message: string]>([
  [
    manyToOne("Company", { perCompany: true, relatedName: "wrongs" }),
    "perCompany has no other side: it leaves no meaning to relatedName and acyclic",
  ],
  [oneToOne("Company", { perCompany: true }), "perCompany is not for OneToOne fields"],
  [password({ perCompany: true }), "perCompany is not for Password fields"],
  [boolean({ perCompany: true }), "perCompany is for values that a company may leave empty; use a selection"],
  [char({ perCompany: true, required: true }), "perCompany leaves no meaning to required"],
  [char({ perCompany: true, default: "x" }), "perCompany leaves no meaning to default"],
  [integer({ perCompany: true, unique: true }), "perCompany leaves no meaning to unique"],
  [
    monetary({ perCompany: true, currency: "cur" }),
    "perCompany takes no currency of the record: say how many decimals it has",
  ],
])("refused: %j", (field, message) => {
  const wrong = declareModel("Wrong", { name: char(), cur: manyToOne("Currency"), wrong: field });
  expect(() => composeRegistry([...modules, declareModule("wrong", wrong)])).toThrow(`Wrong.wrong: ${message}`);
});

test("the model of the values takes no other one's name or table", () => {
  for (const [other, options] of [
    ["ArticleCompanyValue", {}],
    ["Other", { table: "article_company_value" }],
  ] as const) {
    const taken = declareModule("taken", declareModel(other, { name: char() }, options));
    expect(() => composeRegistry([...modules, taken])).toThrow(
      `Article: has perCompany fields, whose values need the model ArticleCompanyValue and the table "article_company_value": ${other} is there`,
    );
  }
});

test("what is everybody's cannot depend on them", () => {
  const fields = {
    name: char({ perCompany: true }),
    own: integer({ perCompany: true }),
    total: integer({ calculate: "total", dependsOn: ["own"] }),
  };
  const behaviour = declareBehaviour("Wrong", {
    calculate: { total: each(() => 1) },
    validate: { own: { fields: ["own"], check: () => null, name: "own" } } as never,
  });
  const module = { ...declareModule("wrong", declareModel("Wrong", fields)), behaviours: [behaviour] };
  expect(() => composeRegistry([...modules, module])).toThrow(
    /Wrong\.name: perCompany is not for what names[\s\S]*depends on "own": Wrong\.own is each company's own[\s\S]*validate\.own looks at "own", which is each company's own/,
  );
});
