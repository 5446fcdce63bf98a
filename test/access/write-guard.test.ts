/** Writes under record rules: what is hidden is missing, what may not be changed says so, and nothing leaves the rule. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Environment } from "../../src/records/environment.ts";
import { createRecord, deleteRecord, updateRecord } from "../../src/records/write.ts";
import { type AccessData, storeAccessData } from "../fixtures/access-data.ts";
import { environmentOf } from "../fixtures/user-environment.ts";
import { createVault, storeVaultData, vaultRegistry } from "../fixtures/vault-registry.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let made: TestDatabase;
beforeAll(async () => {
  made = await createTestDatabase();
  await createVault(made.database);
});
beforeEach(() => storeVaultData(made.database));
afterAll(() => made.drop());

type Rules = NonNullable<AccessData["rules"]>;

async function under(rules: Rules, can = "rcwd"): Promise<Environment> {
  await storeAccessData(made.database, vaultRegistry, {
    users: [{ id: 1, groups: [1] }],
    groups: [{ id: 1, identifier: "hr" }],
    access: [{ model: "*", group: 1, can }],
    rules,
  });
  return environmentOf(made.database, vaultRegistry, 1);
}

/** Everything that a write could have changed. */
async function snapshot(): Promise<unknown> {
  return made.database.rows({
    text: `select (select json_agg(p order by p.id) from person p) as people, (select json_agg(p order by p.id) from project p) as projects,
      (select json_agg(l) from person_skills_link l) as skills, (select json_agg(m order by m.id) from membership m) as members`,
    values: [],
  });
}

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : "thrown";
  }
}

const change =
  (id: number, values: object, options: { version?: number } = {}) =>
  (env: Environment) =>
    updateRecord(env, "Person", id, { ...values }, options);
const remove =
  (id: number, options: { version?: number } = {}) =>
  (env: Environment) =>
    deleteRecord(env, "Person", id, options);
const make = (values: object) => (env: Environment) => createRecord(env, "Person", { ...values });

/** Romans are Ada (1) and Cleo (3); Bob (2) and Dan (4) live in Oslo. */
const romans = "Q(city='Rome')";
const rule = (text: string, on = "rcwd", model = "Person"): Rules => [{ model, rule: text, on }];
const missing = (id: number) => `MissingError: Person ${id} does not exist`;
const mayNot = "AccessError: you may not change this Person record";
const leaves = "AccessError: a record rule does not let you have this Person record like that";
const noPerson = "there is no such Person record";

interface Row {
  readonly name: string;
  readonly rules: Rules;
  readonly can?: string;
  readonly write: (env: Environment) => Promise<unknown>;
  readonly outcome: string;
}

const rows: readonly Row[] = [
  { name: "a visible record is changed", rules: rule(romans), write: change(1, { name: "Eve" }), outcome: "done" },
  { name: "a hidden one is missing", rules: rule(romans), write: change(2, { name: "Eve" }), outcome: missing(2) },
  { name: "as one that never was", rules: rule(romans), write: change(99, { name: "Eve" }), outcome: missing(99) },
  { name: "also without any value", rules: rule(romans), write: change(2, {}), outcome: missing(2) },
  {
    name: "also with its version",
    rules: rule(romans),
    write: change(2, { name: "Eve" }, { version: 1 }),
    outcome: missing(2),
  },
  {
    name: "also with another version",
    rules: rule(romans),
    write: change(2, { name: "Eve" }, { version: 9 }),
    outcome: missing(2),
  },
  { name: "a hidden one is not deleted", rules: rule(romans), write: remove(2), outcome: missing(2) },
  { name: "nor one that never was", rules: rule(romans), write: remove(99), outcome: missing(99) },
  {
    name: "a hidden one is not brought into sight",
    rules: rule(romans),
    write: change(2, { city: "Rome" }),
    outcome: missing(2),
  },

  {
    name: "a visible one that may not be changed",
    rules: rule(romans, "w"),
    write: change(2, { name: "Eve" }),
    outcome: mayNot,
  },
  {
    name: "nor with its version",
    rules: rule(romans, "w"),
    write: change(2, { name: "Eve" }, { version: 1 }),
    outcome: mayNot,
  },
  { name: "nor into the rule", rules: rule(romans, "w"), write: change(2, { city: "Rome" }), outcome: mayNot },
  { name: "a visible one that may not be deleted", rules: rule(romans, "d"), write: remove(2), outcome: mayNot },
  {
    name: "a rule for deleting lets change",
    rules: rule(romans, "d"),
    write: change(2, { name: "Eve" }),
    outcome: "done",
  },
  { name: "a rule for changing lets delete", rules: rule(romans, "w"), write: remove(4), outcome: "done" },
  { name: "a broken rule lets nothing", rules: rule("Q(", "w"), write: change(1, { name: "Eve" }), outcome: mayNot },

  {
    name: "a change out of the rule for changing",
    rules: rule(romans, "w"),
    write: change(1, { city: "Oslo" }),
    outcome: leaves,
  },
  { name: "a change out of sight", rules: rule(romans, "r"), write: change(1, { city: "Oslo" }), outcome: leaves },
  { name: "a change to null", rules: rule(romans), write: change(1, { city: null }), outcome: leaves },
  {
    name: "a change within the rule",
    rules: rule("Q(city__in=['Rome', 'Oslo'])"),
    write: change(1, { city: "Oslo" }),
    outcome: "done",
  },
  {
    name: "a change out of a rule over a relation",
    rules: rule("Q(mentor__city='Rome')", "w"),
    write: change(2, { mentor: 4 }),
    outcome: leaves,
  },
  {
    name: "a change out of a rule over links",
    rules: rule("Q(skills__name='Chess')", "w"),
    write: change(2, { skills: [] }),
    outcome: leaves,
  },
  {
    name: "a change of others that the rule looks at",
    rules: rule("Q(id=2) | Q(mentor__mentor__name='Ada')", "w"),
    write: change(2, { mentor: 4 }),
    outcome: "done",
  },

  {
    name: "a new record within the rule",
    rules: rule(romans),
    write: make({ name: "Eve", city: "Rome" }),
    outcome: "done",
  },
  { name: "a new record outside", rules: rule(romans), write: make({ name: "Eve", city: "Oslo" }), outcome: leaves },
  { name: "a new record that nobody may see", rules: rule(romans, "r"), write: make({ name: "Eve" }), outcome: leaves },
  {
    name: "a new record by its links",
    rules: rule("Q(skills=1)", "c"),
    write: make({ name: "Eve", skills: [1] }),
    outcome: "done",
  },
  {
    name: "a new record without them",
    rules: rule("Q(skills=1)", "c"),
    write: make({ name: "Eve", skills: [] }),
    outcome: leaves,
  },

  {
    name: "a reference to a hidden record",
    rules: rule(romans),
    write: change(1, { mentor: 2 }),
    outcome: `ValidationError: mentor: ${noPerson}`,
  },
  {
    name: "is refused as one to nothing",
    rules: rule(romans),
    write: change(1, { mentor: 99 }),
    outcome: `ValidationError: mentor: ${noPerson}`,
  },
  { name: "a reference to a visible record", rules: rule(romans), write: change(1, { mentor: 3 }), outcome: "done" },
  {
    name: "every hidden reference is named",
    rules: rule(romans),
    write: make({ name: "Eve", city: "Rome", mentor: 2, boss: 99 }),
    outcome: `ValidationError: boss: ${noPerson}; mentor: ${noPerson}`,
  },
  {
    name: "a link to a hidden record",
    rules: rule("Q(name='Go')", "r", "Skill"),
    write: change(1, { skills: [1] }),
    outcome: "ValidationError: skills[0]: there is no such Skill record",
  },
  {
    name: "is refused as one to nothing",
    rules: rule("Q(name='Go')", "r", "Skill"),
    write: change(1, { skills: [99] }),
    outcome: "ValidationError: skills[0]: there is no such Skill record",
  },

  {
    name: "no right to change",
    rules: [],
    can: "rcd",
    write: change(1, { name: "Eve" }),
    outcome: "AccessError: you may not change Person records",
  },
  {
    name: "no right to make",
    rules: [],
    can: "rwd",
    write: make({ name: "Eve" }),
    outcome: "AccessError: you may not create Person records",
  },
  {
    name: "no right to delete",
    rules: [],
    can: "rcw",
    write: remove(4),
    outcome: "AccessError: you may not delete Person records",
  },
  {
    name: "no right to read",
    rules: [],
    can: "cwd",
    write: change(1, { name: "Eve" }),
    outcome: 'MissingError: Unknown model "Person"',
  },
];

test.each(rows)("$name: $outcome", async ({ rules, can = "rcwd", write, outcome: expected }) => {
  const env = await under(rules, can);
  const before = await snapshot();
  // A plan that has served before must guard as well as a new one.
  for (const _ of expected === "done" ? [1] : [1, 2]) expect(await outcome(write(env))).toBe(expected);
  if (expected === "done") expect(await snapshot()).not.toEqual(before);
  else expect(await snapshot()).toEqual(before);
});

/** Bridge (1) has Bob (2) and, as one who has left, Cleo (3); its pairs are records of Membership. */
describe("links", () => {
  const all = { model: "*", group: 1, can: "rcwd" };
  const readable = ["Person", "Project", "Skill", "Membership", "User"].map((model) => ({ model, group: 1, can: "r" }));
  const may = (model: string, can: string) => ({ model, group: 1, can });

  test.each<
    [name: string, access: AccessData["access"], rules: Rules, model: string, values: object, expected: string]
  >([
    ["pairs that a model keeps", [all], [], "Project", { members: [4] }, "done"],
    [
      "pairs that a model keeps, without the right to make them",
      [...readable, may("Project", "w"), may("Membership", "wd")],
      [],
      "Project",
      { members: [["L", 4]] },
      "AccessError: you may not create Membership records",
    ],
    [
      "pairs that a rule hides stay, and what they link is not there",
      [all],
      [{ model: "Membership", rule: "Q(active=True)" }],
      "Project",
      { members: [["X", 3]] },
      "MissingError: Person 3 does not exist",
    ],
    ["of the model that declares them", [...readable, may("Person", "w")], [], "Person", { skills: [1] }, "done"],
    [
      "from the other side",
      [...readable, may("Skill", "w")],
      [],
      "Skill",
      { people: [3] },
      "ValidationError: people: is read-only",
    ],
    [
      "from the other side with both rights",
      [...readable, may("Skill", "w"), may("Person", "w")],
      [],
      "Skill",
      { people: [3] },
      "done",
    ],
  ])("%s", async (_name, access, rules, model, values, expected) => {
    await storeAccessData(made.database, vaultRegistry, {
      users: [{ id: 1, groups: [1] }],
      groups: [{ id: 1, identifier: "hr" }],
      access,
      rules,
    });
    const env = await environmentOf(made.database, vaultRegistry, 1);
    const before = await snapshot();
    expect(await outcome(updateRecord(env, model, 1, { ...values }))).toBe(expected);
    if (expected === "done") expect(await snapshot()).not.toEqual(before);
    else expect(await snapshot()).toEqual(before);
  });
});

describe("answers of writes", () => {
  test("show no record that the user may not see", async () => {
    const env = await under(rule(romans));
    const { data } = await updateRecord(env, "Person", 3, { name: "Cleo II" }, { fields: ["mentor.name", "pupils"] });
    expect(JSON.parse(data.toString())).toEqual({
      id: 3,
      name: "Cleo II",
      display_name: "Cleo II B-3",
      mentor: null,
      pupils: [],
    });
  });
});
