/** Sessions from sign-in to sign-out: what ends them, and that their tokens are refused from the next request on, everywhere. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type SecondProcess, startSecondProcess } from "../support/second-process.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let other: SecondProcess;

beforeAll(async () => {
  api = await startTestServer();
  other = await startSecondProcess(api);
});
afterAll(async () => {
  await other?.close();
  await api?.close();
});

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

let people = 0;

/** A new internal user. */
async function newUser(password = "first-password"): Promise<{ id: number; email: string; password: string }> {
  people += 1;
  const email = `person${people}@example.com`;
  const found = await api.call("POST", "/api/query/Group", {
    q_filter: "Q(identifier='core_internal')",
    fields: ["id"],
  });
  const groups = (found.json.data as readonly { id: number }[]).map(({ id }) => id);
  const { json } = await api.call("POST", "/api/create/User", { name: email, email, password, groups });
  return { id: json.id as number, email, password };
}

async function open({ email, password }: { email: string; password: string }): Promise<Tokens> {
  const answer = await api.call("POST", "/auth/authenticate", { email, password }, { token: null });
  expect(answer.status, answer.text).toBe(200);
  return answer.json as unknown as Tokens;
}

const refresh = async ({ refresh_token }: Tokens) =>
  (await api.call("POST", "/auth/refresh", { refresh_token }, { token: null })).status;
const me = async ({ access_token }: Tokens) =>
  (await api.call("GET", "/auth/me", undefined, { token: access_token })).status;
const signOut = (tokens: Tokens, body?: object) =>
  api.call("POST", "/auth/logout", body, { token: tokens.access_token });

/** Every token of the session is refused: here at once, and in the other process as soon as it is told. */
async function expectEnded(tokens: Tokens): Promise<void> {
  expect(await me(tokens)).toBe(401);
  await vi.waitFor(async () => expect(await other.status("/auth/me", tokens.access_token)).toBe(401));
  expect(await refresh(tokens)).toBe(401);
}

/** The session is known in both processes, so that both have to be told of its end. */
async function openEverywhere(user: { email: string; password: string }): Promise<Tokens> {
  const tokens = await open(user);
  expect(await me(tokens)).toBe(200);
  expect(await other.status("/auth/me", tokens.access_token)).toBe(200);
  return tokens;
}

describe("a session ends", () => {
  test("when its user signs out, and no other session with it", async () => {
    const user = await newUser();
    const [first, second] = [await openEverywhere(user), await openEverywhere(user)];
    const answer = await signOut(first);
    expect([answer.status, answer.json]).toEqual([200, { message: "Signed out" }]);
    await expectEnded(first);
    expect((await signOut(first)).status).toBe(401);
    expect(await me(second)).toBe(200);
    expect(await refresh(second)).toBe(200);
  });

  test("with all tokens that were refreshed from its first ones", async () => {
    const first = await openEverywhere(await newUser());
    const { json } = await api.call("POST", "/auth/refresh", { refresh_token: first.refresh_token }, { token: null });
    const second = json as unknown as Tokens;
    expect((await signOut(second)).status).toBe(200);
    await expectEnded(second);
    await expectEnded(first);
  });

  test("when its refresh token is given at the sign-out of another session of the user", async () => {
    const user = await newUser();
    const [first, second] = [await openEverywhere(user), await openEverywhere(user)];
    await signOut(first, { refresh_token: second.refresh_token });
    await expectEnded(first);
    await expectEnded(second);
  });

  test("but not by somebody else's sign-out", async () => {
    const [mine, yours] = [await open(await newUser()), await open(await newUser())];
    expect((await signOut(mine, { refresh_token: yours.refresh_token })).status).toBe(200);
    expect(await me(yours)).toBe(200);
    expect(await refresh(yours)).toBe(200);
  });

  test("when a used refresh token comes back late", async () => {
    const tokens = await openEverywhere(await newUser());
    expect(await refresh(tokens)).toBe(200);
    await api.database.database.run({ text: "UPDATE refresh_token SET used = used - interval '1 minute'", values: [] });
    expect(await refresh(tokens)).toBe(401);
    await expectEnded(tokens);
  });

  test("when the user is switched off", async () => {
    const user = await newUser();
    const tokens = await openEverywhere(user);
    await api.call("PUT", `/api/update/User/${user.id}`, { active: false });
    await expectEnded(tokens);
  });

  test("when the user is deleted", async () => {
    const user = await newUser();
    const tokens = await openEverywhere(user);
    await api.call("DELETE", `/api/delete/User/${user.id}`);
    await expectEnded(tokens);
  });

  test("when an administrator gives the user another password", async () => {
    const user = await newUser();
    const tokens = await openEverywhere(user);
    await api.call("PUT", `/api/update/User/${user.id}`, { password: "another-password" });
    await expectEnded(tokens);
    await open({ ...user, password: "another-password" });
  });

  test("at once also in a process that hears nothing at the moment", async () => {
    const user = await newUser();
    const tokens = await openEverywhere(user);
    await other.breakLine();
    await api.database.database.run({ text: "DELETE FROM refresh_token WHERE user_id = $1", values: [user.id] });
    expect(await other.status("/auth/me", tokens.access_token)).toBe(401);
  });
});

test("groups that a user loses are lost with the next request", async () => {
  const user = await newUser();
  const tokens = await openEverywhere(user);
  await api.call("PUT", `/api/update/User/${user.id}`, { groups: [] });
  expect(await me(tokens)).toBe(403);
  await vi.waitFor(async () => expect(await other.status("/auth/me", tokens.access_token)).toBe(403));
});

test("a session that goes on costs no statement", async () => {
  const tokens = await openEverywhere(await newUser());
  const token = tokens.access_token;
  const read = () => api.call("GET", "/api/get_registry", undefined, { token });
  const { result, texts } = await api.database.statements.during(read);
  expect([result.status, texts]).toEqual([200, []]);
});

describe("changing the password", () => {
  const change = (tokens: Tokens, body: object) =>
    api.call("POST", "/auth/change-password", body, { token: tokens.access_token });

  test("ends all sessions and begins a new one", async () => {
    const user = await newUser();
    const [mine, elsewhere] = [await openEverywhere(user), await openEverywhere(user)];
    const answer = await change(mine, { current_password: user.password, new_password: "ünlikely words" });
    expect(answer.json).toMatchObject({ message: "Password changed", token_type: "bearer" });
    const fresh = answer.json as unknown as Tokens;
    await expectEnded(mine);
    await expectEnded(elsewhere);
    expect(await me(fresh)).toBe(200);
    expect(await refresh(fresh)).toBe(200);
    await open({ ...user, password: "ünlikely words" });
    const { email, password } = user;
    expect((await api.call("POST", "/auth/authenticate", { email, password }, { token: null })).status).toBe(401);
  });

  const refused: readonly (readonly [what: string, body: object, path: string])[] = [
    ["a wrong current password", { current_password: "wrong", new_password: "long enough" }, "current_password"],
    ["a short one", { current_password: "first-password", new_password: "7 chars" }, "new_password"],
    ["a long one", { current_password: "first-password", new_password: "x".repeat(1025) }, "new_password"],
    ["too many bytes", { current_password: "first-password", new_password: "ä".repeat(513) }, "new_password"],
    ["a NUL", { current_password: "first-password", new_password: "password\0" }, "new_password"],
    ["no current password", { new_password: "long enough" }, "current_password"],
  ];
  test.each(refused)("is refused with %s, and changes nothing", async (_what, body, path) => {
    const user = await newUser();
    const tokens = await open(user);
    const answer = await change(tokens, body);
    expect([answer.status, answer.json.error], answer.text).toEqual([400, "ValidationError"]);
    expect(answer.json.fields).toEqual([expect.objectContaining({ path })]);
    expect(await me(tokens)).toBe(200);
    await open(user);
  });

  test("at the same moment succeeds once", async () => {
    const user = await newUser();
    const tokens = await open(user);
    const bodies = ["password one", "password two", "password six"].map((new_password) => ({
      current_password: user.password,
      new_password,
    }));
    const answers = await Promise.all(bodies.map((body) => change(tokens, body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
  });

  test("guesses of the current password are counted as those of signing in are", async () => {
    const user = await newUser();
    const tokens = await open(user);
    const guess = { current_password: "guess", new_password: "long enough" };
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1) statuses.push((await change(tokens, guess)).status);
    expect(statuses).toEqual([...Array<number>(10).fill(400), 429]);
    const { email, password } = user;
    expect((await api.call("POST", "/auth/authenticate", { email, password }, { token: null })).status).toBe(429);
  });
});

describe("GET /auth/me", () => {
  test("tells an internal user who it is", async () => {
    const token = await api.signIn("internal@example.com", "demo-demo");
    const { json } = await api.call("GET", "/auth/me", undefined, { token });
    expect(json).toEqual({
      user: {
        id: expect.any(Number),
        display_name: "Ingrid Åkesson",
        name: "Ingrid Åkesson",
        email: "internal@example.com",
        language: "en",
        timezone: "Europe/Stockholm",
        default_company: { id: 1, display_name: "My Company" },
      },
      groups: ["core_internal"],
      companies: [{ id: 1, display_name: "My Company" }],
      active_companies: [1],
    });
  });

  test("names implied groups, and tells portal users too, who may not read the users", async () => {
    const groups = async (token: string) => (await api.call("GET", "/auth/me", undefined, { token })).json.groups;
    expect(await groups(api.token)).toEqual(["core_admin", "core_internal"]);
    expect(await groups(await api.signIn("portal@example.com", "demo-demo"))).toEqual(["core_portal"]);
  });
});
