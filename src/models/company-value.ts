/** Fields of which each company has a value of its own: they are kept in a model beside theirs, one record for each record and company. */
import { ColumnField, type Field } from "../fields/field.ts";
import { ManyToOneField, OneToOneField, ToOneField } from "../fields/relation.ts";
import type { DraftField, DraftModel } from "./collect.ts";
import { COMPANY_FIELD } from "./company-field.ts";
import type { Conflict } from "./conflict.ts";
import { namingFields } from "./draft-path.ts";
import type { LinkedField } from "./model.ts";
import { ReverseToOneField } from "./reverse.ts";

/** The field of a value's record that says whose value it is. */
export const OWNER_FIELD = "record";
/** Options that speak of the one value which such a field does not have. */
const MEANINGLESS = ["required", "unique", "default", "track", "calculate", "stored"] as const;

/** The name of the model that keeps such values of the records of a model. */
export function valuesModelName(model: string): string {
  return `${model}CompanyValue`;
}

/** Whether each company has a value of its own. */
export function isPerCompany({ options }: Field): boolean {
  return options.perCompany === true;
}

/**
 * Adds a model for each that has such fields.
 *
 * @param conflicts fields that cannot be like that are added to it
 */
export function addCompanyValues(drafts: Map<string, DraftModel>, conflicts: Conflict[]): void {
  for (const draft of [...drafts.values()]) {
    const own = [...draft.fields].filter(([, { field }]) => isPerCompany(field));
    if (own.length === 0) continue;
    for (const [name, entry] of own) {
      const message = problemOf(draft, name, entry.field);
      if (message !== null) conflicts.push({ ...entry, subject: `${draft.name}.${name}`, message });
    }
    const { module, file } = draft;
    const name = valuesModelName(draft.name);
    const table = `${draft.table}_company_value`;
    const taken = [...drafts.values()].find((each) => each.name === name || each.table === table);
    if (taken !== undefined) {
      const message = `has perCompany fields, whose values need the model ${name} and the table "${table}": ${taken.name} is there`;
      conflicts.push({ module, file, subject: draft.name, message });
      continue;
    }
    const reference = (target: string): DraftField => {
      // A company may say something of what belongs to another one: nobody sees more by that.
      const options = { required: true, onDelete: "CASCADE", index: true, otherCompanies: true } as const;
      return { field: new ManyToOneField(target, options), module, file };
    };
    drafts.set(name, {
      ...{ name, module, file, table },
      options: {
        label: `${draft.options.label}: values of companies`,
        internal: true,
        companyValues: true,
        companyScoped: true,
        displayName: [],
        unique: [{ fields: [OWNER_FIELD, COMPANY_FIELD], message: "has a value already" }],
      },
      fields: new Map([[OWNER_FIELD, reference(draft.name)], [COMPANY_FIELD, reference("Company")], ...own]),
    });
  }
}

function problemOf(draft: DraftModel, name: string, field: Field): string | null {
  if (!(field instanceof ColumnField) || field instanceof OneToOneField)
    return `perCompany is not for ${field.type} fields`;
  if (field instanceof ToOneField && (field.options.relatedName !== undefined || field.options.acyclic === true)) {
    return "perCompany has no other side: it leaves no meaning to relatedName and acyclic";
  }
  if (field.lookupFamily === "none") return `perCompany is not for ${field.type} fields`;
  if (field.settledBy.length > 0) return "perCompany takes no currency of the record: say how many decimals it has";
  const useless = MEANINGLESS.find((option) => field.options[option] !== undefined);
  if (field.type === "Boolean") return "perCompany is for values that a company may leave empty; use a selection";
  if (useless !== undefined) return `perCompany leaves no meaning to ${useless}`;
  if (name === OWNER_FIELD || name === COMPANY_FIELD) return "perCompany takes another name";
  const { search = [], order = [], unique = [] } = draft.options;
  const steps = order.map((step) => step.split(" ")[0]);
  const named = [...namingFields(draft), ...search, ...steps, ...unique.flatMap((each) => each.fields)];
  return named.includes(name) ? "perCompany is not for what names, orders or tells apart records" : null;
}

/** The way from a record to what the current company says of it. No client can name it. */
export function wayToValues(model: string, module: string): LinkedField {
  const target = valuesModelName(model);
  return Object.freeze({
    ...{
      kind: "linked",
      name: "~company",
      label: "",
      module,
      readonly: true,
      readers: null,
      writers: null,
      calculation: null,
    },
    field: new ReverseToOneField(target, OWNER_FIELD),
    relation: { target, many: false, link: { kind: "reverse", column: `${OWNER_FIELD}_id` } },
  } as const);
}
