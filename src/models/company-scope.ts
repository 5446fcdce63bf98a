/** Whose company a record is of, and which relations must not lead to another one: worked out once, when models are composed. */
import { ManyToManyField, ToOneField } from "../fields/relation.ts";
import type { DraftModel } from "./collect.ts";
import { COMPANY_FIELD } from "./company-field.ts";
import type { Conflict } from "./conflict.ts";
import {
  type CompanyBond,
  type CompanyStop,
  fieldOf,
  type LinkTable,
  type Model,
  type ModelField,
  type StoredField,
} from "./model.ts";

/**
 * The way from the records of each model that are of companies to their company: its own field, or that of the record which
 * the option `companyScoped` names.
 *
 * @param conflicts names that lead to no such record are added to it
 */
export function resolveCompanyPaths(
  drafts: ReadonlyMap<string, DraftModel>,
  conflicts: Conflict[],
): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, readonly string[]>();
  for (const draft of drafts.values()) {
    const path = followOwners(drafts, draft);
    if (typeof path === "string") conflicts.push({ ...draft, subject: draft.name, message: path });
    else if (path !== null) paths.set(draft.name, Object.freeze(path));
  }
  return paths;
}

/** The path, null for records of no company, or what is wrong. */
function followOwners(drafts: ReadonlyMap<string, DraftModel>, start: DraftModel): readonly string[] | string | null {
  const path: string[] = [];
  const seen = new Set<DraftModel>();
  let draft = start;
  for (let named = draft.options.companyScoped; named !== true; named = draft.options.companyScoped) {
    if (named === undefined || named === false) {
      return draft === start ? null : `companyScoped leads to ${draft.name}, whose records are of no company`;
    }
    if (seen.has(draft)) return "companyScoped leads round in a circle";
    seen.add(draft);
    const field = draft.fields.get(named)?.field;
    const target = field instanceof ToOneField && field.options.stored !== false ? drafts.get(field.target) : undefined;
    if (target === undefined) return `companyScoped takes true or a to-one field of ${draft.name}, not "${named}"`;
    path.push(named);
    draft = target;
  }
  return [...path, COMPANY_FIELD];
}

/**
 * The relations between records of companies, each from the side that declares it. Where a record gets its company by a relation, there is
 * nothing to compare.
 */
export function findCompanyBonds(
  models: ReadonlyMap<string, Model>,
  linkTables: readonly LinkTable[],
): readonly CompanyBond[] {
  const bonds: CompanyBond[] = [];
  for (const model of models.values()) {
    for (const field of model.fields.values()) {
      const target = field.relation === null ? undefined : models.get(field.relation.target);
      // What a company says of a record is bound to that company, in the model where it stands.
      if (field.kind === "company") continue;
      if (model.companyPath === null || target === undefined || target.companyPath === null) continue;
      if (model.companyPath[0] === field.name || !isDeclared(field, linkTables) || mayLeave(field)) continue;
      bonds.push(Object.freeze({ field, from: stopsOf(models, model), to: stopsOf(models, target) }));
    }
  }
  return Object.freeze(bonds);
}

function stopsOf(models: ReadonlyMap<string, Model>, start: Model): readonly CompanyStop[] {
  let model = start;
  const stops = (start.companyPath ?? []).map((name) => {
    const stop = { model, step: fieldOf(model, name) as StoredField };
    model = models.get(stop.step.relation?.target ?? "") ?? model;
    return Object.freeze(stop);
  });
  return Object.freeze(stops);
}

function isDeclared({ relation }: ModelField, linkTables: readonly LinkTable[]): boolean {
  const link = relation?.link;
  if (link?.kind !== "through") return link?.kind === "column";
  return linkTables.some(({ table, source }) => table === link.table && source.column === link.source);
}

function mayLeave({ field }: ModelField): boolean {
  const isRelation = field instanceof ToOneField || field instanceof ManyToManyField;
  return isRelation && field.options.otherCompanies === true;
}
