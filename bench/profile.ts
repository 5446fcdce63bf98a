/** Reads processor profiles and tells which functions, and which parts of the program, the time went to. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The members of a `.cpuprofile` that are used here. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** Both counted from 0. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** Places where the program only waits. */
const WAITING = new Set(["(idle)", "(root)"]);
const MOST_FUNCTIONS = 40;

/**
 * Describes all profiles of a folder together.
 *
 * @param folder where the `.cpuprofile` files are
 * @param project the project's folder; files are named relative to it
 * @returns lines: the share of each part of the program, then the functions with the most time of their own
 */
export function describeProfiles(folder: string, project: string): string[] {
  const functions = new Map<string, number>();
  const parts = new Map<string, number>();
  const locate = fileLocator(project);
  let total = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"))) {
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Profile;
    const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
    for (const [index, id] of samples.entries()) {
      const frame = frames.get(id);
      const time = timeDeltas[index + 1] ?? 0;
      if (frame === undefined || WAITING.has(frame.functionName)) continue;
      total += time;
      const place = locate(frame);
      add(functions, `${frame.functionName || "(anonymous)"} ${place.text}`, time);
      add(parts, place.part, time);
    }
  }
  const percent = (time: number): string => `${((time / total) * 100).toFixed(1).padStart(5)} %`;
  const ranked = (times: Map<string, number>): string[] =>
    [...times]
      .sort((a, b) => b[1] - a[1])
      .slice(0, MOST_FUNCTIONS)
      .map(([name, time]) => `${percent(time)}  ${name}`);
  return ["By part:", ...ranked(parts), "", "By function, its own time:", ...ranked(functions)];
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}

interface Place {
  /** File and line, in the sources where there is a source map. */
  readonly text: string;
  /** Package, folder of the project, or what the engine calls it. */
  readonly part: string;
}

function fileLocator(project: string): (frame: CallFrame) => Place {
  const maps = new Map<string, SourceMap | null>();
  const mapOf = (file: string): SourceMap | null => {
    const known = maps.get(file);
    if (known !== undefined) return known;
    const path = `${file}.map`;
    const map = existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, "utf8"))) : null;
    maps.set(file, map);
    return map;
  };
  return ({ functionName, url, lineNumber, columnNumber }) => {
    if (!url.startsWith("file:")) {
      return { text: url === "" ? "" : `${url}:${lineNumber + 1}`, part: partOf(url || functionName) };
    }
    const file = fileURLToPath(url);
    const entry = mapOf(file)?.findEntry(lineNumber, columnNumber);
    const mapped = entry !== undefined && "originalSource" in entry ? entry : undefined;
    const source = mapped === undefined ? file : resolve(dirname(file), mapped.originalSource);
    const path = relative(project, source);
    return { text: `${path}:${(mapped?.originalLine ?? lineNumber) + 1}`, part: partOf(path) };
  };
}

/** `node_modules/pg/lib/x.js` -> `pg`, `src/http/x.ts` -> `src/http`; the rest is the engine's own. */
function partOf(path: string): string {
  const inPackage = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  if (inPackage !== undefined) return inPackage;
  if (path.startsWith("node:")) return path.split("/").slice(0, 2).join("/");
  return path.includes("/") ? dirname(path) : path;
}
