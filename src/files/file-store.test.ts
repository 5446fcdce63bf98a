/** Contents on a real disk: whole or not there, found by their hash alone, removed when they are old. */
import { createHash } from "node:crypto";
import { mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InsufficientStorageError, MissingError } from "../errors.ts";
import { ContentWriter, FileStore, storeContent } from "./file-store.ts";
import { sniffType } from "./sniff-type.ts";

let folder: string;
let store: FileStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fullfinity-test-"));
  store = new FileStore(join(folder, "files"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function* source(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function textOf(hash: string): Promise<string> {
  const { stream, size } = await store.read(hash);
  const content = Buffer.concat(await stream.toArray());
  expect(size).toBe(content.length);
  return content.toString();
}

/** Everything that lies in the folder, as paths. */
async function allFiles(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

const HOUR = 60 * 60_000;

it("finds what was stored, once for the same content", async () => {
  const first = await storeContent(store, source("a", "bc"));
  expect(first).toEqual({ hash: createHash("sha256").update("abc").digest("hex"), size: 3 });
  expect(await storeContent(store, source("abc"))).toEqual(first);
  expect(await allFiles()).toEqual([first.hash]);
  expect(await textOf(first.hash)).toBe("abc");
  expect(await storeContent(store, source())).toMatchObject({ size: 0 });
});

describe("is never asked for a path", () => {
  it.each(["../../etc/passwd", "", "a".repeat(64).toUpperCase(), `${"0".repeat(63)}/`, "0".repeat(64)])(
    "%j",
    async (hash) => {
      await expect(store.read(hash)).rejects.toThrow(MissingError);
    },
  );
});

it("keeps nothing of what breaks off, nor of what has no room", async () => {
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from("half");
    throw new Error("the client has gone");
  };
  await expect(storeContent(store, broken())).rejects.toThrow("the client has gone");
  expect(await allFiles()).toEqual([]);
  const path = join(folder, "unfinished");
  const full = { begin: async () => new ContentWriter(await open("/dev/full", "r+"), path, async () => {}) };
  await (await open(path, "w")).close();
  await expect(storeContent(full, source("too much"))).rejects.toThrow(InsufficientStorageError);
  await expect(stat(path)).rejects.toThrow("ENOENT");
});

it("sweeps what was left unfinished and what is old, but nothing young", async () => {
  const left = await store.begin();
  await left.write(Buffer.from("left by a process that was killed"));
  const { hash } = await storeContent(store, source("kept"));
  const found = async (now: number) => {
    const hashes: string[] = [];
    for await (const part of store.oldHashes(now)) hashes.push(...part);
    return hashes;
  };
  const now = Date.now();
  expect(await found(now)).toEqual([]);
  expect(await found(now + 2 * HOUR)).toEqual([hash]);
  await store.removeUnfinished(now);
  await store.removeOld(hash, now);
  expect(await allFiles()).toHaveLength(2);
  await store.removeUnfinished(now + 2 * HOUR);
  expect(await allFiles()).toEqual([hash]);
  await store.removeOld(hash, now + 2 * HOUR);
  expect(await allFiles()).toEqual([]);
  await left.discard();
});

describe("the type of a content", () => {
  const rows: [what: string, head: string | Buffer, given: string, type: string][] = [
    ["a picture", Buffer.from("\x89PNG\r\n\x1a\n\0\0", "latin1"), "image/png", "image/png"],
    ["a picture that says to be a page", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), "text/html", "image/png"],
    ["a page that says to be a picture", "<html><script>1</script>", "image/png", "text/plain"],
    ["a page", "<!doctype html>", "text/html", "text/plain"],
    ["a drawing with a script", "<svg onload=alert(1)>", "image/svg+xml", "text/plain"],
    ["a script", "alert(1)", "text/javascript", "text/plain"],
    ["csv", "a,b\n", "text/csv; charset=utf-8", "text/csv"],
    ["an archive", "PK\x03\x04", "application/zip", "application/zip"],
    [
      "a workbook",
      "PK\x03\x04",
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ],
    ["an archive that says to be a page", "PK\x03\x04", "text/html", "application/zip"],
    ["bytes", Buffer.from([1, 2, 0, 255]), "text/html", "application/octet-stream"],
    ["a text cut off within a character", Buffer.from("aü").subarray(0, 2), "text/plain", "text/plain"],
    ["nothing", "", "text/html", "text/plain"],
  ];
  it.each(rows)("%s", (_what, head, given, type) => {
    expect(sniffType(Buffer.from(head as string), given)).toBe(type);
  });
});
