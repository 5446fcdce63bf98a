/** What PostgreSQL's errors become: provoked on a real database, row by row. */
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { buildLogger } from "../http/logger.ts";
import { ConstraintViolation, DatabaseFault, DatabaseUnavailable } from "./error-code.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase({ settings: { statementTimeout: 150 } });
  for (const text of [
    `CREATE TABLE parent (id int CONSTRAINT parent_pk PRIMARY KEY)`,
    `CREATE TABLE child (
       id int PRIMARY KEY,
       parent int CONSTRAINT child_parent_fk REFERENCES parent,
       strict int CONSTRAINT child_strict_fk REFERENCES parent ON DELETE RESTRICT,
       name varchar(3) NOT NULL CONSTRAINT child_name_key UNIQUE CONSTRAINT child_name_check CHECK (name <> 'bad'),
       born date, amount numeric(4,2), during int4range, EXCLUDE USING gist (during WITH &&))`,
    `INSERT INTO parent VALUES (1), (2), (3)`,
    `INSERT INTO child (id, parent, strict, name, during) VALUES (1, 1, 2, 'abc', '[1,5)')`,
  ]) {
    await test.database.run({ text, values: [] });
  }
});
afterAll(() => test.drop());

const failure = (text: string, values: readonly string[] = []) =>
  test.database.run({ text, values }).then(
    () => undefined,
    (error: unknown) => error,
  );

describe("broken constraints", () => {
  it.each<[label: string, text: string, expected: object]>([
    ["unique", "INSERT INTO child (id, name) VALUES (2, 'abc')", { kind: "unique", constraint: "child_name_key" }],
    [
      "missing",
      "INSERT INTO child (id, name, parent) VALUES (2, 'x', 9)",
      { kind: "reference", constraint: "child_parent_fk" },
    ],
    ["still used", "DELETE FROM parent WHERE id = 1", { kind: "referenced", constraint: "child_parent_fk" }],
    ["still used, RESTRICT", "DELETE FROM parent WHERE id = 2", { kind: "referenced", constraint: "child_strict_fk" }],
    ["not null", "INSERT INTO child (id) VALUES (2)", { kind: "notNull", column: "name" }],
    ["check", "INSERT INTO child (id, name) VALUES (2, 'bad')", { kind: "check", constraint: "child_name_check" }],
    ["exclusion", "INSERT INTO child (id, name, during) VALUES (2, 'x', '[3,4)')", { kind: "exclusion" }],
  ])("%s", async (_label, text, expected) => {
    const error = await failure(text);
    expect(error).toBeInstanceOf(ConstraintViolation);
    expect(error).toMatchObject({ table: "child", ...expected });
  });
});

describe("values that do not fit", () => {
  it.each<[text: string, sent: string, message: string]>([
    ["SELECT $1::int", "secret", "the value is malformed"],
    ["SELECT $1::int", "2147483648", "the number is out of range"],
    ["UPDATE child SET amount = $1", "100", "the number is out of range"],
    ["SELECT $1::date", "2024-02-30", "the date or time is out of range"],
    ["SELECT $1::date", "secret", "the value is not a valid date or time"],
    ["UPDATE child SET name = $1", "secret", "the text is too long"],
    ["SELECT $1::text", "secret\0", "the text holds a character that cannot be stored"],
    ["SELECT $1::jsonb", "{secret", "the value is malformed"],
    ["SELECT $1::jsonb", '"\\u0000"', "the text holds a character that cannot be stored"],
    ["SELECT 1 / $1::int", "0", "division by zero"],
    ["SELECT 'a' ~ $1", "(secret", "the value is not valid"],
  ])("%s with %j", async (text, sent, message) => {
    const error = await failure(text, [sent]);
    expect(error).toBeInstanceOf(ConstraintViolation);
    expect(error).toMatchObject({ kind: "value", message });
  });
});

describe("the rest", () => {
  it.each<[label: string, text: string, code: string]>([
    ["unknown column", "SELECT secret FROM parent", "42703"],
    ["unknown table", "SELECT 1 FROM nowhere", "42P01"],
    ["syntax", "SELEC 1", "42601"],
    ["two statements", "SELECT 1; SELECT 2", "42601"],
  ])("%s is a fault of the program", async (_label, text, code) => {
    const error = await failure(text);
    expect(error).toBeInstanceOf(DatabaseFault);
    expect(error).toMatchObject({ code });
  });

  it("a statement over its time is refused with the limit, and the connection stays usable", async () => {
    const error = await failure("SELECT pg_sleep(5)");
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({
      status: 503,
      message: "the request took longer than 150 ms",
      extra: { code: "query_timeout" },
    });
    expect(await test.database.rows({ text: "SELECT 1 AS one", values: [] })).toEqual([{ one: 1 }]);
  });

  it.each<[text: string, told: RegExp]>([
    ["INSERT INTO child (id, name) VALUES (2, 'abc')", /another record already has this value/],
    ["INSERT INTO child (id, name) VALUES (2, 'bad')", /the value is not allowed/],
    ["INSERT INTO child (id, amount, name) VALUES (2, 12.34, null)", /a value is required/],
    ["SELECT 'hidden'::int", /the value is malformed/],
    ["DELETE FROM parent", /other records still refer to this record/],
  ])("neither answer, log nor traceback tells values, details or SQL: %s", async (text, told) => {
    const error = (await failure(text)) as Error;
    expect(error.cause).toBeUndefined();
    const logged: string[] = [];
    const log = buildLogger("error", { write: (line) => void logged.push(line) });
    log.error({ err: error, deep: { err: error } }, "failed");
    log.error(error);
    const shown = [
      error.message,
      `${error.stack}`,
      JSON.stringify({ ...error }),
      inspect(error, { depth: null, showHidden: true }),
      inspect(new Error("outer", { cause: error })),
      logged.join(),
    ].join("\n");
    expect(shown).toMatch(told);
    expect(shown).not.toMatch(/abc|\bbad\b|12\.34|hidden|SELECT|DELETE|INSERT|=\(/);
  });
});
