/** Makes the plan of an import of the header of a file and what the client says about it, before any record is read. */
import { type FieldError, ValidationError } from "../../errors.ts";
import type { Cell, CellForms } from "../../fields/cell.ts";
import type { Model } from "../../models/model.ts";
import { canSee, splitPath } from "../../query/path.ts";
import { EXTERNAL_ID } from "../../query/table.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { isKnown } from "../../records/values.ts";
import { columnsOf, type ImportColumn, type ImportNode, type ImportPlan, type MatchKey } from "./import-plan.ts";
import { keyOf, type MappedColumn, resolveColumns, suggestPath } from "./resolve-columns.ts";

/** What a client says about the columns of its file. */
export interface ColumnOptions {
  /** Header -> path; null leaves a column out. Without a mapping the headers are paths or labels themselves. */
  readonly mapping: ReadonlyMap<string, string | null> | null;
  /** The path by whose value records are found; null where all are new, or where a column `id` or `external_id` says. */
  readonly matchBy: string | null;
  /** Paths of relations whose records are created where they are missing. */
  readonly createMissing: readonly string[];
  readonly forms: CellForms;
}

/** Headers that a message or an answer lists. */
const MOST_LISTED = 100;

/**
 * Makes the plan.
 *
 * @param header the first row of the file
 * @throws ValidationError naming every column and option that cannot be used, and why
 */
export function planImport(
  env: BaseEnvironment,
  model: Model,
  header: readonly Cell[],
  options: ColumnOptions,
): ImportPlan {
  const headers = header.map((cell) => String(cell ?? "").trim());
  const { mapping, forms } = options;
  const columns = mapping === null ? readHeaders(env, model, headers) : mapHeaders(headers, mapping);
  if (columns.length === 0) throw new ValidationError("file: has no column that is imported");
  checkTwins(headers, columns);
  const root = resolveColumns(env, model, columns, options.matchBy);
  const used = new Set(columns.map(({ place }) => place));
  return {
    root,
    match: matchOf(env, root, options.matchBy),
    forms,
    creates: createsOf(env, root, options.createMissing),
    width: headers.length,
    ignored: headers.filter((text, place) => text !== "" && !used.has(place)).slice(0, MOST_LISTED),
  };
}

function mapHeaders(headers: readonly string[], mapping: ReadonlyMap<string, string | null>): MappedColumn[] {
  const errors: FieldError[] = [];
  const columns = [...mapping].flatMap(([header, path]): MappedColumn[] => {
    const place = headers.indexOf(header.trim());
    if (place === -1 || header.trim() === "") {
      const known = headers.filter((text) => text !== "").slice(0, MOST_LISTED);
      errors.push({
        path: `mapping[${JSON.stringify(header.slice(0, MOST_LISTED))}]`,
        message: `the file has no such column; it has ${known.map((text) => JSON.stringify(text)).join(", ")}`,
      });
      return [];
    }
    return path === null || path.trim() === "" ? [] : [{ place, header: header.trim(), path: path.trim() }];
  });
  if (errors.length > 0) throw ValidationError.ofFields(errors.slice(0, MOST_LISTED));
  return columns;
}

/** Headers that are paths, or labels of fields where no other field is called alike. */
function readHeaders(env: BaseEnvironment, model: Model, headers: readonly string[]): MappedColumn[] {
  const labels = new Map<string, string | null>();
  for (const field of model.fields.values()) {
    if (!canSee(env.access, model, field)) continue;
    const label = field.label.toLowerCase();
    labels.set(label, labels.has(label) ? null : field.name);
  }
  const errors: FieldError[] = [];
  const columns = headers.flatMap((header, place): MappedColumn[] => {
    if (header === "") return [];
    const [first = ""] = splitPath(header);
    const field = model.fields.get(first);
    const isPath = first === EXTERNAL_ID || (field !== undefined && isKnown(env, model, field));
    if (isPath) return [{ place, header, path: header }];
    const path = labels.get(header.toLowerCase()) ?? null;
    if (path !== null) return [{ place, header, path }];
    const message = `${model.name} has no such field${suggestPath(env, model, header)}; a mapping can leave it out`;
    errors.push({ path: header.slice(0, MOST_LISTED), message });
    return [];
  });
  if (errors.length > 0) throw ValidationError.ofFields(errors.slice(0, MOST_LISTED));
  return columns;
}

function checkTwins(headers: readonly string[], columns: readonly MappedColumn[]): void {
  const errors = columns.flatMap(({ header, place }): FieldError[] => {
    const twin = headers.indexOf(header) === place ? headers.indexOf(header, place + 1) : -1;
    const message = `stands in the header twice, in columns ${place + 1} and ${twin + 1}`;
    return twin === -1 ? [] : [{ path: header, message }];
  });
  if (errors.length > 0) throw ValidationError.ofFields(errors.slice(0, MOST_LISTED));
}

function matchOf(env: BaseEnvironment, root: ImportNode, matchBy: string | null): MatchKey {
  const identity = (kind: "id" | "external") => root.columns.find(({ content }) => content.kind === kind);
  const id = identity("id");
  const external = identity("external");
  if (matchBy === null) {
    if (id !== undefined) return { kind: "id", column: id };
    return external === undefined ? { kind: "none" } : { kind: "external", column: external };
  }
  const column = root.columns.find(({ name, content }) => name === matchBy && content.kind !== "reference");
  if (column === undefined) throw new ValidationError(`match_by: no column of the file is mapped to "${matchBy}"`);
  if (column === id || column === external) return { kind: column === id ? "id" : "external", column };
  if (id !== undefined) throw new ValidationError(`match_by: must be "id" where a column is mapped to "id"`);
  const key = inOption("match_by", () => keyOf(env, root.model, [matchBy], matchBy));
  if (key.kind !== "path") throw new ValidationError(`match_by: "${matchBy}" is no field that records are found by`);
  return { kind: "field", column, key };
}

function createsOf(env: BaseEnvironment, root: ImportNode, paths: readonly string[]): Set<ImportColumn> {
  const columns = columnsOf(root);
  return new Set(
    paths.map((path) => {
      const wanted = splitPath(path).join(".");
      const column = columns.find((each) => splitPath(each.path).join(".") === wanted);
      if (column?.content.kind !== "reference") {
        throw new ValidationError(`create_missing: no column of the file is mapped to a relation "${path}"`);
      }
      const { target, key } = column.content;
      const [name, ...more] = target.displayName;
      const isNamed = key.kind === "any" ? name !== undefined && more.length === 0 : isOwnText(key);
      if (!isNamed) throw new ValidationError(`create_missing: "${path}" does not give the name of a new record`);
      if (!env.access.can(target, "create")) {
        throw new ValidationError(`create_missing: you may not create ${target.name} records ("${path}")`);
      }
      return column;
    }),
  );
}

function isOwnText(key: { readonly kind: string; readonly path?: string }): boolean {
  return key.kind === "path" && key.path?.includes("__") === false && key.path !== "display_name";
}

function inOption<Result>(name: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new ValidationError(`${name}: ${(error as Error).message}`);
  }
}
