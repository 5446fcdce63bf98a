/** Reading over HTTP by callers of every kind: in no place may a request reach what the caller may not see, nor learn that it is there. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AccessTokens } from "../../src/auth/access-token.ts";
import { Authenticator } from "../../src/auth/authenticator.ts";
import { pathPlaces, type ReadRequest, relatedPlace } from "../support/reading.ts";
import { type Answer, startTestServer, TEST_SECRET, type TestServer } from "../support/server.ts";

/**
 * `clerk` reads products below 100 and not their categories; `branch` is of another company and sees what was made there; `internal`
 * has no right to either; `stranger` has a good token of another database.
 */
type Who = "admin" | "clerk" | "branch" | "internal" | "portal" | "stranger" | "nobody";

let api: TestServer;
const tokens = new Map<Who, string | null>([["nobody", null]]);

beforeAll(async () => {
  api = await startTestServer();
  tokens.set("admin", api.token);
  tokens.set("internal", await api.signIn("internal@example.com", "demo-demo"));
  tokens.set("portal", await api.signIn("portal@example.com", "demo-demo"));
  const { family, userId } = new Authenticator({ secret: TEST_SECRET }).verifyAccessToken(api.token, "main");
  tokens.set("stranger", new AccessTokens(TEST_SECRET).issue({ userId, family, database: "elsewhere" }).token);
  const [internalGroup] = (await read("admin", "Group", { q_filter: "Q(identifier='core_internal')" })).data;
  const currency = (await read("admin", "Currency", { limit: 1 })).data[0]?.id;
  const company = await create("Company", { name: "Branch", currency });
  await addUser("clerk", "Q(price__lt=100)", internalGroup?.id);
  await addUser("branch", "Q(create_uid__default_company=cid)", internalGroup?.id, company);
  tokens.set("branch", await api.signIn("branch@example.com", "a long password"));
  await create("Product", { name: "Branch lamp", price: 5 }, "branch");
});
afterAll(() => api?.close());

async function create(model: string, values: object, who: Who = "admin"): Promise<number> {
  const answer = await api.call("POST", `/api/create/${model}`, values, { token: tokens.get(who) ?? null });
  expect(answer.status, answer.text).toBe(200);
  return Number(answer.json.id);
}

/** A user with a group that may read and create products under a rule. */
async function addUser(who: Who, rule: string, internal: unknown, company?: number): Promise<void> {
  const group = await create("Group", { name: who, identifier: who });
  const may = { read_perm: true, create_perm: true, write_perm: false, delete_perm: false };
  await create("ModelAccess", { name: who, model: "Product", group, ...may });
  await create("RecordRule", { name: who, model: "Product", groups: [group], rule, ...may });
  const user = { name: who, email: `${who}@example.com`, password: "a long password", groups: [internal, group] };
  const own = company === undefined ? {} : { default_company: company, allowed_companies: [company] };
  await create("User", { ...user, ...own });
  tokens.set(who, await api.signIn(`${who}@example.com`, "a long password"));
}

const send = (who: Who, { method, path, body }: ReadRequest): Promise<Answer> =>
  api.call(method, path, body, { token: tokens.get(who) ?? null });

interface List {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly total: number;
}
async function read(who: Who, model: string, body: object): Promise<List> {
  const answer = await send(who, { method: "POST", path: `/api/query/${model}`, body });
  expect(answer.status, answer.text).toBe(200);
  return answer.json as unknown as List;
}

const allPlaces = [...pathPlaces, relatedPlace];
const NOBODYS = "nobodys";
/** What is said of a name, without the name and without what it might have been meant for. */
const neutral = (text: unknown, name: string): string =>
  String(text)
    .replaceAll(name, "?")
    .replace(/; did you mean.*|; it has.*/, "");

describe("a hidden path is as unknown as one that is not there", () => {
  test.each<[who: Who, model: string, path: string, hidden: string]>([
    ["admin", "User", "password", "password"],
    ["internal", "User", "password", "password"],
    ["admin", "User", "groups.users.password", "password"],
    ["admin", "Product", "create_uid.password", "password"],
    ["admin", "Category", "products.write_uid.password", "password"],
    ["admin", "RecordRule", "groups.users.refresh_tokens", "refresh_tokens"],
    ["clerk", "Product", "category", "category"],
    ["clerk", "Product", "category.name", "category"],
    ["clerk", "Product", "category.parent.products.create_uid.email", "category"],
    ["clerk", "Product", "uom.category.name", "uom"],
    ["clerk", "User", "groups.model_access", "model_access"],
    ["internal", "User", "contact.name", "contact"],
    ["admin", "User", "constructor", "constructor"],
    ["admin", "User", "groups.constructor", "constructor"],
  ])("to %s %s has no %s", async (who, model, path, hidden) => {
    for (const [place, request] of allPlaces) {
      const refused = await send(who, request(model, path));
      expect([place, refused.status, refused.json.error]).toEqual([place, 400, "ValidationError"]);
      const unknown = await send(who, request(model, path.replace(hidden, NOBODYS)));
      expect([place, unknown.status, neutral(refused.text, hidden)]).toEqual([
        place,
        400,
        neutral(unknown.text, NOBODYS),
      ]);
    }
  });

  const lookups = [
    ...["eq", "neq", "gt", "gte", "lt", "lte", "contains", "icontains"],
    ...["startswith", "istartswith", "endswith", "iendswith"],
  ].map((lookup) => `${lookup}='$'`);
  const others = ["in=['$']", "nin=['$']", "isnull=True", "isnotnull=True", "between=['a', 'z']", "regex='(a+)+$'"];
  test.each([...lookups, ...others])("no secret can be compared by %s", async (condition) => {
    for (const path of ["password", "groups__users__password"]) {
      const request = (name: string) => ({
        method: "POST" as const,
        path: "/api/query/User",
        body: { q_filter: `Q(${path.replace("password", name)}__${condition})` },
      });
      const [hidden, unknown] = [await send("admin", request("password")), await send("admin", request(NOBODYS))];
      expect([hidden.status, neutral(hidden.text, "password")]).toEqual([400, neutral(unknown.text, NOBODYS)]);
    }
  });

  test.each([
    { fields: ["p:name"] },
    { fields: ["name as password"] },
    { fields: ["*"] },
    { fields: ["name,password"] },
    { fields: [" password"] },
    { fields: ["PASSWORD"] },
    { fields: ["passw\u043erd"] },
    { fields: "name,password" },
    { group_by: ["p:name"] },
    { aggregates: ["password__count as n"] },
  ])("nor renamed: %j", async (body) => {
    const answer = await send("admin", { method: "POST", path: "/api/query/User", body });
    expect([answer.status, answer.json.error]).toEqual([400, "ValidationError"]);
  });
});

describe("who does not get in", () => {
  const some: ReadRequest[] = allPlaces.map(([, request]) => request("Product", "name"));
  test.each<[who: Who, status: number, error: string]>([
    ["nobody", 401, "AuthenticationError"],
    ["stranger", 401, "AuthenticationError"],
    ["portal", 403, "AccessError"],
  ])("%s gets a %i, whatever is asked of whatever", async (who, status, error) => {
    const texts = new Set<string>();
    for (const request of [...some, { method: "POST" as const, path: "/api/query/Nope", body: { fields: ["x"] } }]) {
      const answer = await send(who, request);
      expect([answer.status, answer.json.error]).toEqual([status, error]);
      texts.add(answer.text);
    }
    expect(texts.size).toBe(1);
  });

  test.each<[who: Who, model: string]>([
    ["internal", "Product"],
    ["internal", "ModelAccess"],
    ["internal", "RefreshToken"],
    ["clerk", "Category"],
    ["clerk", "Contact"],
    ["admin", "RefreshToken"],
    ["admin", "Nope"],
  ])("to %s the model %s is unknown", async (who, model) => {
    for (const [place, request] of allPlaces) {
      const answer = await send(who, request(model, "nothing.at.all"));
      const expected = { detail: `Unknown model "${model}"`, error: "MissingError" };
      expect([place, answer.status, answer.json]).toEqual([place, 404, expected]);
    }
  });
});

describe("what is not visible is in no number", () => {
  test.each<[who: Who, own: (product: Readonly<Record<string, unknown>>) => boolean]>([
    ["clerk", ({ price }) => Number(price) < 100],
    ["branch", ({ name }) => name === "Branch lamp"],
  ])("for %s", async (who, own) => {
    const every = await read("admin", "Product", { fields: ["name", "price", "active"], limit: 1000 });
    const visible = every.data.filter(own);
    const hidden = every.data.find((product) => !own(product));
    expect(visible.length).toBeGreaterThan(0);
    expect(hidden).toBeDefined();
    const prices = visible.map(({ price }) => Number(price));
    const count = visible.length;

    for (const page of [{ limit: 1000 }, { limit: 1 }, { limit: 0 }, { limit: 1, offset: 1000 }]) {
      expect((await read(who, "Product", page)).total).toBe(count);
    }
    const [all] = (await read(who, "Product", { aggregates: ["id__count", "price__max", "price__sum"] })).data;
    expect(all).toMatchObject({ count, id__count: count, price__max: Math.max(...prices) });
    expect(all?.price__sum).toBeCloseTo(
      prices.reduce((sum, price) => sum + price, 0),
      6,
    );
    const groups = await read(who, "Product", { group_by: ["active"], limit: 1000 });
    expect(groups.data.reduce((sum, group) => sum + Number(group.count), 0)).toBe(count);
    for (const { q_filter, count: of } of groups.data) {
      expect((await read(who, "Product", { q_filter, limit: 0 })).total).toBe(of);
    }
    const found = await send(who, { method: "POST", path: "/api/name_search/Product", body: { limit: 100 } });
    const ids = new Set(visible.map(({ id }) => id));
    expect((found.json as unknown as List).data.every(({ id }) => ids.has(id))).toBe(true);

    // A record that is hidden answers like one that never was, however it is asked for.
    const { id, name } = hidden as { id: number; name: string };
    const one = await send(who, { method: "POST", path: `/api/fetch/Product/${id}`, body: {} });
    const none = await send(who, { method: "POST", path: "/api/fetch/Product/999999", body: {} });
    expect([one.status, one.text.replaceAll(String(id), "?")]).toEqual([404, none.text.replaceAll("999999", "?")]);
    const empty = { data: [], total: 0 };
    expect(await read(who, "Product", { q_filter: { id } })).toEqual(empty);
    expect(await read(who, "Product", { q_filter: { id }, group_by: "active" })).toEqual(empty);
    const named = await send(who, { method: "POST", path: "/api/name_search/Product", body: { term: name } });
    expect((named.json as unknown as List).data.map((each) => each.id)).not.toContain(id);
  });

  test("a cursor of one user is no other's", async () => {
    const body = { fields: ["name"], order_by: ["price DESC"], limit: 1 };
    const first = await send("admin", { method: "POST", path: "/api/query/Product", body });
    const continued = { ...body, cursor: first.json.next_cursor };
    for (const [who, status] of [
      ["admin", 200],
      ["clerk", 400],
      ["branch", 400],
      ["stranger", 401],
    ] as const) {
      const answer = await send(who, { method: "POST", path: "/api/query/Product", body: continued });
      expect([who, answer.status]).toEqual([who, status]);
    }
  });
});
