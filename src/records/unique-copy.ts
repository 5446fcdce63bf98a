/** Finds names for copies: the old one with " (copy)", and with a number where that is taken. */
import { ValidationError } from "../errors.ts";
import { CharField } from "../fields/char.ts";
import type { Model, StoredField } from "../models/model.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { parseBytes } from "./json-bytes.ts";
import { queryAs } from "./read.ts";

/** A value of a copy that must not stay as it is; it is put into the draft. */
export interface Wish {
  readonly model: Model;
  readonly field: StoredField;
  readonly draft: Record<string, unknown>;
  /** Whether no other record may have the value, archived and hidden ones included. */
  readonly isUnique: boolean;
}

const SUFFIX = "copy";

/**
 * Gives each wish a name, with one statement for each unique field.
 *
 * @throws ValidationError for a unique field that is required and is no text: only the caller knows another value
 */
export async function freeNames(env: BaseEnvironment, wishes: readonly Wish[]): Promise<void> {
  const open = new Map<StoredField, Wish[]>();
  for (const wish of wishes) open.set(wish.field, [...(open.get(wish.field) ?? []), wish]);
  for (const [field, alike] of open) {
    const taken = alike.some(({ isUnique }) => isUnique) ? await findTaken(env, alike) : new Set<string>();
    for (const { draft } of alike) {
      const name = freeName(String(draft[field.name] ?? ""), longestOf(field), taken);
      taken.add(name.toLowerCase());
      draft[field.name] = name;
    }
  }
}

/** Every value that begins like one of the copies, in lower case: what is unique may be so whatever the case. */
async function findTaken(env: BaseEnvironment, alike: readonly Wish[]): Promise<Set<string>> {
  const [{ model, field, draft: first } = alike[0] as Wish] = alike;
  if (typeof first[field.name] !== "string") {
    const message = "must be given: it is required, and no other record may have the same";
    throw ValidationError.ofFields([{ path: field.name, message }]);
  }
  const longest = longestOf(field);
  const starts = new Set(alike.map(({ draft }) => shorten(String(draft[field.name]), longest)));
  const conditions = [...starts].map((start) => ({ [`${field.name}__istartswith`]: start }));
  const request = { fields: [field.name], q_filter: { or: conditions }, limit: 2 ** 31 - 2, count: "none" } as const;
  // A value that is taken is taken, also by records that the caller may not see.
  const { data } = await queryAs(env.elevated(), model.name, request, "codeExpression");
  const records = parseBytes(data) as Readonly<Record<string, string>>[];
  return new Set(records.map((record) => (record[field.name] ?? "").toLowerCase()));
}

function freeName(text: string, longest: number, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n += 1) {
    const suffix = n === 1 ? ` (${SUFFIX})` : ` (${SUFFIX} ${n})`;
    const name = `${shorten(text, longest)}${suffix}`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}

/** Room for the longest suffix that may come. */
const ROOM = ` (${SUFFIX} 999999)`.length;

/** As much of a text as leaves room for a suffix, without half a character at its end. */
function shorten(text: string, longest: number): string {
  const characters = [...text];
  return characters.length <= longest - ROOM ? text : characters.slice(0, Math.max(0, longest - ROOM)).join("");
}

function longestOf({ field }: StoredField): number {
  return field instanceof CharField ? field.maxLength : Number.POSITIVE_INFINITY;
}
