/** Proves what a fresh clone relies on: the lock file fits every machine, and no file names the machine it was written on. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { satisfies, validRange } from "semver";
import { describe, expect, test } from "vitest";

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const lock = JSON.parse(read("package-lock.json")) as { readonly packages: Readonly<Record<string, LockedPackage>> };
const installed = Object.entries(lock.packages).filter(([path]) => path !== "");

/** The paths of the packages for which `matches`, each with the value that gave it away. */
function packagesWith(matches: (locked: LockedPackage) => unknown): string[] {
  return installed.flatMap(([path, locked]) => (matches(locked) ? [`${path}: ${matches(locked)}`] : []));
}

/** Where Node looks for what the package at `path` imports: in itself, then in each folder above. */
function foldersAbove(path: string): string[] {
  const parts = path === "" ? [] : path.split(/(?<=\/)(?=node_modules\/)/);
  return [
    "",
    ...parts.map(
      (_part, index) =>
        `${parts
          .slice(0, index + 1)
          .join("")
          .replace(/\/$/, "")}/`,
    ),
  ];
}

describe("the lock file", () => {
  test("is complete for every platform: npm ci refuses it otherwise", () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !foldersAbove(path).some((folder) => `${folder}node_modules/${name}` in lock.packages))
        .map((name) => `${path || "package.json"} needs ${name}`),
    );
    expect(installed.length).toBeGreaterThan(100);
    expect(missing).toEqual([]);
  });

  test("says nowhere where packages were downloaded", () => {
    expect(packagesWith(({ resolved }) => resolved)).toEqual([]);
  });

  test("holds no package that excludes Node 20.19", () => {
    const excludes = ({ engines }: LockedPackage): string | undefined => {
      const range = engines?.node ?? "*";
      return satisfies("20.19.0", range) ? undefined : range;
    };
    expect(packagesWith(excludes)).toEqual([]);
    expect(packagesWith(({ engines }) => validRange(engines?.node ?? "*") === null)).toEqual([]);
    expect(excludes({ engines: { node: "^22.12.0 || >=24" } })).toBe("^22.12.0 || >=24");
  });

  test("needs no install script at run time", () => {
    const needs = (locked: LockedPackage): boolean =>
      locked.hasInstallScript === true && locked.dev !== true && locked.optional !== true;
    expect(packagesWith((locked) => needs(locked) && "has an install script")).toEqual([]);
  });
});

/** The folders and endings of `.gitignore`: what they name is not part of the project. */
const ignored = read(".gitignore")
  .split("\n")
  .filter((line) => line !== "");

function listProjectFiles(folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === ".git" || ignored.includes(`${entry.name}/`)) return [];
    if (ignored.some((line) => line.startsWith("*") && entry.name.endsWith(line.slice(1)))) return [];
    return entry.isDirectory() ? listProjectFiles(path) : [path];
  });
}

/** What only means something on one machine or in one network. */
const localNames: Readonly<Record<string, RegExp>> = {
  "a package registry":
    /\/\/(?!www\.npmjs\.com\/)[^\s/"'`]*(registry|npm|nexus|artifactory|verdaccio)|\bregistry\.npmjs\.|\/\/[^\s/"'`]+:\d+\/[\w/]*npm/i,
  "a folder of one machine": /(?<![\w.~*\])}-])\/(work|root|home\/\w+|Users\/\w+)\/|\b[A-Z]:\\\\?Users\\/,
  "a temporary folder": /(?<![\w.-])\/tmp\/[a-z]+[-_.]?\w*\d\w*/i,
};

function findLocalNames(text: string): string[] {
  return Object.entries(localNames).flatMap(([what, pattern]) => {
    const found = pattern.exec(text)?.[0];
    return found === undefined ? [] : [`${what}: ${found}`];
  });
}

describe("the project's files", () => {
  // Joined here, so that this file does not hold what it looks for.
  const rows: readonly [text: string, found: boolean][] = [
    [["https:", "", "registry.example.com", ""].join("/"), true],
    [["https:", "", "npm.example.com", "a.tgz"].join("/"), true],
    [["registry", "npmjs", "org"].join("."), true],
    ["https://www.npmjs.com/package/fastify", false],
    ["registry.models.get(name)", false],
    [["http://10.0.0.1:4873", "npm", "a"].join("/"), true],
    [["", "work", "main", "src"].join("/"), true],
    [`cd ${["", "root", ".npm"].join("/")}`, true],
    [`"${["", "home", "anna", "project"].join("/")}"`, true],
    [["C:", "Users", "anna"].join("\\"), true],
    [["", "tmp", "build-3141"].join("/"), true],
    ["https://example.com/work/", false],
    ["src/work/root/", false],
    ["./home/page/", false],
    ["npm ci && npm start", false],
    ["http://localhost:8069/docs", false],
    ["mktemp -d /tmp/fullfinity-XXXXXX", false],
  ];

  test.each(rows)("%s is a local name: %s", (text, found) => expect(findLocalNames(text).length > 0).toBe(found));

  const files = listProjectFiles();

  test("are seen", () => {
    expect(files.length).toBeGreaterThan(30);
    expect(files).toEqual(expect.arrayContaining(["package.json", "src/errors.ts", ".ci/run", ".npmrc"]));
  });

  test("name no registry and no place on one machine", () => {
    expect(files.flatMap((path) => findLocalNames(read(path)).map((found) => `${path} names ${found}`))).toEqual([]);
  });

  test.each(["npm ci && npm start", "npm ci && npm test"])("README says %s", (command) => {
    expect(read("README.md")).toContain(command);
  });

  test("the licence is the one that package.json states", () => {
    expect(JSON.parse(read("package.json"))).toMatchObject({ license: "MIT" });
    expect(read("LICENSE")).toMatch(/^MIT License\n/);
  });
});
