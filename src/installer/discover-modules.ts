/** Finds the modules in a folder and brings them into an order in which each comes after those that it needs. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { InstallError } from "./install-error.ts";
import { type Manifest, parseManifest } from "./manifest.ts";

/**
 * Reads the manifests of all modules in a folder. A folder in it without a manifest is no module.
 *
 * @returns dependencies first, else by identifier
 * @throws InstallError with everything that is wrong in any manifest, missing, or goes in a circle
 */
export async function discoverModules(folder: string): Promise<Manifest[]> {
  const problems: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const read = await Promise.all(names.sort().map((name) => readManifest(join(folder, name), problems)));
  const manifests = read.filter((manifest) => manifest !== undefined);
  if (problems.length > 0) throw new InstallError(problems);
  return orderModules(manifests);
}

/** Names of the file; what is JSON is YAML too, so one parser reads both. */
const NAMES = ["manifest.yaml", "manifest.json"];

async function readManifest(folder: string, problems: string[]): Promise<Manifest | undefined> {
  const read = async (name: string) => {
    const text = await readFile(join(folder, name), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    return text === null ? [] : [{ file: `${basename(folder)}/${name}`, text }];
  };
  const [found, second] = (await Promise.all(NAMES.map(read))).flat();
  if (found === undefined) return undefined;
  const { file, text } = found;
  if (second !== undefined) problems.push(`${second.file}: there is ${file} already; a module has one manifest`);
  const manifest = parseManifest(text, file, folder, problems);
  if (manifest !== undefined && manifest.identifier !== basename(folder)) {
    problems.push(`${file}: identifier must be the name of the folder, ${basename(folder)}`);
  }
  return manifest;
}

/**
 * Orders modules so that each comes after those that it needs; where that leaves a choice, by identifier.
 *
 * @throws InstallError naming each dependency that is not there, and the modules that need each other
 */
export function orderModules(manifests: readonly Manifest[]): Manifest[] {
  const known = new Set(manifests.map(({ identifier }) => identifier));
  const missing = manifests.flatMap(({ identifier, dependencies }) =>
    dependencies
      .filter((dependency) => !known.has(dependency))
      .map((dependency) => `${identifier}/manifest: needs the module ${dependency}, which is not there`),
  );
  const rest = [...manifests].sort((a, b) => (a.identifier < b.identifier ? -1 : 1));
  const ordered: Manifest[] = [];
  const done = new Set<string>();
  for (;;) {
    const next = rest.findIndex(({ dependencies }) => dependencies.every((each) => done.has(each) || !known.has(each)));
    const [manifest] = next === -1 ? [] : rest.splice(next, 1);
    if (manifest === undefined) break;
    ordered.push(manifest);
    done.add(manifest.identifier);
  }
  const circles = rest.length === 0 ? [] : [`${circleIn(rest).join(" needs ")}: modules must not need each other`];
  if (missing.length + circles.length > 0) throw new InstallError([...missing, ...circles]);
  return ordered;
}

/** Walks along dependencies that cannot be met until it comes back to where it has been. */
function circleIn(rest: readonly Manifest[]): string[] {
  const byName = new Map(rest.map((manifest) => [manifest.identifier, manifest]));
  const path: string[] = [];
  let next = rest[0]?.identifier;
  while (next !== undefined && !path.includes(next)) {
    path.push(next);
    next = byName.get(next)?.dependencies.find((dependency) => byName.has(dependency));
  }
  return next === undefined ? path : [...path.slice(path.indexOf(next)), next];
}
