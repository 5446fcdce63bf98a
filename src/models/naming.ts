/** Names: what a model or field may be called, and the tables, columns and labels that are made from that. */
import { createHash } from "node:crypto";

const MODEL_NAME = /^[A-Z][A-Za-z0-9]{0,49}$/;
const FIELD_NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const LONGEST = 60;

/** Names with a meaning of their own in filters, so that no field can have them. */
const LOOKUPS = new Set(
  "eq neq gt gte lt lte in nin isnull isnotnull contains icontains startswith istartswith endswith iendswith between".split(
    " ",
  ),
);

/** Names that mean something to the filter language's JSON form, to files of records, to PostgreSQL or to JavaScript. */
const RESERVED = new Set("and or not external_id constructor prototype tableoid xmin xmax cmin cmax ctid".split(" "));

/** Says what is wrong with a model's name, or null. */
export function modelNameProblem(name: string): string | null {
  return MODEL_NAME.test(name) ? null : "a model's name is PascalCase, at most 50 letters and digits";
}

/** Says what is wrong with a field's name, or null. */
export function fieldNameProblem(name: string): string | null {
  if (!FIELD_NAME.test(name)) return "a field's name is snake_case, without double underscores";
  if (name.length > LONGEST) return `a field's name has at most ${LONGEST} characters`;
  if (LOOKUPS.has(name)) return `"${name}" is a lookup of the filter language`;
  if (RESERVED.has(name)) return `"${name}" is reserved`;
  return null;
}

/** Says what is wrong with a method's name, or null. */
export function methodNameProblem(name: string): string | null {
  if (!FIELD_NAME.test(name)) return "a method's name is snake_case, without double underscores";
  if (name.length > LONGEST) return `a method's name has at most ${LONGEST} characters`;
  return RESERVED.has(name) ? `"${name}" is reserved` : null;
}

/** Says what is wrong with a table's name, or null. PostgreSQL keeps names that start with `pg_` to itself. */
export function tableNameProblem(name: string): string | null {
  return /^(?!pg_)[a-z][a-z0-9_]{0,49}$/.test(name) ? null : `"${name}" is no usable table name`;
}

/** The table of a model: `SaleOrderLine` -> `sale_order_line`. */
export function tableName(model: string): string {
  return model
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

/** The table of pairs of a many-to-many relation, short enough for PostgreSQL and still unique. */
export function linkTableName(table: string, field: string): string {
  const name = `${table}_${field}_link`;
  if (name.length <= LONGEST) return name;
  return `${name.slice(0, 48)}_${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}
