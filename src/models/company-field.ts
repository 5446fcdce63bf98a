/** The company of records that are of companies. */
import type { DefaultContext } from "../fields/field.ts";
import { ManyToOneField } from "../fields/relation.ts";
import type { DraftField, DraftModel } from "./collect.ts";
import type { Conflict } from "./conflict.ts";

/** The name of the field. */
export const COMPANY_FIELD = "company";

/** A default: the company that the request works in. */
export function currentCompany({ companyId }: DefaultContext): number | null {
  return companyId;
}

/**
 * Gives a model whose records are of companies the field that says of which, unless it has one.
 *
 * @param conflicts a field of that name which is something else is added to it
 */
export function addCompanyField({ options, fields, module, file, name }: DraftModel, conflicts: Conflict[]): void {
  if (options.companyScoped !== true) return;
  const declared = fields.get(COMPANY_FIELD);
  if (declared === undefined) fields.set(COMPANY_FIELD, companyField(module, file));
  else if (!(declared.field instanceof ManyToOneField) || declared.field.target !== "Company") {
    const message = "must be a manyToOne relation to Company, since the model is companyScoped";
    conflicts.push({ module, file, subject: `${name}.${COMPANY_FIELD}`, message });
  }
}

function companyField(module: string, file: string): DraftField {
  const hint = "Empty: of all companies";
  const field = new ManyToOneField("Company", { hint, index: true, onDelete: "RESTRICT", default: currentCompany });
  return { field, module, file };
}
