/** Whole databases: made, copied, found and dropped, with the sorting that we rely on. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { createDatabase, dropDatabase, existsDatabase, loadDatabaseNames } from "./catalog.ts";
import { withDatabase } from "./connection-option.ts";
import { Database } from "./database.ts";
import type { Session } from "./session.ts";

/** The connections of the tests' role to a database. */
const OWN = "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND usename = current_user";

let test: TestDatabase;
let name: string;
beforeAll(async () => {
  test = await createTestDatabase();
  name = `${test.name}_"odd" Ä`;
});
afterAll(async () => {
  await dropDatabase(test.database, name);
  await dropDatabase(test.database, `${name}2`);
  await test.drop();
});

it("creates once, copies, lists and drops", async () => {
  const { database } = test;
  expect(await existsDatabase(database, name)).toBe(false);
  expect(await createDatabase(database, name)).toBe(true);
  expect(await createDatabase(database, name)).toBe(false);
  const made = new Database({ connection: withDatabase(test.connection, name) });
  await made.run({ text: "CREATE TABLE kept AS SELECT 42 AS answer", values: [] });
  await made.close();
  expect(await createDatabase(database, `${name}2`, { template: name })).toBe(true);
  const copy = new Database({ connection: withDatabase(test.connection, `${name}2`) });
  expect(await copy.rows({ text: "SELECT answer FROM kept", values: [] })).toEqual([{ answer: 42 }]);
  expect(await loadDatabaseNames(database)).toEqual(expect.arrayContaining([name, `${name}2`, test.name]));
  // With a connection still open.
  expect(await dropDatabase(database, `${name}2`)).toBe(true);
  expect(await dropDatabase(database, `${name}2`)).toBe(false);
  expect(await existsDatabase(database, `${name}2`)).toBe(false);
  await copy.close();
});

it("drops what a connection that it may not end leaves after a moment", async () => {
  const { database } = test;
  const connection = withDatabase(test.connection, `${name}2`);
  await createDatabase(database, `${name}2`);
  const own = new Database({ connection });
  await own.rows({ text: "SELECT 1", values: [] });
  const foreign = new Database({ connection: withDatabase(inject("administrator"), `${name}2`) });
  await foreign.rows({ text: "SELECT 1", values: [] });
  const dropped = dropDatabase(database, `${name}2`);
  const isEnded = async () => (await database.rows({ text: OWN, values: [`${name}2`] })).length === 0;
  await expect.poll(isEnded).toBe(true);
  await foreign.close();
  expect(await dropped).toBe(true);
  await own.close();
});

describe("the characters that count as letters", () => {
  const text = "SELECT datcollate AS order, datctype AS letters FROM pg_database WHERE datname = $1";
  afterEach(() => dropDatabase(test.database, `${name}3`));

  it("are those of all scripts", async () => {
    const found = await test.database.rows<{ letters: string }>({ text, values: [test.name] });
    expect(found).toEqual([{ order: "C", letters: expect.stringMatching(/^(C|en_US)\.UTF-?8$/i) }]);
    const own = new Database({ connection: test.connection });
    await own.run({ text: "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public", values: [] });
    const trigrams = { text: "SELECT cardinality(show_trgm('αβγ')) > 0 AS known", values: [] };
    expect(await own.rows(trigrams)).toEqual([{ known: true }]);
    await own.close();
  });

  it("are those of ASCII where the server knows no others", async () => {
    const { database } = test;
    const without: Session = {
      rows: (statement) => database.rows(statement),
      run: ({ text }) => database.run({ text: text.replace("UTF-8", "nowhere"), values: [] }),
    };
    expect(await createDatabase(without, `${name}3`)).toBe(true);
    expect(await database.rows({ text, values: [`${name}3`] })).toEqual([{ order: "C", letters: "C" }]);
  });
});

describe("sorting and comparing text", () => {
  it.each<[label: string, collation: string, expected: string]>([
    ["as people read", "", "Äpfel,apple,Birne,éclair,Zoo"],
    ["bytewise where asked", 'COLLATE "C"', "Birne,Zoo,apple,Äpfel,éclair"],
  ])("%s", async (_label, collation, expected) => {
    const [row] = await test.database.rows<{ words: string }>({
      text: `SELECT string_agg(word, ',' ORDER BY word ${collation}) AS words FROM unnest($1::text[]) AS word`,
      values: [["Zoo", "éclair", "Birne", "apple", "Äpfel"]],
    });
    expect(row?.words).toBe(expected);
  });

  it("upper and lower case, accents and composed forms are different values", async () => {
    const [row] = await test.database.rows({
      text: `SELECT 'a' = 'A' AS "case", 'e' = 'é' AS accent, lower('ÄÉ') AS lower`,
      values: [],
    });
    expect(row).toEqual({ case: false, accent: false, lower: "äé" });
  });
});
