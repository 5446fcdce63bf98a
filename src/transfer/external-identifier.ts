/**
 * External identifiers: names that records have in files and other programs. Those of modules' data files are their modules'; users
 * give others, which are kept apart from them, so that neither can take over the other's.
 */
import { ValueProblem } from "../fields/field.ts";
import { parseText } from "../fields/text-value.ts";
import type { Model } from "../models/model.ts";
import { USERS_IDENTIFIERS } from "../query/table.ts";
import type { BaseEnvironment } from "../records/base-environment.ts";
import { findPassing } from "../records/target.ts";

const LONGEST = 200;

interface KeptIdentifier {
  readonly identifier: string;
  readonly module: string;
  readonly model: string;
  readonly record: number;
}

/** An identifier that is to be given to a record. */
export interface GivenIdentifier {
  readonly text: string;
  readonly record: number;
}

/**
 * Checks the form of an identifier.
 *
 * @throws ValueProblem with what is allowed
 */
export function parseIdentifier(value: unknown): string {
  const text = parseText(value).trim();
  if (text === "" || text.length > LONGEST || /\p{Cc}/u.test(text)) {
    throw new ValueProblem(`must be a name of 1 to ${LONGEST} characters on one line`);
  }
  return text;
}

/**
 * Finds records by their identifiers.
 *
 * @returns identifier -> id, of the records that the caller may see
 */
export async function findIdentified(
  env: BaseEnvironment,
  model: Model,
  texts: readonly string[],
): Promise<Map<string, number>> {
  const kept = (await loadKept(env, texts)).filter((each) => each.model === model.name);
  if (kept.length === 0) return new Map();
  const seen = await findPassing(
    env,
    model,
    "read",
    kept.map(({ record }) => record),
  );
  return new Map(kept.flatMap((each) => (seen.has(each.record) ? [[textOf(each), each.record] as const] : [])));
}

/**
 * Gives records their identifiers.
 *
 * @returns what is wrong with those that cannot be given, by their text; nothing is kept of these
 */
export async function saveIdentifiers(
  env: BaseEnvironment,
  model: Model,
  given: readonly GivenIdentifier[],
): Promise<Map<string, string>> {
  const problems = new Map<string, string>();
  const texts = given.map(({ text }) => text);
  const kept = new Map((await loadKept(env, texts)).map((each) => [textOf(each), each]));
  const modules = await loadModules(env);
  const gone = await findGone(env, [...kept.values()]);
  const added = new Map<string, number>();
  for (const { text, record } of given) {
    const known = kept.get(text);
    const module = text.slice(0, Math.max(0, text.indexOf(".")));
    if (known?.model === model.name && known.record === record) continue;
    const isTaken =
      added.has(text) || (known !== undefined && (known.module !== USERS_IDENTIFIERS || !gone.has(known.identifier)));
    if (isTaken) problems.set(text, "is the identifier of another record");
    else if (modules.has(module)) problems.set(text, `begins like the identifiers of the module "${module}"`);
    else added.set(text, record);
  }
  if (added.size > 0) {
    await env.session.run({
      name: "identifiers_save",
      text: `INSERT INTO data_identifier (identifier, module, model, record, apply_once)
SELECT identifier, '${USERS_IDENTIFIERS}', $1, record, true FROM unnest($2::text[], $3::bigint[]) AS added(identifier, record)
ON CONFLICT (identifier) DO UPDATE SET model = excluded.model, record = excluded.record, updated_date = now()`,
      values: [model.name, [...added.keys()].map((text) => `${USERS_IDENTIFIERS}.${text}`), [...added.values()]],
    });
  }
  return problems;
}

function textOf({ identifier, module }: KeptIdentifier): string {
  return module === USERS_IDENTIFIERS ? identifier.slice(USERS_IDENTIFIERS.length + 1) : identifier;
}

async function loadKept(env: BaseEnvironment, texts: readonly string[]): Promise<KeptIdentifier[]> {
  if (texts.length === 0) return [];
  return env.session.rows<KeptIdentifier>({
    name: "identifiers_load",
    // Those of modules come last: where a module gives one that a user has given before, it is the module's.
    text: `SELECT identifier, module, model, record FROM data_identifier
WHERE identifier = ANY($1::text[]) ORDER BY module = '${USERS_IDENTIFIERS}' DESC`,
    values: [texts.flatMap((text) => [text, `${USERS_IDENTIFIERS}.${text}`])],
  });
}

async function loadModules(env: BaseEnvironment): Promise<Set<string>> {
  const rows = await env.session.rows<{ module: string }>({
    name: "identifiers_modules",
    text: `SELECT DISTINCT module FROM data_identifier WHERE module <> '${USERS_IDENTIFIERS}'`,
    values: [],
  });
  return new Set(rows.map(({ module }) => module));
}

/** The identifiers whose records have been deleted. */
async function findGone(env: BaseEnvironment, kept: readonly KeptIdentifier[]): Promise<Set<string>> {
  const gone = new Set<string>();
  for (const name of new Set(kept.map(({ model }) => model))) {
    const all = kept.filter((each) => each.model === name);
    const model = env.registry.models.get(name);
    const ids = all.map(({ record }) => record);
    // Whether a record is there at all, whoever may see it: that of another user is not to be lost to this one.
    const there = model === undefined ? new Set<number>() : await findPassing(env.elevated(), model, "read", ids);
    for (const { identifier, record } of all) if (!there.has(record)) gone.add(identifier);
  }
  return gone;
}
