/** Which layer may import which: the table of ranks as data, and the rules for modules and the web client. */
import { type Import, isTest, resolveSpecifier, type SourceFile } from "./source-file.ts";

/** One row of the table. */
export interface Layer {
  readonly rank: number;
  /** The layers it may import. */
  readonly imports: readonly string[];
  /** The layers of which it may import types only. */
  readonly types?: readonly string[];
  /** True when the web client uses it too, or what it imports: nothing of Node's then. */
  readonly browser?: boolean;
}

const language = ["errors.ts", "q", "sql", "contract"];
const belowRecords = [...language, "database", "fields", "models", "query", "schema", "access"];
const belowTenants = [...belowRecords, "files", "records", "jobs", "transfer", "auth", "installer"];

/**
 * The layers: files and folders directly in `src/`. Imports point down.
 *
 * `config.ts` reads the environment once and is read by commands; who gets a part of it handed over may name its type.
 * `index.ts` is what module authors import; nothing in `src/` does. Nobody imports `main.ts`.
 */
export const layers: Readonly<Record<string, Layer>> = {
  "errors.ts": { rank: 1, imports: [], types: ["contract"], browser: true },
  q: { rank: 0, imports: ["errors.ts"], browser: true },
  sql: { rank: 0, imports: [] },
  contract: { rank: 0, imports: [], browser: true },
  "config.ts": { rank: 0, imports: ["errors.ts"] },
  database: { rank: 1, imports: ["errors.ts", "sql"] },
  files: { rank: 1, imports: ["errors.ts"] },
  fields: { rank: 2, imports: ["errors.ts", "sql"], types: ["contract"] },
  models: { rank: 3, imports: ["errors.ts", "q", "contract", "fields"] },
  query: { rank: 4, imports: ["errors.ts", "q", "sql", "fields", "models"] },
  schema: { rank: 4, imports: ["errors.ts", "sql", "database", "fields", "models"] },
  backup: { rank: 5, imports: ["errors.ts", "sql", "database", "files", "schema"] },
  access: { rank: 5, imports: ["errors.ts", "q", "sql", "models", "query", "database"] },
  records: { rank: 6, imports: belowRecords },
  jobs: { rank: 7, imports: [...belowRecords, "files", "records"] },
  auth: { rank: 7, imports: [...belowRecords, "records"] },
  installer: { rank: 7, imports: [...belowRecords, "records"] },
  transfer: { rank: 8, imports: [...belowRecords, "files", "records", "jobs"] },
  tenants: {
    rank: 9,
    imports: [
      "errors.ts",
      "sql",
      "models",
      "database",
      "backup",
      "schema",
      "access",
      "files",
      "records",
      "jobs",
      "transfer",
      "auth",
      "installer",
    ],
    types: ["config.ts"],
  },
  "index.ts": { rank: 9, imports: belowTenants },
  http: { rank: 10, imports: [...belowTenants, "tenants"], types: ["config.ts"] },
  command: {
    rank: 11,
    imports: [
      "errors.ts",
      "config.ts",
      "database",
      "files",
      "models",
      "schema",
      "auth",
      "installer",
      "tenants",
      "http",
    ],
  },
  "main.ts": { rank: 12, imports: ["command"] },
};

/** Only these load code by a name that is known at run time alone: modules. */
const loadsModules = ["installer"];

/**
 * Finds the imports of a file that the layout does not allow.
 *
 * @returns one line for each, with its place and what is allowed; tests, benchmarks and scripts may import anything
 */
export function checkImports(file: SourceFile): string[] {
  const [folder = "", name = ""] = file.path.split("/");
  if (isTest(file.path)) return [];
  const rule = { src: checkLayer, modules: checkModule, web: checkWeb }[folder];
  if (rule === undefined) return [];
  return file.imports.flatMap((found) => {
    const problem = rule(file, name, found);
    return problem === undefined ? [] : [`${file.path}:${found.line} ${problem}`];
  });
}

function checkLayer(file: SourceFile, name: string, found: Import): string | undefined {
  const layer = layers[name];
  if (layer === undefined) return `is in no known layer; there are ${Object.keys(layers).join(", ")}`;
  if (found.specifier === undefined) {
    return loadsModules.includes(name) ? undefined : `computes what it imports; only ${loadsModules} may`;
  }
  const target = resolveSpecifier(file.path, found.specifier);
  if (target === undefined) return checkPackage(layer, found.specifier);
  const wrong = checkTarget(target);
  if (wrong !== undefined) return wrong;
  const [folder, targetName = ""] = target.split("/");
  if (folder === "src" && targetName === name) return undefined;
  if (folder === "src" && layer.imports.includes(targetName)) return undefined;
  if (folder === "src" && layer.types?.includes(targetName)) {
    return found.typeOnly ? undefined : `may import only types from ${targetName}`;
  }
  return `imports ${target}; ${name} may import ${[...layer.imports, ...(layer.types ?? [])].join(", ") || "nothing"}`;
}

function checkPackage(layer: Layer, specifier: string): string | undefined {
  if (specifier === "fullfinity") return "imports fullfinity, which is for modules; import the file itself";
  if (layer.browser && specifier.startsWith("node:")) return `imports ${specifier}, but it also runs in the browser`;
  return undefined;
}

function checkModule(file: SourceFile, name: string, found: Import): string | undefined {
  if (found.specifier === "fullfinity") return undefined;
  const target = found.specifier === undefined ? undefined : resolveSpecifier(file.path, found.specifier);
  const allowed =
    "a module imports fullfinity, its own files, what other modules offer in their folder, and their types";
  if (target === undefined) return `imports ${found.specifier ?? "a computed name"}; ${allowed}`;
  const [folder, targetName] = target.split("/");
  if (folder !== "modules" || (targetName !== name && !found.typeOnly && !isOffered(target))) {
    return `imports ${target}; ${allowed}`;
  }
  return checkTarget(target);
}

/** Files directly in a module's folder are what others may use of it; only the kernel loads `module.ts`. */
function isOffered(target: string): boolean {
  return /^modules\/\w+\/[\w-]+\.ts$/.test(target) && !target.endsWith("/module.ts");
}

function checkWeb(file: SourceFile, _name: string, found: Import): string | undefined {
  const target = found.specifier === undefined ? undefined : resolveSpecifier(file.path, found.specifier);
  if (target === undefined) return undefined;
  const allowed = ["web/", "src/contract/", "src/q/"];
  if (!allowed.some((start) => target.startsWith(start))) return `imports ${target}; web sees ${allowed.join(", ")}`;
  return checkTarget(target);
}

function checkTarget(target: string): string | undefined {
  if (isTest(target)) return `imports the test ${target}`;
  if (!/\.\w+$/.test(target)) return `imports ${target} without its ending`;
  return undefined;
}
