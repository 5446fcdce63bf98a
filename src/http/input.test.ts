/** Bodies of requests: those of endpoints that read are remembered, and nothing that is wrong ever is. */
import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import type { Endpoint } from "../contract/endpoint.ts";
import { fetchRecord, queryRecords } from "../contract/reading.ts";
import { createRecord } from "../contract/writing.ts";
import { ValidationError } from "../errors.ts";
import { inputReader } from "./input.ts";

/** What an endpoint makes of a body. */
function reader(endpoint: Endpoint): (body: unknown) => unknown {
  const read = inputReader(endpoint);
  const raw = { url: "/" };
  return (body) =>
    read({ params: { model: "Product", id: "1" }, raw, headers: {}, body } as unknown as FastifyRequest).body;
}

test("the same text is the same body, which nobody can change", () => {
  const read = reader(queryRecords);
  const text = '{"fields":["name"],"q_filter":{"and":[{"name":"x"}]}}';
  const body = read(text) as { fields: string[]; q_filter: { and: object[] } };
  expect(body).toEqual(JSON.parse(text));
  expect(read(`${text}`)).toBe(body);
  expect(() => body.fields.push("price")).toThrow(TypeError);
  expect(() => body.q_filter.and.push({})).toThrow(TypeError);
  expect(() => Object.assign(body.q_filter, { or: [] })).toThrow(TypeError);
});

test("each endpoint reads for itself", () => {
  const text = '{"fields":["name"],"limit":5}';
  expect(reader(queryRecords)(text)).toEqual(JSON.parse(text));
  expect(() => reader(fetchRecord)(text)).toThrow("limit");
});

test("long bodies, and those of endpoints that write, are read anew", () => {
  const long = JSON.stringify({ fields: ["name"], q_filter: `Q(name="${"x".repeat(1000)}")` });
  const query = reader(queryRecords);
  expect(query(long)).not.toBe(query(long));
  const create = reader(createRecord);
  const values = create('{"name":"Chair"}') as { name: string };
  values.name = "Table";
  expect(create('{"name":"Chair"}')).toEqual({ name: "Chair" });
});

test.each(['{"limit":-1}', '{"limit":1,"limit":2}', '{"limit":', "[]", '"{}"', "null", '{"__proto__":{}}'])(
  "%s is refused each time",
  (text) => {
    const read = reader(queryRecords);
    for (let time = 0; time < 2; time += 1) expect(() => read(text)).toThrow(ValidationError);
  },
);
