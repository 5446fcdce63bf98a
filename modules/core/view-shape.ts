/** The shapes of views as tables: which members each type has, and what each of them may hold. */
import { checkFilter, type Environment } from "fullfinity";

/** Where in a view something is, and what has been wrong so far. */
export interface ViewPlace {
  readonly env: Environment;
  /** The model or wizard whose fields are meant; it is known to be there. */
  readonly model: string;
  readonly path: string;
  readonly problems: { path: string; message: string }[];
}

/** Checks one value of a view; what is wrong is added to the problems of its place. */
export type ViewCheck = (value: unknown, place: ViewPlace) => void;

/** What a view of one type may hold: member -> check. */
export type ViewShape = Readonly<Record<string, ViewCheck | { readonly required: ViewCheck }>>;

function report({ path, problems }: ViewPlace, message: string): void {
  problems.push({ path, message });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Checks a mapping against a shape; members that it does not have are mistakes. */
export function shape(members: ViewShape): ViewCheck {
  return (value, place) => {
    if (!isMap(value)) {
      report(place, `must be a mapping with ${Object.keys(members).join(", ")}`);
      return;
    }
    const at = (name: string): ViewPlace => ({ ...place, path: `${place.path}.${name}` });
    for (const [name, member] of Object.entries(value)) {
      const check = members[name];
      if (check === undefined) report(at(name), `is not known here; there are ${Object.keys(members).join(", ")}`);
      else (typeof check === "function" ? check : check.required)(member, at(name));
    }
    for (const [name, check] of Object.entries(members)) {
      if (typeof check !== "function" && value[name] === undefined) report(at(name), "is required");
    }
  };
}

/** Checks a list, item by item. */
export function listOf(check: ViewCheck): ViewCheck {
  return (value, place) => {
    if (!Array.isArray(value) || value.length === 0) {
      report(place, "must be a list with at least one item");
      return;
    }
    value.forEach((item: unknown, index) => {
      check(item, { ...place, path: `${place.path}[${index}]` });
    });
  };
}

/** Checks a text, or else a mapping. */
export function textOr(textCheck: ViewCheck, mapCheck: ViewCheck): ViewCheck {
  return (value, place) => (typeof value === "string" ? textCheck : mapCheck)(value, place);
}

export const text: ViewCheck = (value, place) => {
  if (typeof value !== "string" || value.trim() === "") report(place, "must be a text");
};

export const flag: ViewCheck = (value, place) => {
  if (typeof value !== "boolean") report(place, "must be true or false");
};

export const width: ViewCheck = (value, place) => {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1)
    report(place, "must be a whole number above zero");
};

/** The model or wizard that a path leads to; undefined, and reported, where it leads nowhere. Null: it ends in a plain field. */
function follow(value: unknown, place: ViewPlace): string | null | undefined {
  const names = typeof value === "string" ? value.split(/__|\./) : [""];
  let model: string | null = place.model;
  for (const name of names) {
    const next = targetOf(place.env, model, name);
    if (next === undefined) {
      report(place, `${model ?? place.model} has no field ${JSON.stringify(name)}`);
      return undefined;
    }
    model = next;
  }
  return model;
}

/** The model or wizard that a field leads to; null for a plain field, undefined for one that is not there. */
function targetOf({ registry }: Environment, owner: string | null, name: string): string | null | undefined {
  if (owner === null) return undefined;
  const input = registry.wizards.get(owner)?.fields.get(name);
  if (input !== undefined) return (input.describeOptions().related_model as string | undefined) ?? null;
  const field = registry.models.get(owner)?.fields.get(name);
  return field === undefined ? undefined : (field.relation?.target ?? null);
}

/** A field of the model or wizard, or a path to one. */
export const fieldPath: ViewCheck = (value, place) => {
  follow(value, place);
};

/** A method that the model or wizard declares. */
export const methodName: ViewCheck = (value, place) => {
  const { models, wizards } = place.env.registry;
  const methods = wizards.get(place.model)?.methods ?? models.get(place.model)?.behaviour.methods;
  if (typeof value !== "string" || methods?.has(value) !== true) {
    report(place, `${place.model} has no method ${JSON.stringify(value)}`);
  }
};

/** A filter of the model, or over the values of the wizard. */
export const filterText: ViewCheck = (value, place) => {
  const problem = typeof value === "string" ? checkFilter(place.env, place.model, value) : "must be a filter";
  if (problem !== null) report(place, problem);
};

/** Checks a mapping whose `field` leads to records, and in it `columns` against the model of those. */
export function fieldWithColumns(members: ViewShape, column: ViewCheck): ViewCheck {
  const plain = shape({ ...members, field: { required: fieldPath }, columns: () => {} });
  return (value, place) => {
    plain(value, place);
    if (!isMap(value) || value.columns === undefined) return;
    const target = follow(value.field, { ...place, problems: [] });
    const at = { ...place, path: `${place.path}.columns` };
    if (typeof target === "string") listOf(column)(value.columns, { ...at, model: target });
    else report(at, "is for a field that leads to records");
  };
}
