/** Record rules: the arithmetic that makes one filter of the rules that concern a user. */
import { ValidationError } from "../errors.ts";
import type { Model, Registry } from "../models/model.ts";
import { parseFilter } from "../q/parse-filter.ts";
import { and, group, not, or, type Q } from "../q/tree.ts";
import { checkRule } from "../query/compilation.ts";
import type { BindContext } from "../query/slot.ts";

/** The text of a rule, and whether it holds for everybody and not through a group of the user. */
export interface RuleText {
  readonly rule: string;
  readonly global: boolean;
}

/** A filter that no record passes. */
const NOTHING: Q = not(group([]));

/**
 * Makes one filter of rules.
 *
 * Rules that hold for everybody must all be met; of the rules of the user's groups at least one. A rule that cannot be
 * understood is met by nothing: it was meant to restrict.
 *
 * @param session who the user is and what time it is, to try the rules' values out
 * @returns null where every record may be: without any rule, or because one lets everything through
 */
export function combineRules(
  registry: Registry,
  model: Model,
  rules: readonly RuleText[],
  session: BindContext,
): Q | null {
  if (rules.length === 0) return null;
  const understood = rules.map(({ rule, global }) => ({ global, q: understand(registry, model, rule, session) }));
  const ofGroups = understood.filter(({ global }) => !global).map(({ q }) => q);
  const everybody = understood.filter(({ global }) => global).map(({ q }) => q);
  // A group that may do everything makes the rules of the other groups mean nothing: then no statement has to ask for them.
  const narrowing = [...everybody, ...(ofGroups.length === 0 || ofGroups.some(isEverything) ? [] : [or(ofGroups)])];
  const left = narrowing.filter((q) => !isEverything(q));
  return left.length === 0 ? null : and(left);
}

/** Whether every record passes, as `Q()` says. */
function isEverything(q: Q): boolean {
  return q.kind === "group" && q.conditions.length === 0;
}

function understand(registry: Registry, model: Model, rule: string, session: BindContext): Q {
  try {
    return parseRule(registry, model, rule, session);
  } catch {
    return NOTHING;
  }
}

function parseRule(registry: Registry, model: Model, rule: string, session: BindContext): Q {
  const { q } = parseFilter(rule);
  checkRule(registry, model, q, session);
  return q;
}

/** Somebody whom a rule could be for. */
const ANYBODY: BindContext = {
  names: { uid: 1, cid: 1, company_id: 1, cids: [1], contact_id: 1, gids: [1] },
  clock: { now: new Date(0), timeZone: "UTC" },
};

/** What is wrong with the text of a rule, or null: a rule that cannot be understood would let nothing through. */
export function ruleProblem(registry: Registry, model: Model, rule: string): string | null {
  try {
    parseRule(registry, model, rule, ANYBODY);
    return null;
  } catch (error) {
    if (error instanceof ValidationError) return error.message;
    throw error;
  }
}
