/** Data files: YAML lists of entries, each of which becomes a record. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InstallError } from "./install-error.ts";
import type { Manifest } from "./manifest.ts";
import { checkKeys, isMap, type KeyTable, listOf, parseYaml, textOf } from "./yaml-file.ts";

/** A call of a method whose result opens the record of an entry. */
export interface MethodCall {
  readonly method: string;
  /** Identifiers of the records that it is called for. */
  readonly of: readonly string[];
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** One entry of a data file. */
export interface DataEntry {
  /** The model of the record. */
  readonly dataType: string;
  /** Qualified by the module, such as `core.currency_eur`. */
  readonly identifier: string;
  /** True for a record that is its users' once it has been made. */
  readonly applyOnce: boolean;
  /** As they stand in the file: relations name identifiers. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The method that makes the record, in place of `values`. */
  readonly madeBy: MethodCall | null;
  /** Methods of the record that are called once it has been made. */
  readonly run: readonly string[];
  /** The file that it stands in, below the folder of modules. */
  readonly file: string;
  /** Names the entry in messages. */
  readonly place: string;
}

const LOCAL = /^[a-z][a-z0-9_]{0,119}$/;
const METHOD = /^[a-z][a-z0-9_]*$/;
const KEYS: KeyTable = {
  data_type: { check: textOf(/^[A-Z][A-Za-z0-9]*$/, "the name of a model") },
  identifier: { check: textOf(LOCAL, "small letters, digits and _, beginning with a letter, without the module") },
  apply_once: { check: (value) => (typeof value === "boolean" ? null : "must be true or false"), optional: true },
  values: { check: (value) => (isMap(value) ? null : "must be a mapping of fields and their values"), optional: true },
  made_by: { check: (value) => (isMap(value) ? null : "must be a mapping of method, of and inputs"), optional: true },
  run: { check: listOf(METHOD, "names of methods"), optional: true },
};
const CALL_KEYS: KeyTable = {
  method: { check: textOf(METHOD, "the name of a method") },
  of: { check: listOf(/^[a-z][a-z0-9_.]*$/, "identifiers of records") },
  inputs: { check: (value) => (isMap(value) ? null : "must be a mapping of inputs"), optional: true },
};

/** How the record of an entry comes to be: by its values, or by a method. Undefined where the entry does not say one of them. */
function parseOrigin(
  { values, made_by, run, apply_once }: Readonly<Record<string, unknown>>,
  place: string,
  problems: string[],
): Pick<DataEntry, "values" | "madeBy" | "run"> | undefined {
  if ((values === undefined) === (made_by === undefined)) {
    problems.push(`${place}: must have values, or made_by`);
    return undefined;
  }
  if ((made_by !== undefined || run !== undefined) && apply_once !== true) {
    problems.push(`${place}: methods are called once: made_by and run go with apply_once: true`);
    return undefined;
  }
  if (made_by !== undefined && !checkKeys(made_by, CALL_KEYS, `${place}: made_by`, problems)) return undefined;
  const call = made_by as (Omit<MethodCall, "inputs"> & Partial<MethodCall>) | undefined;
  return {
    values: (values ?? {}) as DataEntry["values"],
    madeBy: call === undefined ? null : { ...call, inputs: call.inputs ?? {} },
    run: (run ?? []) as readonly string[],
  };
}

/**
 * Parses a data file.
 *
 * @param module the identifier of the module that it belongs to
 * @param file for messages
 * @param problems one line is added to it for each mistake
 */
export function parseDataFile(text: string, module: string, file: string, problems: string[]): DataEntry[] {
  const before = problems.length;
  const found = parseYaml(text, file, problems);
  if (problems.length > before || found === null) return [];
  if (!Array.isArray(found)) {
    problems.push(`${file}: must be a list of entries, each beginning with "- data_type:"`);
    return [];
  }
  const entries: DataEntry[] = [];
  found.forEach((item: unknown, index) => {
    const local = isMap(item) && typeof item.identifier === "string" ? item.identifier : `entry ${index + 1}`;
    const place = `${file}, ${local}`;
    if (!checkKeys(item, KEYS, place, problems)) return;
    const origin = parseOrigin(item, place, problems);
    if (origin === undefined) return;
    const identifier = `${module}.${local}`;
    entries.push({
      dataType: String(item.data_type),
      identifier,
      applyOnce: item.apply_once === true,
      ...origin,
      file,
      place,
    });
  });
  return entries;
}

/** The data files of one module, as they are on disk. */
export interface DataFiles {
  readonly data: readonly DataEntry[];
  readonly demo: readonly DataEntry[];
}

/**
 * Parses the data files of a module.
 *
 * @param texts file -> content, see {@link readTexts}
 * @param demo whether to parse the demo files too
 * @throws InstallError with all mistakes in all of the files
 */
export function parseDataFiles(manifest: Manifest, texts: ReadonlyMap<string, string>, demo: boolean): DataFiles {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  const parse = (files: readonly string[]) =>
    files.flatMap((file) =>
      parseDataFile(texts.get(file) ?? "", manifest.identifier, `${manifest.identifier}/${file}`, problems),
    );
  const found = { data: parse(manifest.data), demo: demo ? parse(manifest.demo) : [] };
  for (const { identifier, place } of [...found.data, ...found.demo]) {
    const other = seen.get(identifier);
    if (other !== undefined) problems.push(`${place}: identifier is taken by ${other}`);
    seen.set(identifier, place);
  }
  if (problems.length > 0) throw new InstallError(problems);
  return found;
}

/**
 * Reads files of a module.
 *
 * @param files relative to the module's folder
 * @throws InstallError naming each file that cannot be read
 */
export async function readTexts(manifest: Manifest, files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const problems: string[] = [];
  const texts = await Promise.all(
    files.map((file) =>
      readFile(join(manifest.folder, file), "utf8").catch((error: Error) => {
        problems.push(`${manifest.identifier}/manifest: names ${file}, which cannot be read: ${error.message}`);
        return "";
      }),
    ),
  );
  if (problems.length > 0) throw new InstallError(problems);
  return new Map(files.map((file, index) => [file, texts[index] ?? ""]));
}

/** The identifiers of the groups that a module's data files bring. What is wrong in a file is told when it is applied. */
export async function groupIdentifiers(manifest: Manifest): Promise<string[]> {
  const texts = await readTexts(manifest, manifest.data);
  // Most files have none, and reading YAML takes its time.
  const likely = [...texts].filter(([, text]) => /data_type:\s*["']?Group\b/.test(text));
  return likely.flatMap(([file, text]) =>
    parseDataFile(text, manifest.identifier, file, [])
      .filter(({ dataType }) => dataType === "Group")
      .flatMap(({ values: { identifier } }) => (typeof identifier === "string" ? [identifier] : [])),
  );
}

/** A digest that changes with the names and contents of the files. */
export function fingerprintOf(texts: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const [file, text] of texts) hash.update(JSON.stringify([file, text]));
  return hash.digest("hex");
}
