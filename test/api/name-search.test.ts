/** Searching by name over HTTP: what is answered, what is refused, and what a search may not tell. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let internal: string;

beforeAll(async () => {
  api = await startTestServer();
  internal = await api.signIn("internal@example.com", "demo-demo");
  await api.call("POST", "/api/create/Product", { name: "Zebra", code: "Z-1", price: 1 });
  await api.call("POST", "/api/create/Product", { name: "Zebra crossing", price: 2 });
  await api.call("POST", "/api/create/Product", { name: "A zebra", price: 3 });
  await api.call("POST", "/api/create/Product", { name: "Zebra, old", active: false });
});
afterAll(() => api?.close());

const search = (model: string, body: unknown, token?: string) =>
  api.call("POST", `/api/name_search/${model}`, body, token === undefined ? {} : { token });

describe("answers", () => {
  const ZEBRAS = ["Zebra", "Zebra crossing", "A zebra"];
  test.each<readonly [what: string, body: unknown, names: readonly string[]]>([
    ["exact, beginning, within", { term: "zebra" }, ZEBRAS],
    ["in capitals", { term: "ZEBRA" }, ZEBRAS],
    ["with an accent", { term: "zébrä" }, ZEBRAS],
    ["by another field", { term: "z-1" }, ["Zebra"]],
    ["as many as wanted", { term: "zebra", limit: 1 }, ["Zebra"]],
    ["with a filter", { term: "zebra", filter: "Q(price__gt=1)" }, ["Zebra crossing", "A zebra"]],
    ["with a filter as JSON", { term: "zebra", filter: { price__gt: 2 } }, ["A zebra"]],
    ["with the filter's other name", { term: "zebra", q_filter: "Q(price=2)" }, ["Zebra crossing"]],
    ["with a filter that is null", { term: "zebra", filter: null, q_filter: "Q(price=2)" }, ["Zebra crossing"]],
    ["archived ones when asked", { term: "zebra", filter: "Q(active=False)" }, ["Zebra, old"]],
  ])("%s", async (_what, body, names) => {
    const answer = await search("Product", body);
    expect(answer.status, answer.text).toBe(200);
    const { data } = answer.json as { data: { id: number; display_name: string }[] };
    expect(data.map((each) => each.display_name)).toEqual(names);
    for (const each of data) expect(Object.keys(each)).toEqual(["id", "display_name"]);
    expect(Object.keys(answer.json)).toEqual(["data"]);
  });

  test.each([undefined, {}, { term: "" }])("%s gives the first ten in the model's order", async (body) => {
    const found = (await search("Country", body)).json;
    const list = (await api.call("POST", "/api/query/Country", { fields: ["id", "display_name"], limit: 10 })).json;
    expect(found.data).toEqual(list.data);
    expect(found.data).toHaveLength(10);
  });
});

test.each<readonly [what: string, body: unknown, says: RegExp]>([
  [
    "both names of the filter",
    { term: "a", filter: "Q(id=1)", q_filter: "Q(id=1)" },
    /^q_filter: is the same as filter/,
  ],
  ["an unknown member", { term: "a", fields: ["name"] }, /fields/],
  ["a term that is no text", { term: 5 }, /term/],
  ["a term that is too long", { term: "x".repeat(257) }, /term/],
  ["a term with NUL", { term: "a\0" }, /term/],
  ["a term with half a character", '{"term":"\\ud800"}', /term|surrogate|character/],
  ["a limit that is text", { limit: "10" }, /limit/],
  ["a limit below 0", { limit: -1 }, /limit/],
  ["a limit above 100", { limit: 101 }, /limit/],
  ["a limit that is no whole number", { limit: 1.5 }, /limit/],
  ["a filter that does not parse", { term: "a", filter: "Q(" }, /Filter/],
  ["an unknown field", { term: "a", filter: "Q(nmae='x')" }, /no field "nmae"/],
  ["an unknown field without term", { filter: "Q(nmae='x')" }, /no field "nmae"/],
])("refuses %s", async (_what, body, says) => {
  const answer = await search("Product", body);
  expect(answer.status, answer.text).toBe(400);
  expect(answer.json).toMatchObject({ error: "ValidationError", detail: expect.stringMatching(says) });
});

test.each(["Nope", "product", "RefreshToken", "__proto__"])(
  "an unknown or hidden model is a 404: %s",
  async (model) => {
    const answer = await search(model, { term: "a" });
    expect(answer.status).toBe(404);
    expect(answer.json.error).toBe("MissingError");
  },
);

test("secrets are not searched, nor can a filter speak of them", async () => {
  for (const term of ["$argon2id", "argon", "$"]) expect((await search("User", { term })).json.data).toEqual([]);
  const hidden = await search("User", { term: "a", filter: "Q(password__startswith='$')" });
  const unknown = await search("User", { term: "a", filter: "Q(passwort__startswith='$')" });
  expect([hidden.status, unknown.status]).toEqual([400, 400]);
  expect(String(hidden.json.detail).split(";")[0]).toContain('User has no field "password"');
});

test.each(["'", '"', "\\", "$1", "?", "::", "%", "_", "--", "/*", "'; drop table product; --"])(
  "%s is looked up as it is",
  async (term) => {
    const answer = await search("Product", { term: `zebra${term}` });
    expect([answer.status, answer.text]).toEqual([200, '{"data":[]}']);
    expect((await search("Product", { term: `q${term}q` })).json.data).toEqual([]);
  },
);

test("a user finds what a list gives, and no more", async () => {
  for (const model of ["Product", "Contact", "User", "Group", "Currency"]) {
    const found = await search(model, { term: "", limit: 100, filter: "Q(id__gt=0)" }, internal);
    const list = await api.call(
      "POST",
      `/api/query/${model}`,
      { fields: ["id", "display_name"], limit: 1000 },
      { token: internal },
    );
    expect(found.status).toBe(list.status);
    if (list.status !== 200) {
      expect(found.text).toBe(list.text);
      continue;
    }
    const idsOf = ({ json }: typeof list) => (json.data as { id: number }[]).map(({ id }) => id);
    expect(idsOf(list)).toEqual(expect.arrayContaining(idsOf(found)));
    expect(idsOf(found).length).toBeGreaterThan(0);
  }
});
