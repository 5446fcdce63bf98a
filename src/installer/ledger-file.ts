/** Ledger files of modules: what has become of models and fields from one version to the next. */
import semver from "semver";
import type { Registry } from "../models/model.ts";
import { tableName } from "../models/naming.ts";
import type { LedgerStep } from "../schema/ledger.ts";
import { quoteLiteral } from "../sql/fragment.ts";
import { readTexts } from "./data-file.ts";
import { InstallError } from "./install-error.ts";
import type { Manifest } from "./manifest.ts";
import { checkKeys, isMap, type KeyTable, parseYaml, textOf, type YamlMap } from "./yaml-file.ts";

/** One entry: a step that a database needs which has an older version of the module. */
export interface LedgerEntry {
  readonly version: string;
  readonly steps: (registry: Registry) => readonly LedgerStep[];
}

const MODEL = textOf(/^[A-Z][A-Za-z0-9]*$/, "the name of a model");
const FIELD = textOf(/^[a-z][a-z0-9_]*$/, "the name of a field");
const TABLE = { check: textOf(/^[a-z][a-z0-9_]*$/, "the name of a table"), optional: true as const };
const TEXT = textOf(/\S/, "a text");
const statements = (value: unknown): string | null =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string")
    ? null
    : "must be a list of statements";

interface StepKind {
  readonly keys: KeyTable;
  readonly steps: (values: Readonly<Record<string, string>>, registry: Registry) => readonly LedgerStep[];
}

/** What an entry may say. */
const KINDS: Readonly<Record<string, StepKind>> = {
  rename_model: {
    keys: { from: { check: MODEL }, to: { check: MODEL }, from_table: TABLE },
    steps: ({ from = "", to = "", from_table }, registry) => [
      { kind: "rename table", from: from_table ?? tableName(from), to: tableOfModel(registry, to) },
      ...renameInData(registry, from, to),
    ],
  },
  rename_field: {
    keys: { model: { check: MODEL }, from: { check: FIELD }, to: { check: FIELD }, table: TABLE },
    steps: ({ model = "", from = "", to = "", table }, registry) => [
      { kind: "rename field", table: table ?? tableOfModel(registry, model), from, to },
    ],
  },
  convert_field: {
    keys: { model: { check: MODEL }, field: { check: FIELD }, using: { check: TEXT }, table: TABLE },
    steps: ({ model = "", field = "", using = "", table }, registry) => [
      { kind: "convert field", table: table ?? tableOfModel(registry, model), field, using },
    ],
  },
  drop_field: {
    keys: { model: { check: MODEL }, field: { check: FIELD }, table: TABLE },
    steps: ({ model = "", field = "", table }, registry) => [
      { kind: "drop field", table: table ?? tableOfModel(registry, model), field },
    ],
  },
  drop_model: {
    keys: { model: { check: MODEL }, table: TABLE },
    steps: ({ model = "", table }, registry) => [{ kind: "drop table", table: table ?? tableOfModel(registry, model) }],
  },
  run: {
    keys: { description: { check: TEXT }, sql: { check: statements } },
    steps: ({ description = "", sql }) => [
      { kind: "run", description, statements: sql as unknown as readonly string[] },
    ],
  },
};

const SHARED: KeyTable = {
  version: { check: (value) => (semver.valid(String(value)) === value ? null : 'must be a version such as "1.2.0"') },
};
const ENTRY_KEYS: KeyTable = {
  ...SHARED,
  ...Object.fromEntries(
    Object.keys(KINDS).map((kind) => [
      kind,
      { check: (value: unknown) => (isMap(value) ? null : "must be a mapping"), optional: true as const },
    ]),
  ),
};

/** A model that is no longer declared had the table that its name gives, unless the entry says another. */
function tableOfModel(registry: Registry, model: string): string {
  return registry.models.get(model)?.table ?? tableName(model);
}

/** What core keeps by the names of models follows when one is renamed. */
function renameInData(registry: Registry, from: string, to: string): LedgerStep[] {
  const keeping = [...registry.models.values()].filter(
    ({ fields, name }) =>
      name !== to && fields.get("model")?.kind === "stored" && fields.get("model")?.relation === null,
  );
  const updates = keeping
    .filter(({ fields }) => fields.get("model")?.module === "core")
    .map(({ table }) => `UPDATE "${table}" SET model = ${quoteLiteral(to)} WHERE model = ${quoteLiteral(from)}`);
  return [{ kind: "run", description: `call ${from} ${to} in rights and data`, statements: updates }];
}

/**
 * Reads the ledger of a module.
 *
 * @throws InstallError with all mistakes
 */
export async function loadLedger(manifest: Manifest): Promise<readonly LedgerEntry[]> {
  if (manifest.ledger.length === 0) return [];
  const problems: string[] = [];
  const texts = await readTexts(manifest, manifest.ledger);
  const entries = [...texts].flatMap(([file, text]) => parseLedger(text, `${manifest.identifier}/${file}`, problems));
  const late = entries.find(({ version }) => semver.gt(version, manifest.version));
  if (late !== undefined) {
    problems.push(
      `${manifest.identifier}: its ledger speaks of ${late.version}, but its version is ${manifest.version}`,
    );
  }
  if (problems.length > 0) throw new InstallError(problems);
  return entries;
}

/**
 * Parses a ledger file.
 *
 * @param file for messages
 * @param problems one line is added to it for each mistake
 */
export function parseLedger(text: string, file: string, problems: string[]): LedgerEntry[] {
  const before = problems.length;
  const found = parseYaml(text, file, problems);
  if (problems.length > before || found === null) return [];
  if (!Array.isArray(found)) {
    problems.push(`${file}: must be a list of entries, each beginning with "- version:"`);
    return [];
  }
  return found.flatMap((item: unknown, index) => parseEntry(item, `${file}, entry ${index + 1}`, problems));
}

function parseEntry(item: unknown, place: string, problems: string[]): LedgerEntry[] {
  if (!checkKeys(item, ENTRY_KEYS, place, problems)) return [];
  const [kind, ...more] = Object.keys(item).filter((key) => Object.hasOwn(KINDS, key));
  if (kind === undefined || more.length > 0) {
    problems.push(`${place}: must have exactly one of ${Object.keys(KINDS).join(", ")}`);
    return [];
  }
  const known = KINDS[kind] as StepKind;
  const values = item[kind] as YamlMap;
  if (!checkKeys(values, known.keys, `${place}, ${kind}`, problems)) return [];
  const steps = (registry: Registry) => known.steps(values as Readonly<Record<string, string>>, registry);
  return [{ version: String(item.version), steps }];
}

/** The steps that lead a database from one version of a module to the present one. */
export function stepsSince(
  entries: readonly LedgerEntry[],
  version: string,
  registry: Registry,
): readonly LedgerStep[] {
  return entries.filter((entry) => semver.gt(entry.version, version)).flatMap(({ steps }) => steps(registry));
}
