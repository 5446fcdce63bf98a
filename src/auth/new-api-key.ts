/** Checks what somebody says about a new API key. */
import type { Access } from "../access/access.ts";
import { type FieldError, ValidationError } from "../errors.ts";
import { parseDatetime } from "../fields/date.ts";
import { ValueProblem } from "../fields/field.ts";
import type { NewApiKey } from "./api-key.ts";

/** A key as it is asked for. */
export interface RequestedKey {
  readonly name: string;
  readonly expires?: string;
  readonly read_only?: boolean;
  readonly models?: readonly string[] | null;
}

/** Days that a key holds which says nothing about that. */
const USUAL_DAYS = 365;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 24 * 3600 * 1000;

/**
 * Checks a key.
 *
 * @param access of its owner, who can name only models that the owner may read
 * @throws ValidationError with everything that is wrong
 */
export function readNewKey(access: Access, { name, expires, read_only, models }: RequestedKey, now: Date): NewApiKey {
  const problems: FieldError[] = [];
  if (name.trim() === "" || name.includes("\0") || !name.isWellFormed()) {
    problems.push({ path: "name", message: "must be text that says what the key is for" });
  }
  const usual = new Date(now.getTime() + USUAL_DAYS * DAY_MS).toISOString();
  const until = expires === undefined ? usual : readMoment(expires, now, problems);
  if (models?.length === 0) problems.push({ path: "models", message: "must name a model, or be null for all of them" });
  for (const [index, model] of (models ?? []).entries()) {
    const known = access.registry.models.get(model);
    if (known !== undefined && !known.internal && access.canRead(known)) continue;
    problems.push({ path: `models[${index}]`, message: `there is no model ${JSON.stringify(model)}` });
  }
  if (problems.length > 0) throw ValidationError.ofFields(problems);
  const list = models === undefined || models === null ? null : [...new Set(models)];
  return { name, expires: until, readOnly: read_only === true, models: list };
}

function readMoment(text: string, now: Date, problems: FieldError[]): string {
  try {
    const value = parseDatetime(DAY.test(text) ? `${text}T00:00:00Z` : text);
    if (Date.parse(value) > now.getTime()) return value;
    problems.push({ path: "expires", message: "must be in the future" });
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    problems.push({ path: "expires", message: error.message });
  }
  return text;
}
