/** The manifest of a module: what it is called, what it needs, and which data files it brings. */
import { checkKeys, type KeyTable, listOf, parseYaml, textOf } from "./yaml-file.ts";

/** A module as its `manifest.yaml` or `manifest.json` describes it. */
export interface Manifest {
  /** For people. */
  readonly name: string;
  readonly identifier: string;
  /** Semantic version. */
  readonly version: string;
  readonly summary: string;
  /** Identifiers of the modules that must be installed before. */
  readonly dependencies: readonly string[];
  /** Data files in the order in which they are applied, relative to the module's folder. */
  readonly data: readonly string[];
  /** The same for records to try things out with. */
  readonly demo: readonly string[];
  /** Files that say what became of earlier tables, see {@link ./ledger-file.ts}. */
  readonly ledger: readonly string[];
  /** The module's folder. */
  readonly folder: string;
}

const IDENTIFIER = /^[a-z][a-z0-9_]{0,39}$/;
const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z.-]+)?$/;
const FILE = /^[a-z0-9][a-z0-9_-]*(\/[a-z0-9][a-z0-9_-]*)*\.yaml$/;

const files = listOf(FILE, "YAML files within the module, such as data/units.yaml");
const KEYS: KeyTable = {
  name: { check: textOf(/\S/, "a text") },
  identifier: { check: textOf(IDENTIFIER, "small letters, digits and _, beginning with a letter") },
  version: { check: textOf(SEMVER, 'a version such as "1.2.0"') },
  summary: { check: textOf(/\S/, "a text") },
  dependencies: { check: listOf(IDENTIFIER, "identifiers of modules") },
  data: { check: files, optional: true },
  demo: { check: files, optional: true },
  ledger: { check: files, optional: true },
};

/**
 * Parses a manifest.
 *
 * @param text the content of the file
 * @param file for messages
 * @param folder the module's folder
 * @param problems one line is added to it for each mistake
 * @returns undefined when there were mistakes
 */
export function parseManifest(text: string, file: string, folder: string, problems: string[]): Manifest | undefined {
  const before = problems.length;
  const found = parseYaml(text, file, problems);
  if (problems.length > before || !checkKeys(found, KEYS, file, problems)) return undefined;
  return { data: [], demo: [], ledger: [], ...found, folder } as unknown as Manifest;
}
