/** Scheduled work on a real database and by a clock that the tests move: when, once, in whose name, and what is refused. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { declareBehaviour } from "../../test/fixtures/shop-registry.ts";
import {
  type Caller,
  createCaller,
  createWorld,
  declareModel,
  shippedModules,
  type World,
} from "../../test/support/world.ts";
import { RightsCache } from "../access/rights-cache.ts";
import { AccessError, UserError, ValidationError } from "../errors.ts";
import { FileStore } from "../files/file-store.ts";
import { char } from "../index.ts";
import type { AnyCall, MethodOptions } from "../models/method.ts";
import { executeMethod } from "../records/method.ts";
import { createRecord, updateRecord } from "../records/write.ts";
import { raw } from "../sql/fragment.ts";
import { ownerEnvironment } from "../tenants/owner-environment.ts";
import { cronHandler, queueDueWork } from "./cron-job.ts";
import { claimJob, JOBS_CHANNEL } from "./job-record.ts";
import { JobRunner } from "./job-runner.ts";

const declare = (options: Partial<MethodOptions>, run: (call: AnyCall) => unknown) => ({
  kind: "method" as const,
  options: { scope: "model", ...options } as MethodOptions,
  run: (_none: readonly object[], call: AnyCall) => run(call),
});
const Note = declareModel("Note", { name: char({ required: true }) });
const behaviour = declareBehaviour("Note", {
  methods: {
    write_down: declare({ needs: "create", inputs: { name: char({ required: true }) } }, async ({ env, inputs }) => {
      await env.model("Note" as never).create({ name: inputs.name } as never);
      return { wrote: inputs.name };
    }),
    fail: declare({}, () => {
      throw new UserError("There is nothing to do");
    }),
    look: declare({ readonly: true }, ({ env }) => env.model("Note" as never).count()),
    of_records: declare({ scope: "records" }, () => null),
    remove_all: declare({ needs: "delete" }, () => null),
  },
});

const MIDNIGHT = Date.parse("2026-03-01T00:00:00Z");
const HOUR = 3_600_000;

let world: World;
let keeper: Caller;
let admin: Caller;
let now = new Date(MIDNIGHT);
let runners: JobRunner[] = [];

beforeAll(async () => {
  const notes = { identifier: "notes", models: [Note], extensions: [], behaviours: [behaviour] };
  world = await createWorld([...shippedModules, notes]);
  keeper = await createCaller(world, { Note: "rcw", CronJob: "rcw", User: "r" });
  const group = await createRecord(world.env, "Group", { name: "Administration", identifier: "core_admin" });
  const made = await createCaller(world, { "*": "rcwd" });
  await updateRecord(world.env, "User", made.id, { groups: [["L", group.id]] });
  const caller = await new RightsCache(world.registry, world.database).get(made.id);
  if (caller === null) throw new Error("there is no administrator");
  admin = { ...made, env: world.derive({ access: caller.access, names: caller.rights.names }) };
});
beforeEach(() => {
  now = new Date(MIDNIGHT);
});
afterEach(async () => {
  await Promise.all(runners.map((runner) => runner.stop()));
  runners = [];
  await world.database.run(raw("DELETE FROM cron_job"));
  await world.database.run(raw("DELETE FROM job"));
  await world.database.run(raw("DELETE FROM note"));
});
afterAll(() => world.drop());

/** Starts what a process does. */
async function startRunner(): Promise<void> {
  const { database, registry, env } = world;
  const parts = { database, rights: new RightsCache(registry, database), plans: env.plans, rightsChanged: () => {} };
  const runner = new JobRunner({
    database,
    files: new FileStore("/nonexistent"),
    handlers: [cronHandler],
    environmentOf: ownerEnvironment(parts),
    clock: () => now,
  });
  runners.push(runner);
  await runner.start();
}

/** Moves the clock, and has every runner look at it. */
async function moveTo(milliseconds: number): Promise<void> {
  now = new Date(milliseconds);
  await world.database.rows({ text: "SELECT pg_notify($1, '')", values: [JOBS_CHANNEL] });
}

const HOURLY = {
  name: "Hourly",
  model: "Note",
  method: "write_down",
  inputs: { name: "hourly" },
  schedule: "0 * * * *",
};

/** Writes scheduled work at the time of the moved clock, in the name of the keeper unless told. */
async function schedule(values: object = {}, caller: Caller = keeper): Promise<number> {
  const { access, names } = caller.env;
  const env = world.derive({ access, names, now });
  return (await createRecord(env, "CronJob", { ...HOURLY, ...values })).id;
}

async function read(id: number) {
  const [row] = await world.database.rows<{ next: string | null; ran: boolean; error: string | null }>({
    text: "SELECT next_run AS next, last_run IS NOT NULL AS ran, last_error AS error FROM cron_job WHERE id = $1",
    values: [id],
  });
  return { ...row, next: row?.next == null ? null : new Date(row.next).toISOString() };
}

async function notes(): Promise<{ name: string; create_uid: number }[]> {
  return world.database.rows(raw("SELECT name, create_uid FROM note"));
}

/** Waits until something is so. */
const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 20 });
const untilRan = (id: number) => until(async () => expect(await read(id)).toMatchObject({ ran: true }));

describe("when it runs next", () => {
  const rows: [schedule: string, timezone: string, from: string, next: string][] = [
    ["30 7 * * MON-FRI", "UTC", "2026-03-06T08:00:00Z", "2026-03-09T07:30:00.000Z"],
    ["30 7 * * *", "Europe/Berlin", "2026-01-10T00:00:00Z", "2026-01-10T06:30:00.000Z"],
    ["30 7 * * *", "Europe/Berlin", "2026-07-10T00:00:00Z", "2026-07-10T05:30:00.000Z"],
    ["0 0 L * *", "America/New_York", "2026-02-10T00:00:00Z", "2026-02-28T05:00:00.000Z"],
    ["@daily", "Asia/Kolkata", "2026-03-01T00:00:00Z", "2026-03-01T18:30:00.000Z"],
    // The clock skips 2:30 on that day, and has 2:30 twice on the other.
    ["30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00.000Z"],
    ["30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00.000Z"],
  ];
  it.each(rows)("%s in %s after %s: %s", async (text, timezone, from, next) => {
    now = new Date(from);
    expect(await read(await schedule({ schedule: text, timezone }))).toMatchObject({ next });
  });

  it("follows every change", async () => {
    const id = await schedule();
    expect(await read(id)).toMatchObject({ next: "2026-03-01T01:00:00.000Z" });
    const env = world.derive({ now: new Date(MIDNIGHT + 5 * HOUR) });
    await updateRecord(env, "CronJob", id, { active: false });
    expect(await read(id)).toMatchObject({ next: null });
    await updateRecord(env, "CronJob", id, { active: true, schedule: "*/20 * * * *" });
    expect(await read(id)).toMatchObject({ next: "2026-03-01T05:20:00.000Z" });
  });
});

describe("is refused where it is written", () => {
  const rows: [values: object, path: string, message: RegExp][] = [
    [{ schedule: "every day" }, "schedule", /^must be a cron expression such as/],
    [{ schedule: "61 * * * *" }, "schedule", /^must be a cron expression such as/],
    [{ schedule: "* * * * * *" }, "schedule", /^must be a cron expression such as/],
    [{ schedule: "2026-03-01T00:00:00" }, "schedule", /^must be a cron expression such as/],
    [{ schedule: "0 0 30 2 *" }, "schedule", /^never comes/],
    [{ timezone: "Mars/Olympus" }, "timezone", /^must be a time zone/],
    [{ model: "Nope" }, "model", /^there is no model "Nope"$/],
    [{ model: "Contact" }, "model", /^there is no model "Contact"$/],
    [{ method: "nope" }, "method", /^Note has no method "nope"$/],
    [{ method: "constructor" }, "method", /^Note has no method "constructor"$/],
    [{ method: "of_records" }, "method", /^Note\.of_records works on records/],
    [{ inputs: null }, "inputs.name", /required|given|must/],
    [{ inputs: { name: "a", code: "x" } }, "inputs.code", /./],
    [{ inputs: ["a"] }, "inputs", /^must be an object/],
    [{ next_run: "2026-01-01T00:00:00Z" }, "next_run", /calculated/],
    [{ last_error: "x" }, "last_error", /read-only/],
  ];
  it.each(rows)("%j: %s", async (values, path, message) => {
    const refused = await schedule(values).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ValidationError);
    const { fields } = (refused as ValidationError).extra as { fields: { path: string; message: string }[] };
    expect(fields).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  it("for a method that the writer may not call, or in the name of somebody else", async () => {
    await expect(schedule({ method: "remove_all", inputs: null })).rejects.toThrow(AccessError);
    await expect(schedule({ user: admin.id })).rejects.toThrow(/must be yourself/);
    const others = await schedule({ user: keeper.id }, admin);
    const own = await schedule({}, admin);
    await updateRecord(keeper.env, "CronJob", others, { name: "Renamed" });
    await expect(updateRecord(keeper.env, "CronJob", own, { inputs: { name: "mine" } })).rejects.toThrow(/yourself/);
  });
});

describe("what is due", () => {
  it("runs once with several processes, in its user's name, and what was missed is caught up with once", async () => {
    const id = await schedule();
    await Promise.all([startRunner(), startRunner(), startRunner()]);
    await moveTo(MIDNIGHT + 72.5 * HOUR);
    await untilRan(id);
    expect(await read(id)).toEqual({ next: "2026-03-04T01:00:00.000Z", ran: true, error: null });
    expect(await notes()).toEqual([{ name: "hourly", create_uid: keeper.id }]);
    await moveTo(MIDNIGHT + 73 * HOUR);
    await until(async () => expect(await notes()).toHaveLength(2));
  });

  it("does not run before, and not while it is inactive", async () => {
    await schedule({ schedule: "0 6 * * *" });
    await schedule({ active: false });
    await queueDueWork(world.database, new Date(MIDNIGHT + 5 * HOUR));
    expect(await claimJob(world.database, ["cron"])).toBeNull();
  });

  it("is not begun again before it has ended, and catches up then", async () => {
    const id = await schedule();
    await queueDueWork(world.database, new Date(MIDNIGHT + HOUR));
    const first = await claimJob(world.database, ["cron"]);
    expect(first).toMatchObject({ input: { cron_job: id }, caller: { userId: keeper.id } });
    await queueDueWork(world.database, new Date(MIDNIGHT + 4 * HOUR));
    expect(await claimJob(world.database, ["cron"])).toBeNull();
    await world.database.run(raw("UPDATE job SET state = 'done'"));
    await queueDueWork(world.database, new Date(MIDNIGHT + 4 * HOUR));
    expect(await claimJob(world.database, ["cron"])).not.toBeNull();
  });

  it("says why it has failed, until it does not", async () => {
    const id = await schedule({ method: "fail", inputs: null });
    await startRunner();
    await moveTo(MIDNIGHT + HOUR);
    await untilRan(id);
    expect(await read(id)).toMatchObject({ error: "There is nothing to do", next: "2026-03-01T02:00:00.000Z" });
    await updateRecord(keeper.env, "CronJob", id, { method: "write_down", inputs: { name: "now" } });
    await world.database.run(raw("UPDATE cron_job SET next_run = '2026-03-01T02:00:00Z'"));
    await moveTo(MIDNIGHT + 2 * HOUR);
    await until(async () => expect(await read(id)).toMatchObject({ error: null }));
    expect(await notes()).toMatchObject([{ name: "now" }]);
  });

  it("may be a method that changes nothing", async () => {
    const id = await schedule({ method: "look", inputs: null });
    await startRunner();
    await moveTo(MIDNIGHT + HOUR);
    await untilRan(id);
    expect(await read(id)).toMatchObject({ error: null });
    expect(await world.database.rows(raw("SELECT state, result FROM job"))).toEqual([{ state: "done", result: 0 }]);
  });

  it("has the rights that its user has by then", async () => {
    const leaving = await createCaller(world, { Note: "rcw", CronJob: "rcw" });
    const poor = await createCaller(world, { CronJob: "rcw" });
    const gone = await schedule({}, leaving);
    const weak = await schedule({ user: poor.id }, admin);
    await updateRecord(world.env, "User", leaving.id, { active: false });
    await startRunner();
    await moveTo(MIDNIGHT + HOUR);
    await Promise.all([untilRan(gone), untilRan(weak)]);
    expect((await read(gone)).error).toMatch(/may not sign in any more/);
    expect((await read(weak)).error).toMatch(/Note/);
    expect(await notes()).toEqual([]);
  });
});

test("run_now runs it at once, and only one at a time; the schedule stays", async () => {
  const id = await schedule();
  const runNow = () => executeMethod(keeper.env, "CronJob", "run_now", { ids: [id] });
  expect(await runNow()).toMatchObject({ type: "notify" });
  await expect(runNow()).rejects.toThrow(new UserError('"Hourly" has not ended yet'));
  await startRunner();
  await untilRan(id);
  expect(await read(id)).toMatchObject({ next: "2026-03-01T01:00:00.000Z", error: null });
  expect(await notes()).toHaveLength(1);
});
