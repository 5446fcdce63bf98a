/** Jobs on a real database: each takes effect once, whoever dies meanwhile, and only its owner hears of it. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Caller, createCaller, createWorld, type World } from "../../test/support/world.ts";
import { MissingError, UserError } from "../errors.ts";
import { FileStore } from "../files/file-store.ts";
import { createRecord } from "../records/write.ts";
import { raw } from "../sql/fragment.ts";
import type { JobHandler, RunningJob } from "./job.ts";
import {
  cancelJob,
  claimJob,
  completeJob,
  insertJob,
  type JobDescription,
  listJobs,
  loadJob,
  loadJobFile,
  MOST_WAITING,
  saveCheckpoint,
} from "./job-record.ts";
import { JobRunner } from "./job-runner.ts";

let world: World;
let owner: Caller;
let runner: JobRunner | undefined;

beforeAll(async () => {
  world = await createWorld();
  owner = await createCaller(world, { Category: "crwd" });
});
afterEach(async () => {
  await runner?.stop();
  await world.database.run(raw("DELETE FROM job"));
});
afterAll(() => world.drop());

const files = new FileStore("/nonexistent");

/** Starts a runner whose one kind of jobs does this. */
async function start(run: JobHandler["run"]): Promise<void> {
  runner = new JobRunner({
    database: world.database,
    files,
    handlers: [{ kind: "test", run }],
    environmentOf: async (_caller, cancellation) => world.derive({ access: owner.env.access, cancellation }),
  });
  await runner.start();
}

async function queue(input: string | object = {}): Promise<number> {
  const caller = { userId: owner.id, companies: null, readOnly: false, models: null };
  const id = await insertJob(world.database, { kind: "test", input: input as string, source: null, caller });
  return id ?? 0;
}

/** The job once it is in a state. */
function until(id: number, ...states: readonly JobDescription["state"][]): Promise<JobDescription> {
  const look = async () => {
    const job = await loadJob(world.database, owner.id, id);
    expect(states).toContain(job.state);
    return job;
  };
  return vi.waitFor(look, { timeout: 15_000, interval: 20 });
}

describe("what becomes of a job", () => {
  const rows: [what: string, run: JobHandler["run"], expected: object][] = [
    [
      "done",
      async ({ input }) => ({ result: { got: input as string } }),
      { state: "done", result: { got: "abc" }, error: null },
    ],
    [
      "done, with its progress",
      async ({ report }) => {
        report({ done: 2, total: 3 });
        report({ done: 3 });
        return { result: 1 };
      },
      { state: "done", done: 3, total: 3, result: 1 },
    ],
    [
      "done, with a file",
      async () => ({ result: null, file: { name: "a.csv", mimetype: "text/csv", size: 5, hash: "0".repeat(64) } }),
      { state: "done", result: null, file: { name: "a.csv", mimetype: "text/csv", size: 5 } },
    ],
    [
      "failed, with the reason",
      async () => {
        throw new UserError("Not today");
      },
      { state: "failed", error: { detail: "Not today", error: "UserError" } },
    ],
    [
      "failed, without telling of the inside",
      async () => {
        throw new Error("SELECT secret");
      },
      { state: "failed", error: { detail: "Internal error", error: "InternalError" } },
    ],
  ];
  it.each(rows)("%s", async (_what, run, expected) => {
    await start(run);
    expect(await until(await queue("abc"), "done", "failed")).toMatchObject(expected);
  });
});

describe("once", () => {
  const category = (env: RunningJob["env"], name: string) => createRecord(env, "Category", { name });
  const count = async (name: string) =>
    (await world.database.rows<{ id: number }>({ text: "SELECT id FROM category WHERE name = $1", values: [name] }))
      .length;

  it("a job that a process left behind goes on where it was", async () => {
    const id = await queue("left behind");
    const first = await claimJob(world.database, ["test"]);
    if (first === null) throw new Error("there is no job");
    await saveCheckpoint(world.database, first, { rows: 10 }, { done: 10 });
    await world.database.run(raw("UPDATE job SET lease = now() - interval '1 second'"));
    await start(async ({ checkpoint }) => ({ result: checkpoint as { rows: number } }));
    expect(await until(id, "done")).toMatchObject({ done: 10, result: { rows: 10 } });
  });

  it("of two who work at it, the effects of one count", async () => {
    const id = await queue();
    const zombie = await claimJob(world.database, ["test"]);
    if (zombie === null) throw new Error("there is no job");
    await world.database.run(raw("UPDATE job SET lease = now() - interval '1 second'"));
    await start(async (job) => {
      await job.env.transaction(async (env) => {
        await category(env, "once");
        await job.finish(env, { result: "second" });
      });
      return null;
    });
    await until(id, "done");
    const late = world.env.transaction(async (env) => {
      await category(env, "once");
      await completeJob(env.session, zombie, { result: "first" }, {});
    });
    await expect(late).rejects.toThrow(`job ${id} is not this process's any more`);
    await expect(saveCheckpoint(world.database, zombie, {}, {})).rejects.toThrow("not this process's any more");
    expect(await count("once")).toBe(1);
    expect(await until(id, "done")).toMatchObject({ result: "second" });
  });

  it("a job that no server survives is given up", async () => {
    const id = await queue();
    await world.database.run(raw("UPDATE job SET attempt = 5"));
    await start(async () => ({ result: null }));
    expect(await until(id, "failed")).toMatchObject({ error: { error: "InternalError" } });
  });

  it("stopping gives a job back, and it is done later", async () => {
    let begun = (): void => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    await start(async ({ env }) => {
      begun();
      await env.session.rows(raw("SELECT pg_sleep(60)"));
      return { result: "never" };
    });
    const id = await queue();
    await started;
    await runner?.stop();
    expect(await until(id, "queued")).toMatchObject({ state: "queued" });
    await start(async () => ({ result: "later" }));
    expect(await until(id, "done")).toMatchObject({ result: "later" });
  });
});

describe("cancelling", () => {
  it("one that waits never begins", async () => {
    const id = await queue();
    expect(await cancelJob(world.database, owner.id, id)).toMatchObject({ state: "cancelled" });
    expect(await claimJob(world.database, ["test"])).toBeNull();
  });

  it("one that runs stops, and its transaction has no effect", async () => {
    let begun = (): void => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    await start(async (job) => {
      await job.env.transaction(async (env) => {
        await createRecord(env, "Category", { name: "cancelled" });
        begun();
        await env.session.rows(raw("SELECT pg_sleep(60)"));
      });
      return { result: null };
    });
    const id = await queue();
    await started;
    await cancelJob(world.database, owner.id, id);
    expect(await until(id, "cancelled")).toMatchObject({ error: null, result: null });
    expect(await world.database.rows(raw("SELECT 1 FROM category WHERE name = 'cancelled'"))).toEqual([]);
  });

  it("one that is about to finish does not", async () => {
    const id = await queue();
    const job = await claimJob(world.database, ["test"]);
    if (job === null) throw new Error("there is no job");
    await cancelJob(world.database, owner.id, id);
    await expect(completeJob(world.database, job, { result: 1 }, {})).rejects.toThrow("not this process's any more");
  });
});

describe("its owner only", () => {
  it("hears of it and cancels it", async () => {
    const id = await queue();
    const stranger = await createCaller(world, {});
    for (const ask of [loadJob, cancelJob, loadJobFile]) {
      await expect(ask(world.database, stranger.id, id)).rejects.toThrow(new MissingError(`Job ${id} does not exist`));
      await expect(ask(world.database, owner.id, id + 1000)).rejects.toThrow(MissingError);
    }
    expect(await listJobs(world.database, stranger.id)).toEqual([]);
    expect((await listJobs(world.database, owner.id)).map((job) => job.id)).toEqual([id]);
    await expect(loadJobFile(world.database, owner.id, id)).rejects.toThrow(`Job ${id} has no file`);
  });

  it("has a limited number that wait", async () => {
    for (let index = 0; index < MOST_WAITING; index += 1) expect(await queue()).toBeGreaterThan(0);
    expect(await queue()).toBe(0);
  });
});
