/** A general rule: random lists, nested in each other, leave exactly what a model in memory says, or are refused with nothing changed. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { documentModule } from "../../test/fixtures/document-registry.ts";
import { createWorld, shippedModules, type World } from "../../test/support/world.ts";
import { ApplicationError } from "../errors.ts";
import { createRecord, updateRecord } from "./write.ts";

/** What is tried: places instead of ids, so that it makes sense for whatever there is. */
type Command =
  | { readonly kind: "C"; readonly value: number; readonly nested: readonly Command[] }
  | { readonly kind: "U"; readonly pick: number; readonly value: number; readonly nested: readonly Command[] }
  | { readonly kind: "D" | "L" | "X"; readonly pick: number }
  | { readonly kind: "R"; readonly picks: readonly number[] }
  | { readonly kind: "clear" };

/** A record of the model in memory. `sheet` and `row` are the names of what holds it. */
interface Entry {
  readonly name: string;
  value: number;
  holder: string | null;
}

/** Everything by model and name; names never change, values do. */
interface State {
  readonly Row: Map<string, Entry>;
  readonly Part: Map<string, Entry>;
  readonly Note: Map<string, Entry>;
  /** Pairs `sheet mark`. */
  readonly links: Set<string>;
  /** What is wrong with what is given. */
  readonly problems: string[];
  /** Record -> the list that names it. */
  readonly named: Map<string, string>;
}
type Listed = "Row" | "Part" | "Note";

let world: World;
let ids: Map<string, number>;
let made = 0;
beforeAll(async () => {
  world = await createWorld([...shippedModules, documentModule]);
});
afterAll(() => world.drop());

const owned: Readonly<Record<Listed, boolean>> = { Row: true, Part: true, Note: false };
const tables = { Row: ["sheet", "quantity"], Part: ["row", null], Note: ["sheet", "quantity"] } as const;

/** What the database holds, in the form of the model. */
async function load(): Promise<State> {
  ids = new Map();
  const read = async (model: Listed): Promise<Map<string, Entry>> => {
    const [holder, value] = tables[model];
    const rows = await world.database.rows<{ id: number; name: string; value: number; holder: string | null }>({
      text: `select t.id, t.name, ${value === null ? "0" : `t.${value}`} as value, h.name as holder
        from "${model.toLowerCase()}" t left join "${holder}" h on h.id = t.${holder}_id`,
      values: [],
    });
    for (const { id, name } of rows) ids.set(name, id);
    return new Map(rows.map(({ name, value: own, holder: by }) => [name, { name, value: own, holder: by }]));
  };
  const links = await world.database.rows<{ pair: string }>({
    text: `select s.name || ' ' || m.name as pair from sheet_marks_link l join sheet s on s.id = l.sheet_id join mark m on m.id = l.mark_id`,
    values: [],
  });
  for (const table of ["sheet", "mark"]) {
    const rows = await world.database.rows<{ id: number; name: string }>({
      text: `select id, name from ${table}`,
      values: [],
    });
    for (const { id, name } of rows) ids.set(name, id);
  }
  return {
    Row: await read("Row"),
    Part: await read("Part"),
    Note: await read("Note"),
    links: new Set(links.map(({ pair }) => pair)),
    problems: [],
    named: new Map(),
  };
}

/** The record that a place means: one that is there, or, rarely, none. */
function pickName(all: readonly string[], pick: number): string {
  return all.length === 0 || pick % 20 === 19 ? "nobody" : (all[pick % all.length] ?? "nobody");
}
const idOf = (name: string): number => ids.get(name) ?? 999_999_999;

/** Applies commands one after the other to a list of records that refer to their holder, and gives what is sent for them. */
function applyLines(state: State, model: Listed, holder: string, commands: readonly Command[]): unknown[] {
  const records = state[model];
  const touched = new Set<string>();
  let fresh = false;
  const all = [...records.keys()].filter((each) => ids.has(each));
  const refuse = (problem: string) => {
    state.problems.push(problem);
  };
  const nameIt = (name: string) => {
    // What lists mean together is another question than what one of them means.
    fc.pre((state.named.get(name) ?? holder) === holder);
    state.named.set(name, holder);
  };
  const inList = (name: string): Entry | undefined => {
    const entry = records.get(name);
    nameIt(name);
    if (entry?.holder === holder) return entry;
    refuse(`${name} is not in the list`);
    return undefined;
  };
  const leave = (name: string) => {
    if (touched.has(name)) refuse(`${name} was changed before`);
    const entry = inList(name);
    // A record that goes is still known until the end: another command may bring it back.
    if (entry !== undefined) entry.holder = null;
  };
  const clear = () => {
    if (fresh || touched.size > 0) refuse("emptied too late");
    for (const entry of records.values()) if (entry.holder === holder) entry.holder = null;
  };
  const link = (name: string) => {
    const entry = records.get(name);
    nameIt(name);
    if (entry === undefined) refuse(`${name} is not there`);
    else entry.holder = holder;
  };
  const value = (given: number) => (model === "Part" ? {} : { quantity: given });
  const nest = (name: string, nested: readonly Command[]) =>
    model === "Row" && nested.length > 0 ? { parts: applyLines(state, "Part", name, nested) } : {};
  // A list without anything in it replaces what is there.
  if (commands.length === 0) clear();
  return commands.map((command): unknown => {
    if (command.kind === "clear") {
      clear();
      return ["X"];
    }
    if (command.kind === "R") {
      const chosen = command.picks.map((pick) => pickName(all, pick));
      clear();
      for (const each of chosen) link(each);
      return ["R", chosen.map(idOf)];
    }
    if (command.kind === "C") {
      made += 1;
      const name = `${model}${made}`;
      fresh = true;
      records.set(name, { name, value: model === "Part" ? 0 : command.value, holder });
      return ["C", { name, ...value(command.value), ...nest(name, command.nested) }];
    }
    // What this very write creates has no id to be named by yet.
    const there = [...records.values()].filter((each) => each.holder === holder && ids.has(each.name));
    const present = there.map((each) => each.name);
    const isWild = command.kind === "L" || command.pick % 10 === 0;
    const name = pickName(isWild ? all : present, command.pick);
    if (command.kind === "U") {
      const entry = inList(name);
      if (touched.has(name)) refuse(`${name} was changed before`);
      touched.add(name);
      if (entry !== undefined && model !== "Part") entry.value = command.value;
      return ["U", idOf(name), { ...value(command.value), ...nest(name, command.nested) }];
    }
    if (command.kind === "L") link(name);
    else leave(name);
    if (command.kind === "D") remove(state, model, name);
    return [command.kind, idOf(name)];
  });
}

function remove(state: State, model: Listed, name: string): void {
  state[model].delete(name);
  if (model === "Row")
    for (const part of [...state.Part.values()]) if (part.holder === name) state.Part.delete(part.name);
}

/** Pairs know of no owner: what leaves the list stays. */
function applyLinks(state: State, sheet: string, picks: readonly number[]): unknown[] {
  const all = ["red", "blue", "green"];
  const chosen = picks.map((pick) => all[pick % all.length] ?? "red");
  for (const pair of [...state.links]) if (pair.startsWith(`${sheet} `)) state.links.delete(pair);
  for (const mark of chosen) state.links.add(`${sheet} ${mark}`);
  return chosen.map(idOf);
}

/** What has no holder any more is gone where it cannot be without one. */
function settle(state: State): void {
  for (const model of ["Row", "Part"] as const) {
    if (!owned[model]) continue;
    for (const entry of [...state[model].values()]) if (entry.holder === null) remove(state, model, entry.name);
  }
}

/** Without the one value that the models do not take. */
const nat = fc.nat({ max: 99 }).map((value) => (value === 13 ? 14 : value));
const commandsOf = (depth: number): fc.Arbitrary<Command[]> => {
  const nested = depth === 0 ? fc.constant<Command[]>([]) : commandsOf(depth - 1);
  const one: fc.Arbitrary<Command> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("C" as const), value: nat, nested }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("U" as const), pick: nat, value: nat, nested }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("D" as const, "L" as const, "X" as const), pick: nat }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("R" as const), picks: fc.array(nat, { maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
  );
  return fc.array(one, { minLength: depth === 0 ? 0 : 1, maxLength: 3 });
};

test("random lists leave what the model says", async () => {
  for (const name of ["red", "blue", "green"]) await createRecord(world.env, "Mark", { name });
  const rows = (from: number) =>
    [0, 1, 2].map((index) => ({ name: `Row-${from + index}`, parts: [{ name: `Part-${from + index}` }] }));
  await createRecord(world.env, "Sheet", { name: "S", rows: rows(0), notes: [{ name: "Note-0" }, { name: "Note-1" }] });
  await createRecord(world.env, "Sheet", { name: "T", rows: rows(3), notes: [{ name: "Note-2" }] });
  const outcomes = { done: 0, refused: 0 };
  const write = fc.record({
    sheet: fc.constantFrom("S", "T"),
    rows: commandsOf(1),
    notes: fc.option(commandsOf(0)),
    marks: fc.option(fc.array(nat, { maxLength: 3 })),
  });
  await fc.assert(
    fc.asyncProperty(write, async (given) => {
      const before = await load();
      const expected = await load();
      const values: Record<string, unknown> = {};
      values.rows = applyLines(expected, "Row", given.sheet, given.rows);
      if (given.notes !== null) values.notes = applyLines(expected, "Note", given.sheet, given.notes);
      if (given.marks !== null) values.marks = applyLinks(expected, given.sheet, given.marks);
      settle(expected);
      // What is deleted takes with it what hangs on it, before any other list can have it.
      for (const [name, list] of expected.named) {
        const old = before.Part.get(name)?.holder ?? null;
        if (old !== null && old !== list) fc.pre(expected.Row.has(old));
      }
      expected.named.clear();
      const error: unknown = await updateRecord(world.env, "Sheet", idOf(given.sheet), values).then(
        () => null,
        (reason: unknown) => reason,
      );
      const after = await load();
      if (expected.problems.length > 0) {
        outcomes.refused += 1;
        expect(error, JSON.stringify([values, expected.problems])).toBeInstanceOf(ApplicationError);
        expect(after).toEqual(before);
      } else {
        outcomes.done += 1;
        expect(error, JSON.stringify(values)).toBeNull();
        expect(after, JSON.stringify(values)).toEqual(expected);
      }
    }),
    { numRuns: 200 },
  );
  expect(outcomes.done).toBeGreaterThan(20);
  expect(outcomes.refused).toBeGreaterThan(20);
});
