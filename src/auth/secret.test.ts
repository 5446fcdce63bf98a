/** The secret of a data folder: made once, the same from then on, and nobody else's to read. */
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { loadSecret } from "./secret.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fullfinity-secret-"));
  return () => rm(folder, { recursive: true });
});

it("is made once, also by several at the same time, in a folder that need not exist", async () => {
  const data = join(folder, "deep", "data");
  const secrets = await Promise.all([1, 2, 3, 4].map(() => loadSecret(data)));
  expect(new Set([...secrets, await loadSecret(data)]).size).toBe(1);
  expect(secrets[0]).toMatch(/^[\w-]{64}$/);
  expect(await readdir(data)).toEqual(["secret"]);
  expect((await stat(join(data, "secret"))).mode & 0o777).toBe(0o600);
  expect(await loadSecret(folder)).not.toBe(secrets[0]);
});

it("is refused when the file is cut off", async () => {
  await writeFile(join(folder, "secret"), "short\n");
  await expect(loadSecret(folder)).rejects.toThrow(/secret holds no secret; remove it/);
});
