/** Record rules on every way to a record: lists, totals, to-one and to-many relations, filters, orders, single records. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../../src/records/environment.ts";
import { fetchRecord, type QueryRequest, queryRecords } from "../../src/records/read.ts";
import { type AccessData, storeAccessData } from "../fixtures/access-data.ts";
import { environmentOf } from "../fixtures/user-environment.ts";
import { createVault, vaultRegistry } from "../fixtures/vault-registry.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let made: TestDatabase;
beforeAll(async () => {
  made = await createTestDatabase();
  await createVault(made.database);
});
afterAll(() => made.drop());

type Rules = NonNullable<AccessData["rules"]>;

/** A user who may do everything that the rules let through. */
async function under(rules: Rules): Promise<Environment> {
  await storeAccessData(made.database, vaultRegistry, {
    users: [{ id: 1, groups: [1] }],
    groups: [{ id: 1 }, { id: 2 }],
    access: [{ model: "*", group: 1, can: "rcwd" }],
    rules,
  });
  return environmentOf(made.database, vaultRegistry, 1);
}

const romans: Rules = [{ model: "Person", rule: "Q(city='Rome')" }];
const active: Rules = [{ model: "Membership", rule: "Q(active=True)" }];

interface Row {
  readonly name: string;
  readonly rules: Rules;
  readonly model?: string;
  readonly request: QueryRequest;
  readonly data: readonly Record<string, unknown>[];
  /** As many as `data` has, unless told. */
  readonly total?: number;
}

const ids = (...all: number[]) => all.map((id) => ({ id }));
const only = (q_filter: string): QueryRequest => ({ fields: ["id"], q_filter, order_by: ["id"] });

const rows: readonly Row[] = [
  { name: "lists and totals", rules: romans, request: { fields: ["id"] }, data: ids(1, 3) },
  { name: "a short page", rules: romans, request: { fields: ["id"], limit: 1 }, data: ids(1), total: 2 },
  { name: "behind the end", rules: romans, request: { fields: ["id"], offset: 3 }, data: [], total: 2 },
  { name: "a count alone", rules: romans, request: { fields: ["id"], limit: 0 }, data: [], total: 2 },
  {
    name: "a to-one record that is hidden reads as null",
    rules: romans,
    request: { fields: ["mentor.name"] },
    data: [
      { id: 1, mentor: null },
      { id: 3, mentor: null },
    ],
  },
  {
    name: "a to-one record that is visible",
    rules: [{ model: "Person", rule: "Q(id__gte=2)" }],
    request: { fields: ["mentor.mentor.city"], order_by: ["id"] },
    data: [
      { id: 2, mentor: null },
      { id: 3, mentor: { id: 2, display_name: "Bob", mentor: null } },
      {
        id: 4,
        mentor: { id: 3, display_name: "Cleo", mentor: { id: 2, display_name: "Bob", city: "Oslo" } },
      },
    ],
  },
  {
    name: "lines",
    rules: [{ model: "Person", rule: "~Q(name='Cleo')" }],
    request: { fields: ["pupils.name"], order_by: ["id"] },
    data: [
      { id: 1, pupils: [{ id: 2, name: "Bob" }] },
      { id: 2, pupils: [] },
      { id: 4, pupils: [] },
    ],
  },
  { name: "a filter on lines", rules: romans, request: only("Q(pupils__city='Oslo')"), data: [] },
  { name: "a filter on a line's id", rules: romans, request: only("Q(pupils=2)"), data: [] },
  { name: "a filter that denies lines", rules: romans, request: only("Q(pupils=None)"), data: ids(1, 3) },
  { name: "a filter behind a to-one record", rules: romans, request: only("Q(mentor__city='Oslo')"), data: [] },
  { name: "a filter on a to-one id", rules: romans, request: only("Q(mentor=2)"), data: [] },
  { name: "a filter on a list of to-one ids", rules: romans, request: only("Q(mentor__in=[1, 2, 3])"), data: [] },
  { name: "a to-one record that is hidden is null", rules: romans, request: only("Q(mentor=None)"), data: ids(1, 3) },
  { name: "and no other record", rules: romans, request: only("Q(mentor__neq=2)"), data: ids(1, 3) },
  { name: "a denial behind it", rules: romans, request: only("~Q(mentor__city='Oslo')"), data: ids(1, 3) },
  {
    name: "an order by what is hidden is one by nulls",
    rules: [{ model: "Person", rule: "~Q(name='Ada')" }],
    request: { fields: ["id"], order_by: ["mentor.name DESC NULLS LAST"] },
    data: ids(4, 3, 2),
  },
  {
    name: "an order by a relation goes by the visible names",
    rules: [{ model: "Person", rule: "~Q(name='Bob')" }],
    request: { fields: ["id"], order_by: ["mentor ASC NULLS FIRST"] },
    data: ids(1, 3, 4),
  },
  {
    name: "the other side of a one-to-one relation",
    rules: [{ model: "Passport", rule: "Q(number='P-1')" }],
    request: { fields: ["passport.number"], q_filter: "Q(id__lte=2)", order_by: ["id"] },
    data: [
      { id: 1, passport: { id: 1, display_name: "P-1", number: "P-1" } },
      { id: 2, passport: null },
    ],
  },
  {
    name: "a filter on it",
    rules: [{ model: "Passport", rule: "Q(number='P-1')" }],
    request: only("Q(passport=2) | Q(passport__number='P-2') | Q(passport=1)"),
    data: ids(1),
  },
  {
    name: "an empty one",
    rules: [{ model: "Passport", rule: "Q(number='P-1')" }],
    request: only("Q(passport=None)"),
    data: ids(2, 3, 4),
  },
  {
    name: "pairs that a model keeps",
    rules: active,
    model: "Project",
    request: { fields: ["members.name"], order_by: ["id"] },
    data: [
      { id: 1, members: [{ id: 2, name: "Bob" }] },
      { id: 2, members: [{ id: 4, name: "Dan" }] },
    ],
  },
  { name: "such pairs in a filter", rules: active, model: "Project", request: only("Q(members=3)"), data: [] },
  { name: "such pairs backwards", rules: active, request: only("Q(projects__name='Bridge')"), data: ids(2) },
  {
    name: "such pairs by a rule that looks further",
    rules: [{ model: "Membership", rule: "Q(person__city='Oslo')" }, ...active],
    request: only("Q(projects__isnull=False)"),
    data: ids(2, 4),
  },
  {
    name: "a rule looks at fields that the user may not see",
    rules: [{ model: "Person", rule: "Q(boss__salary__lt=1500)" }],
    request: only("Q()"),
    data: ids(2, 3),
  },
  {
    name: "a rule looks at records that another rule hides",
    rules: [
      { model: "Person", rule: "Q(projects__name='Bridge')" },
      { model: "Project", rule: "Q(name='Tower')" },
      { model: "Membership", rule: "Q(active=False)" },
    ],
    request: only("Q()"),
    data: ids(2, 3),
  },
  {
    name: "a rule goes over lines of the model itself",
    rules: [{ model: "Person", rule: "Q(pupils__pupils__city='Rome') | Q(mentor__mentor__mentor__name='Ada')" }],
    request: only("Q()"),
    data: ids(1, 4),
  },
  {
    name: "a rule of the group and a filter of the request",
    rules: [
      { model: "Person", rule: "Q(city='Rome')", groups: [1] },
      { model: "Person", rule: "Q(name='Bob')", groups: [1] },
      { model: "Person", rule: "Q(id=4)", groups: [2] },
      { model: "Person", rule: "~Q(name='Ada')" },
    ],
    request: only("Q(id__gte=1) | Q(id=1)"),
    data: ids(2, 3),
  },
  {
    name: "a rule for writing only",
    rules: [{ ...romans[0], on: "cwd" } as Rules[0]],
    request: only("Q()"),
    data: ids(1, 2, 3, 4),
  },
  { name: "a broken rule", rules: [{ model: "Person", rule: "Q(cty='Rome')" }], request: only("Q()"), data: [] },
  {
    name: "a rule with a value of another kind",
    rules: [{ model: "Person", rule: "Q(salary='x')" }],
    request: only("Q()"),
    data: [],
  },
  { name: "uid", rules: [{ model: "User", rule: "Q(id=uid)" }], model: "User", request: only("Q()"), data: ids(1) },
  {
    name: "cid",
    rules: [{ model: "Company", rule: "Q(id=cid)" }],
    model: "Company",
    request: only("Q()"),
    data: ids(2),
  },
  {
    name: "cids",
    rules: [{ model: "Company", rule: "Q(id__in=cids)" }],
    model: "Company",
    request: only("Q()"),
    data: ids(1, 2),
  },
  {
    name: "nobody's contact_id",
    rules: [{ model: "Company", rule: "Q(id=contact_id)" }],
    model: "Company",
    request: only("Q()"),
    data: [],
  },
  {
    name: "other than nobody's contact_id",
    rules: [{ model: "Company", rule: "Q(country__neq=contact_id)" }],
    model: "Company",
    request: only("Q()"),
    data: ids(1, 2),
  },
  {
    name: "in a list with nobody's contact_id",
    rules: [{ model: "Company", rule: "Q(id__nin=[contact_id, 1, None])" }],
    model: "Company",
    request: only("Q(id__in=[cid, contact_id])"),
    data: ids(2),
  },
  {
    name: "a moment",
    rules: [{ model: "Person", rule: "Q(created_date__gt=D('today-1d'))" }],
    request: only("Q()"),
    data: [],
  },
];

test.each(rows)("$name", async ({ rules, model = "Person", request, data, total = data.length }) => {
  const env = await under(rules);
  const page = await queryRecords(env, model, request);
  expect({ data: JSON.parse(page.data.toString()), total: page.total }).toEqual({ data, total });
  const again = await queryRecords(env, model, request);
  expect(again).toEqual(page);
});

describe("single records", () => {
  test("a hidden one answers like one that is not there, and related ones are left out", async () => {
    const env = await under(romans);
    await expect(fetchRecord(env, "Person", 2)).rejects.toThrow("Person 2 does not exist");
    await expect(fetchRecord(env, "Person", 99)).rejects.toThrow("Person 99 does not exist");
    const { data } = await fetchRecord(env, "Person", 3, { fields: ["name"], related: ["mentor", "pupils"] });
    expect(JSON.parse(data.toString())).toEqual({ id: 3, name: "Cleo", mentor: null, pupils: [] });
  });
});

test("a rule's values are the reader's own, though the plan is shared", async () => {
  await storeAccessData(made.database, vaultRegistry, {
    users: [
      { id: 1, groups: [1] },
      { id: 2, groups: [1] },
    ],
    groups: [{ id: 1 }],
    access: [{ model: "*", group: 1, can: "r" }],
    rules: [{ model: "User", rule: "Q(id=uid)" }],
  });
  const first = await environmentOf(made.database, vaultRegistry, 1);
  const second = await environmentOf(made.database, vaultRegistry, 2, { plans: first.plans });
  expect(second.access.key).toBe(first.access.key);
  for (const [env, id] of [
    [first, 1],
    [second, 2],
    [first, 1],
  ] as const) {
    const page = await queryRecords(env, "User", { fields: ["id"], limit: 0 });
    expect(page.total).toBe(1);
    expect((await queryRecords(env, "User", { fields: ["id"] })).data.toString()).toBe(`[{"id":${id}}]`);
  }
});
