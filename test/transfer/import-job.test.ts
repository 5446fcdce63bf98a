/** Imports as jobs: they take effect once, however often they are cut off, and give back what could not be imported. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FileStore, storeContent } from "../../src/files/file-store.ts";
import type { JobOutcome, RunningJob } from "../../src/jobs/job.ts";
import { queryRecords } from "../../src/records/read.ts";
import { importHandler, importJobOf } from "../../src/transfer/import/import-job.ts";
import type { ImportOptions } from "../../src/transfer/import/run-import.ts";
import { builtReader } from "../support/form.ts";
import { PLAIN_OPTIONS } from "../support/memory-table.ts";
import { createWorld, type World } from "../support/world.ts";

let world: World;
let files: FileStore;
let folder: string;
beforeAll(async () => {
  world = await createWorld();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-import-job-"));
  files = new FileStore(folder);
});
afterAll(async () => {
  await world?.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => world.database.run({ text: "TRUNCATE product, category RESTART IDENTITY CASCADE", values: [] }));

const ROWS = 3500;
const isWrong = (index: number): boolean => index % 1000 === 500;
/** The first record names the last one as its parent; every thousandth is wrong. */
const FILE = `name,parent,sequence\n${Array.from({ length: ROWS }, (_, index) => {
  if (index === 0) return "first,last,";
  return index === ROWS - 1 ? "last,," : `c${index},,${isWrong(index) ? "x" : ""}`;
}).join("\n")}\n`;
const GOOD = `name\n${Array.from({ length: 1500 }, (_, index) => `g${index}`).join("\n")}\n`;

class Cut extends Error {}

/** A job as a runner would give it, with a server that ends after some of its saves. */
class Attempt {
  checkpoint: unknown = null;
  outcome: JobOutcome | null = null;

  async run(options: Partial<ImportOptions>, saves: number, file = FILE): Promise<void> {
    const content = await storeContent(files, Readable.from([Buffer.from(file)]));
    const source = { name: "file.csv", mimetype: "text/csv", ...content };
    const { input } = importJobOf("Category", {}, { ...PLAIN_OPTIONS, ...options }, source);
    let left = saves;
    const spend = (): void => {
      left -= 1;
      if (left < 0) throw new Cut();
    };
    const job: RunningJob = {
      id: 1,
      input,
      source,
      checkpoint: this.checkpoint,
      env: world.env,
      files,
      report: () => {},
      save: async (_env, checkpoint) => {
        spend();
        this.checkpoint = checkpoint;
      },
      finish: async (_env, outcome) => {
        spend();
        this.outcome = outcome;
      },
    };
    const outcome = await importHandler(builtReader()).run(job);
    this.outcome = outcome ?? this.outcome;
  }
}

async function names(): Promise<string[]> {
  const { data } = await queryRecords(world.env, "Category", { fields: ["name"], limit: 10_000 });
  return (JSON.parse(data.toString()) as { name: string }[]).map(({ name }) => name);
}

describe("an import that is cut off", () => {
  it("goes on behind the part that was saved last, and writes nothing twice", async () => {
    const attempt = new Attempt();
    const options = { abort: false };
    await expect(attempt.run(options, 1)).rejects.toThrow(Cut);
    expect(await names()).toHaveLength(998);
    await expect(attempt.run(options, 2)).rejects.toThrow(Cut);
    expect(attempt.outcome).toBeNull();
    await attempt.run(options, 100);
    const all = await names();
    expect(all).toHaveLength(ROWS - 3);
    expect(new Set(all).size).toBe(ROWS - 3);
    expect(attempt.outcome?.result).toMatchObject({ created: ROWS - 3, failed: 3, ids: [], file: { rows: ROWS } });
    const { hash, name, mimetype } = attempt.outcome?.file ?? { hash: "", name: "", mimetype: "" };
    expect({ name, mimetype }).toEqual({ name: "failed.csv", mimetype: "text/csv" });
    const failed = await text((await files.read(hash)).stream);
    const [header, ...rows] = failed.trimEnd().split("\n");
    expect(header).toBe("name,parent,sequence,error");
    expect(rows.map((row) => row.slice(0, 31))).toEqual(
      [500, 1500, 2500].map((index) => `c${index},,x,"sequence: must be a number`.slice(0, 31)),
    );
  });

  it("has written nothing where it is all or nothing, and everything once in the end", async () => {
    const attempt = new Attempt();
    await expect(attempt.run({}, 0, GOOD)).rejects.toThrow(Cut);
    expect(await names()).toEqual([]);
    expect(attempt.checkpoint).toBeNull();
    await attempt.run({}, 1, GOOD);
    expect(attempt.outcome?.result).toMatchObject({ created: 1500, failed: 0 });
    expect(await names()).toHaveLength(1500);
  });

  it("is answered as a request would be where something is wrong", async () => {
    const attempt = new Attempt();
    await attempt.run({}, 0);
    expect(attempt.outcome?.result).toMatchObject({ error: "ValidationError", created: 0, failed: 3 });
    expect(attempt.outcome?.file).toMatchObject({ name: "failed.csv" });
    expect(await names()).toEqual([]);
  });
});
