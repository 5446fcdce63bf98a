/** Finds the records that cells name: with one statement for each way of naming and part of a file, whatever the number of cells. */
import { ValueProblem } from "../../fields/field.ts";
import { parseText } from "../../fields/text-value.ts";
import type { Model } from "../../models/model.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { groupValues } from "../../records/group.ts";
import { findPassing } from "../../records/target.ts";
import { findIdentified } from "../external-identifier.ts";
import type { ReferenceKey } from "./import-plan.ts";

/** What a text names: a record, or why it names none. */
export type Found =
  | { readonly kind: "record"; readonly id: number }
  | { readonly kind: "missing"; readonly message: string }
  | { readonly kind: "unclear"; readonly message: string };

/** Texts of one statement, and characters of them all: a filter may not hold more. */
const MOST_TEXTS = 1000;
const MOST_CHARACTERS = 12_000;
/** Longer texts name nothing. */
const LONGEST = 1000;
/** Names that are remembered for each way of naming. */
const MOST_REMEMBERED = 20_000;
const LARGEST_ID = /^[1-9]\d{0,15}$/;

/** Records by one way of naming: text -> their ids, two at the most. */
type Candidates = Map<string, Set<number>>;

type Search<Kind extends ReferenceKey["kind"]> = (
  env: BaseEnvironment,
  target: Model,
  texts: readonly string[],
  key: Extract<ReferenceKey, { kind: Kind }>,
) => Promise<Candidates>;

const searches: { readonly [Kind in ReferenceKey["kind"]]: Search<Kind> } = {
  id: findIds,
  external: findExternal,
  path: (env, target, texts, { path, field }) =>
    findValues(env, target, path, texts, field.field.type === "Integer" ? wholeNumber : usableText),
  any: async (env, target, texts) => {
    const found = [await findIds(env, target, texts), await findExternal(env, target, texts)];
    if (target.displayName.length > 0) found.push(await findValues(env, target, "display_name", texts, usableText));
    return merge(found);
  },
};

/** Finds records, and remembers those that this import cannot change. */
export class ReferenceSearch {
  readonly #changing: ReadonlySet<Model>;
  readonly #known = new Map<string, Map<string, Found>>();

  /** @param changing the models whose records the import itself writes: what names one of these may become another's name */
  constructor(changing: ReadonlySet<Model>) {
    this.#changing = changing;
  }

  /** Whether what a text names may only come with this import. */
  mayCome(target: Model): boolean {
    return this.#changing.has(target);
  }

  /**
   * Finds the records that texts name, as far as the caller may see them.
   *
   * @returns an entry for each text
   */
  async find(
    env: BaseEnvironment,
    target: Model,
    key: ReferenceKey,
    texts: ReadonlySet<string>,
  ): Promise<Map<string, Found>> {
    const name = `${target.name} ${key.kind} ${key.kind === "path" ? key.path : ""}`;
    const known = this.#known.get(name) ?? new Map<string, Found>();
    const found = new Map<string, Found>();
    const open: string[] = [];
    for (const text of texts) {
      const before = known.get(text);
      if (before === undefined) open.push(text);
      else found.set(text, before);
    }
    const search = searches[key.kind] as Search<ReferenceKey["kind"]>;
    for (const part of parts(open)) {
      const candidates = await search(env, target, part, key as never);
      for (const text of part) found.set(text, judge(target, candidates.get(text)));
    }
    if (!this.#changing.has(target)) this.#remember(name, known, found);
    return found;
  }

  #remember(name: string, known: Map<string, Found>, found: ReadonlyMap<string, Found>): void {
    if (known.size + found.size > MOST_REMEMBERED) known.clear();
    for (const [text, each] of found) if (each.kind === "record") known.set(text, each);
    this.#known.set(name, known);
  }
}

function judge({ name }: Model, ids: ReadonlySet<number> | undefined): Found {
  const [id, other] = ids ?? [];
  if (id === undefined) return { kind: "missing", message: `there is no such ${name} record` };
  if (other === undefined) return { kind: "record", id };
  return { kind: "unclear", message: `several ${name} records are called like this (${id}, ${other})` };
}

function* parts(texts: readonly string[]): Generator<string[]> {
  let part: string[] = [];
  let characters = 0;
  for (const text of texts) {
    if (part.length >= MOST_TEXTS || characters + text.length > MOST_CHARACTERS) {
      yield part;
      part = [];
      characters = 0;
    }
    part.push(text);
    characters += Math.min(text.length, LONGEST);
  }
  if (part.length > 0) yield part;
}

async function findIds(env: BaseEnvironment, target: Model, texts: readonly string[]): Promise<Candidates> {
  const ids = new Map<number, string>();
  for (const text of texts) {
    if (LARGEST_ID.test(text) && Number.isSafeInteger(Number(text))) ids.set(Number(text), text);
  }
  if (ids.size === 0) return new Map();
  const seen = await findPassing(env, target, "read", [...ids.keys()]);
  return new Map([...seen].map((id) => [ids.get(id) ?? "", new Set([id])]));
}

async function findExternal(env: BaseEnvironment, target: Model, texts: readonly string[]): Promise<Candidates> {
  const usable = texts.filter((text) => usableText(text) !== null);
  const found = await findIdentified(env, target, usable);
  return new Map([...found].map(([text, id]) => [text, new Set([id])]));
}

interface NameGroup {
  readonly id__min: number;
  readonly id__max: number;
}

/** Groups instead of records: however many are called alike, a name comes once. */
async function findValues(
  env: BaseEnvironment,
  target: Model,
  path: string,
  texts: readonly string[],
  convert: (text: string) => unknown,
): Promise<Candidates> {
  const byValue = new Map<string, string>();
  const values: unknown[] = [];
  for (const text of texts) {
    const value = convert(text);
    if (value === null || byValue.has(String(value))) continue;
    byValue.set(String(value), text);
    values.push(value);
  }
  if (values.length === 0) return new Map();
  const data = await groupValues(env, target.name, {
    group_by: [path],
    aggregates: ["id__min", "id__max"],
    q_filter: { [`${path}__in`]: values },
    limit: values.length,
  });
  const groups = JSON.parse(data) as readonly (NameGroup & Readonly<Record<string, unknown>>)[];
  return new Map(
    groups.flatMap((group): [string, Set<number>][] => {
      const text = byValue.get(String(group[path]));
      return text === undefined ? [] : [[text, new Set([group.id__min, group.id__max])]];
    }),
  );
}

function usableText(text: string): string | null {
  if (text.length > LONGEST) return null;
  try {
    return parseText(text);
  } catch (error) {
    if (error instanceof ValueProblem) return null;
    throw error;
  }
}

function wholeNumber(text: string): number | null {
  const number = /^-?\d{1,15}$/.test(text) ? Number(text) : null;
  return number;
}

function merge(all: readonly Candidates[]): Candidates {
  const merged: Candidates = new Map();
  for (const candidates of all) {
    for (const [text, ids] of candidates) merged.set(text, new Set([...(merged.get(text) ?? []), ...ids]));
  }
  return merged;
}
