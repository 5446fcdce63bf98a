/** What clients are told about requests that do not fit the contract. */
import type { TSchema } from "typebox";
import { expect, test } from "vitest";
import { endpoints } from "../contract/endpoints.ts";
import { fetchRecord, queryRecords } from "../contract/reading.ts";
import { sharedSchemas } from "../contract/schema.ts";
import { authenticate } from "../contract/signing-in.ts";
import { ValidationError } from "../errors.ts";
import { compileCheck, wordings } from "./validation.ts";

type Row = readonly [name: string, schema: TSchema, value: unknown, errors: readonly (readonly [string, string])[]];

const query = queryRecords.body;
const rows: readonly Row[] = [
  ["a misspelt member", query, { limits: 1 }, [["limits", 'is not known here; did you mean "limit"?']]],
  ["a text for a number", query, { limit: "10" }, [["limit", "must be a whole number from 0 to 10000, not a text"]]],
  ["a number too large", query, { limit: 10_001 }, [["limit", "must be a whole number from 0 to 10000, not 10001"]]],
  ["a negative number", query, { offset: -1 }, [["offset", "must be a whole number, 0 or more, not -1"]]],
  ["a fraction", query, { limit: 1.5 }, [["limit", "must be a whole number from 0 to 10000, not the number 1.5"]]],
  ["a number for paths", query, { fields: 5 }, [["fields", "must be a list or a text, not the number 5"]]],
  ["a number among paths", query, { fields: ["id", 5] }, [["fields[1]", "must be a text, not the number 5"]]],
  ["an empty path", query, { order_by: [""] }, [["order_by[0]", "must not be empty"]]],
  ["another way to count", query, { count: "all" }, [["count", "must be one of exact, estimated, none"]]],
  ["a list for a filter", query, { q_filter: [] }, [["q_filter", "must be a text, an object or null, not a list"]]],
  ["a number to group by", query, { group_by: 5 }, [["group_by", "must be a list, a text or null, not the number 5"]]],
  ["too long an order", query, { order_by: Array(17).fill("id") }, [["order_by", "must have at most 16 items"]]],
  ["too long a path", query, { fields: ["x".repeat(501)] }, [["fields[0]", "must have at most 500 characters"]]],
  ["a list as the body", query, [], [["", "The body must be an object, not a list"]]],
  ["null as the body", fetchRecord.body, null, [["", "The body must be an object, not null"]]],
  [
    "all that is missing",
    authenticate.body,
    {},
    [
      ["email", "is required"],
      ["password", "is required"],
    ],
  ],
  [
    "everything that is wrong",
    query,
    { limit: -1, offset: "x", constructor: 1 },
    [
      [
        "constructor",
        "is not known here; known are fields, q_filter, order_by, limit, offset, count, cursor, group_by, aggregates, having",
      ],
      ["limit", "must be a whole number from 0 to 10000, not -1"],
      ["offset", "must be a whole number, 0 or more, not a text"],
    ],
  ],
];

test.each(rows)("%s", (_name, schema, value, errors) => {
  const thrown = catchError(() => compileCheck(schema, "The body")(value));
  const fields = thrown.extra.fields as readonly { path: string; message: string }[];
  const found = fields.map(({ path, message }) => [path, message] as const);
  expect(found.toSorted()).toEqual(errors.toSorted());
});

test("a value that fits passes", () => {
  const value = {
    fields: ["id"],
    q_filter: null,
    order_by: "name ASC",
    limit: 0,
    offset: 0,
    count: "none",
    group_by: null,
  };
  expect(() => compileCheck(query, "The body")(value)).not.toThrow();
});

test("a huge list does not make a huge answer", () => {
  const thrown = catchError(() => compileCheck(query, "The body")({ fields: Array(100_000).fill(1) }));
  expect((thrown.extra.fields as unknown[]).length).toBe(1);
});

test("every keyword of a request's schema has its words", () => {
  const silent = new Set(["properties", "items", "description", "format", "$ref"]);
  const used = new Set<string>();
  for (const { query, body } of endpoints) for (const schema of [query, body]) collectKeywords(schema, used);
  expect([...used].filter((keyword) => !silent.has(keyword) && !wordings.has(keyword))).toEqual([]);
  expect(used.size).toBeGreaterThan(8);
});

/** Collects the keywords of a schema, without the names of its members. */
function collectKeywords(schema: unknown, used: Set<string>): void {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return;
  for (const [keyword, value] of Object.entries(schema)) {
    used.add(keyword);
    if (keyword === "$ref") collectKeywords(sharedSchemas[value as keyof typeof sharedSchemas], used);
    else if (keyword === "properties") for (const member of Object.values(value)) collectKeywords(member, used);
    else if (keyword === "items") collectKeywords(value, used);
  }
}

function catchError(work: () => void): ValidationError {
  try {
    work();
  } catch (error) {
    if (error instanceof ValidationError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
