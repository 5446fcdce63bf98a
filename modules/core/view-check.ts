/** What a view of each type may hold, and whether one holds only what its model has. */
import type { Environment } from "fullfinity";
import {
  fieldPath,
  fieldWithColumns,
  filterText,
  flag,
  listOf,
  methodName,
  shape,
  text,
  textOr,
  type ViewCheck,
  type ViewPlace,
  width,
} from "./view-shape.ts";

const item = { label: text, hint: text, widget: text, width, when: filterText };
const column = textOr(fieldPath, shape({ ...item, field: { required: fieldPath }, sum: flag }));
const input = textOr(fieldPath, fieldWithColumns({ ...item, readonly: filterText }, column));
const button = textOr(
  methodName,
  shape({ method: { required: methodName }, label: text, primary: flag, when: filterText }),
);
const section = { label: text, fields: { required: listOf(input) }, when: filterText };
const color = shape({ color: { required: text }, when: { required: filterText } });

/** Type of view -> what it may hold. */
const VIEWS: Readonly<Record<string, ViewCheck>> = {
  list: shape({ fields: { required: listOf(column) }, colors: listOf(color), editable: flag, sequence: fieldPath }),
  form: shape({
    buttons: listOf(button),
    status: fieldPath,
    title: fieldPath,
    groups: { required: listOf(shape(section)) },
    tabs: listOf(shape({ ...section, label: { required: text } })),
  }),
  kanban: shape({
    group_by: fieldPath,
    title: { required: fieldPath },
    fields: { required: listOf(column) },
    sequence: fieldPath,
    sums: listOf(fieldPath),
    colors: listOf(color),
  }),
  search: shape({
    fields: { required: listOf(fieldPath) },
    filters: listOf(shape({ name: { required: text }, label: { required: text }, filter: { required: filterText } })),
    group_by: listOf(shape({ label: { required: text }, field: { required: fieldPath } })),
  }),
};

/** The types of views. */
export const VIEW_TYPES: readonly string[] = Object.keys(VIEWS);

/** What is wrong with a record of this module that speaks of a model. */
export type ViewProblems = ViewPlace["problems"];

/**
 * Checks the content of a view.
 *
 * @param model the model that it shows, or the wizard: then it is a form
 * @returns one problem for each name that the model does not have, and whatever else is wrong
 */
export function checkView(env: Environment, model: string, type: string, content: unknown): ViewProblems {
  const problems: ViewProblems = [];
  const isWizard = env.registry.wizards.has(model);
  if (!isWizard && !isModel(env, model)) problems.push(noModel(model));
  else if (isWizard && type !== "form")
    problems.push({ path: "type", message: `${model} is a wizard: it has forms only` });
  else VIEWS[type]?.(content, { env, model, path: "content", problems });
  return problems;
}

/** A window action, as far as it speaks of a model. */
export interface WindowContent {
  readonly model: string;
  readonly view_types: unknown;
  readonly filter: string | null;
  readonly order: string | null;
  readonly defaults: unknown;
}

/** Checks what a window says of its model. */
export function checkWindow(env: Environment, window: WindowContent): ViewProblems {
  const problems: ViewProblems = [];
  const { model, view_types, filter, order, defaults } = window;
  if (!isModel(env, model)) return [noModel(model)];
  const place = (path: string): ViewPlace => ({ env, model, path, problems });
  listOf((value, at) => {
    if (!VIEW_TYPES.includes(String(value)))
      at.problems.push({ path: at.path, message: `must be one of ${VIEW_TYPES.join(", ")}` });
  })(view_types, place("view_types"));
  if (filter !== null) filterText(filter, place("filter"));
  for (const step of order?.split(",") ?? []) {
    const [, name] = /^\s*(\S+)(?:\s+(?:ASC|DESC))?\s*$/.exec(step) ?? [];
    fieldPath(name ?? step, place("order"));
  }
  if (defaults !== null) {
    for (const name of Object.keys(Object(defaults))) fieldPath(name, place(`defaults.${name}`));
  }
  return problems;
}

function noModel(name: string): ViewProblems[number] {
  return { path: "model", message: `${JSON.stringify(name)} is no model` };
}

function isModel(env: Environment, name: string): boolean {
  return env.registry.models.get(name)?.internal === false;
}
