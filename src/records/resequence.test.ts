/** Moves among siblings: the order is what people made it, strict, and nobody is lost, however many move at once. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorld, declareModel, declareModule, shippedModules, type World } from "../../test/support/world.ts";
import { char, integer } from "../index.ts";
import { resequence } from "./resequence.ts";

const modules = [
  ...shippedModules,
  declareModule(
    "stages",
    declareModel("Step", { name: char(), board: integer(), place: integer({ sequence: true }), weight: integer() }),
  ),
];

const MOST = Number.MAX_SAFE_INTEGER;

let world: World;
beforeAll(async () => {
  world = await createWorld(modules);
});
afterAll(() => world.drop());

/** Puts records with these numbers in the place of all others; their ids are 1, 2, ... */
async function store(numbers: readonly (number | null)[], board = 1): Promise<void> {
  await world.database.run({ text: "delete from step", values: [] });
  await world.database.run({
    text: "insert into step (id, name, board, place) overriding system value select n, 's' || n, $2, v from unnest($1::bigint[]) with ordinality u(v, n)",
    values: [numbers, board],
  });
}

interface Row {
  readonly id: number;
  readonly place: number | null;
  readonly version: number;
}

const rows = (): Promise<Row[]> =>
  world.database.rows<Row>({ text: "select id, place, version from step order by place nulls last, id", values: [] });
const move = (dropped: number, after: number | null, filter?: unknown) =>
  resequence(world.env, "Step", { dropped, after, field: "place", filter });

describe("a move", () => {
  const moves: readonly (readonly [
    name: string,
    numbers: readonly (number | null)[],
    move: readonly [number, number | null],
    changed: readonly (readonly [id: number, sequence: number])[],
  ])[] = [
    [
      "to the front",
      [10, 20, 30],
      [3, null],
      [
        [3, 10],
        [1, 20],
        [2, 30],
      ],
    ],
    [
      "to the end",
      [10, 20, 30],
      [1, 3],
      [
        [2, 10],
        [3, 20],
        [1, 30],
      ],
    ],
    [
      "by one changes two",
      [10, 20, 30, 40],
      [3, 1],
      [
        [3, 20],
        [2, 30],
      ],
    ],
    ["to where it is changes nothing", [10, 20, 30], [2, 1], []],
    ["after itself changes nothing", [10, 20, 30], [2, 2], []],
    ["after itself changes nothing, whatever the numbers are", [5, 5, null], [2, 2], []],
    [
      "where no higher number is left",
      [5, MOST, MOST],
      [1, 3],
      [
        [2, 5],
        [3, MOST - 1],
        [1, MOST],
      ],
    ],
    [
      "where all have the highest number",
      [MOST, MOST, null],
      [3, null],
      [
        [3, MOST - 2],
        [1, MOST - 1],
      ],
    ],
    ["where all have the lowest number", [-MOST, -MOST], [2, null], [[1, 1 - MOST]]],
    [
      "sets ties right",
      [5, 5, 5],
      [3, 1],
      [
        [3, 6],
        [2, 7],
      ],
    ],
    [
      "gives numbers to who has none",
      [null, 7, null],
      [1, null],
      [
        [1, 7],
        [2, 8],
        [3, 9],
      ],
    ],
    [
      "where nobody has one",
      [null, null],
      [2, null],
      [
        [2, 1],
        [1, 2],
      ],
    ],
    [
      "among negative ones",
      [-3, -2, 0],
      [3, null],
      [
        [3, -3],
        [1, -2],
        [2, 0],
      ],
    ],
  ];
  test.each(moves)("%s", async (_name, numbers, [dropped, after], changed) => {
    await store(numbers);
    expect((await move(dropped, after)).map(({ id, sequence }) => [id, sequence])).toEqual(changed);
    const now = await rows();
    for (const { id, version } of now) expect(version).toBe(changed.some(([each]) => each === id) ? 2 : 1);
    for (const [id, sequence] of changed) expect(now.find((row) => row.id === id)?.place).toBe(sequence);
  });

  test("leaves who is no sibling alone", async () => {
    await store([1, 2, 3]);
    await world.database.run({ text: "update step set board = 2 where id = 2", values: [] });
    expect(await move(3, null, "Q(board=1)")).toEqual([
      { id: 3, sequence: 1 },
      { id: 1, sequence: 3 },
    ]);
    await expect(move(2, null, "Q(board=1)")).rejects.toThrow("Step 2 does not exist");
  });

  test("puts a record where it was dropped, whatever the numbers were", async () => {
    const numbers = fc.array(fc.option(fc.integer({ min: -3, max: 6 }), { nil: null }), { minLength: 1, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(numbers, fc.nat(), fc.nat(), async (given, a, b) => {
        await store(given);
        const dropped = 1 + (a % given.length);
        const after = b % (given.length + 1) || null;
        const before = await rows();
        await move(dropped, after);
        const now = await rows();
        if (after === dropped) {
          expect(now).toEqual(before);
          return;
        }
        const others = before.map(({ id }) => id).filter((id) => id !== dropped);
        const at = after === null ? 0 : others.indexOf(after) + 1;
        expect(now.map(({ id }) => id)).toEqual(others.toSpliced(at, 0, dropped));
        expect(new Set(now.map(({ place }) => place)).size).toBe(now.length);
      }),
      { numRuns: 60 },
    );
  });

  test("takes the same number of statements for any number of siblings", async () => {
    const counts: number[] = [];
    for (const count of [5, 500]) {
      await store(Array.from({ length: count }, (_, index) => index));
      await move(count, null);
      counts.push((await world.statements.during(() => move(1, null))).texts.length);
    }
    expect(counts[1]).toBe(counts[0]);
  });
});

test("twenty moves at once end in a strict order, and nobody is lost", async () => {
  await store(Array.from({ length: 12 }, (_, index) => (index % 4) * 10));
  const moves = Array.from({ length: 20 }, (_, n) => move(1 + (n % 12), n % 3 === 0 ? null : 1 + ((n * 5) % 12)));
  await Promise.all(moves);
  const now = await rows();
  expect(now.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 12 }, (_, index) => index + 1),
  );
  expect(new Set(now.map(({ place }) => place)).size).toBe(12);
});

describe("is refused", () => {
  const refused: readonly (readonly [name: string, work: () => Promise<unknown>, says: string | RegExp])[] = [
    ["for a record that is not there", () => move(99, null), "Step 99 does not exist"],
    ["after one that is not there", () => move(1, 99), "Step 99 does not exist"],
    [
      "for an unknown field",
      () => resequence(world.env, "Step", { dropped: 1, after: null, field: "plase" }),
      /sequence_field: Step has no field "plase"; did you mean "place"/,
    ],
    [
      "for a field that is no order",
      () => resequence(world.env, "Step", { dropped: 1, after: null, field: "weight" }),
      'sequence_field: "weight" does not hold the order of records; there is place',
    ],
    [
      "for a model without one",
      () => resequence(world.env, "User", { dropped: 1, after: null, field: "name" }),
      /User has none/,
    ],
    [
      "for an unknown model",
      () => resequence(world.env, "Nope", { dropped: 1, after: null, field: "place" }),
      /Unknown model/,
    ],
    ["with a wrong filter", () => move(1, null, "Q(nope=1)"), /Filter: Step has no field "nope"/],
  ];
  beforeAll(() => store([1, 2, 3]));
  test.each(refused)("%s", async (_name, work, says) => {
    await expect(work()).rejects.toThrow(says);
    expect((await rows()).map(({ version }) => version)).toEqual([1, 1, 1]);
  });
});
