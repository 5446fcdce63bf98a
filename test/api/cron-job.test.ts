/** Scheduled work that a module brings: made with the module, run by the server, told about over HTTP. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineModule } from "fullfinity";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { LoadedModule } from "../../src/installer/load-modules.ts";
import type { AnyCall, MethodOptions } from "../../src/models/method.ts";
import { declareBehaviour } from "../fixtures/shop-registry.ts";
import { type Client, clientOf } from "../support/client.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const DATA = `
- data_type: CronJob
  identifier: nightly
  apply_once: true
  values:
    name: Nightly
    model: ContactTag
    method: add_tag
    inputs: {}
    schedule: 0 2 * * *
    timezone: Europe/Berlin
    user: core.administrator
`;

let api: TestServer;
let folder: string;
let admin: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fullfinity-cron-"));
  await writeFile(join(folder, "cron.yaml"), DATA);
  const addTag = {
    kind: "method" as const,
    options: { scope: "model", needs: "create" } as MethodOptions,
    run: (_none: readonly object[], { env }: AnyCall) => env.model("ContactTag").create({ name: "Of the night" }),
  };
  const behaviours = [declareBehaviour("ContactTag", { methods: { add_tag: addTag } })];
  const manifest = { name: "Night", identifier: "night", version: "1.0.0", summary: "", dependencies: ["contacts"] };
  const night: LoadedModule = {
    manifest: { ...manifest, data: ["cron.yaml"], demo: [], ledger: [], folder },
    definition: defineModule({ behaviours }),
  };
  api = await startTestServer({ installs: [night] });
  admin = clientOf(api);
});
afterAll(async () => {
  await api?.close();
  await rm(folder, { recursive: true, force: true });
});

test("is there with the module, and runs when it is told to", async () => {
  const id = await admin.find("CronJob", "Q(name='Nightly')");
  const shown = await admin.read("CronJob", id, "next_run", "last_run", "user");
  expect(shown).toMatchObject({ last_run: null, user: { display_name: "Administrator" } });
  expect(String(shown.next_run)).toMatch(/T0[01]:00:00/);
  expect(await admin.execute("CronJob", "run_now", [id])).toMatchObject({ type: "notify" });
  await vi.waitFor(async () => {
    expect((await admin.read("CronJob", id, "last_run")).last_run).not.toBeNull();
  }, 15_000);
  expect(await admin.read("CronJob", id, "next_run", "last_error")).toMatchObject({
    next_run: shown.next_run,
    last_error: null,
  });
  expect(await admin.count("ContactTag", "Q(name='Of the night', create_uid__name='Administrator')")).toBe(1);
  const { json } = await api.call("GET", "/api/jobs");
  expect(json.data).toMatchObject([{ kind: "cron", state: "done" }]);
});

test("is refused with the place of each mistake, and hidden from whoever has no right to it", async () => {
  const values = { name: "x", model: "ContactTag", method: "add_tag", schedule: "0 25 * * *" };
  expect(await admin.refusal(admin.create("CronJob", values))).toMatch(/^400 schedule: must be a cron expression/);
  const internal = clientOf(api, await api.signIn("internal@example.com", "demo-demo"));
  expect(await internal.refusal(internal.create("CronJob", values))).toMatch(/^40[34] /);
});
