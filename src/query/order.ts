/** Resolves and compiles orders such as `category.name DESC NULLS LAST`. */
import { ValidationError } from "../errors.ts";
import {
  type CalculatedField,
  fieldOf,
  type Model,
  type ModelField,
  modelOf,
  type NamingField,
  type StoredField,
} from "../models/model.ts";
import { type Frame, fieldText } from "./frame.ts";
import type { OrderKey } from "./keyset.ts";
import {
  canSee,
  checkStored,
  DEEPEST_PATH,
  reachValue,
  repeat,
  resolveField,
  resolveTarget,
  splitPath,
} from "./path.ts";
import type { Scope } from "./scope.ts";

/** One step of an order. */
export interface ResolvedOrder {
  readonly hops: readonly ModelField[];
  readonly field: StoredField | NamingField;
  readonly descending: boolean;
  readonly nulls: "first" | "last" | null;
}

const STEP = /^([a-z][a-z0-9_.]*)(?: +(asc|desc))?(?: +nulls +(first|last))?$/i;
const MOST_STEPS = 16;

/**
 * Resolves an order; without one it is the model's own.
 *
 * @param texts steps such as `"name ASC"`
 * @throws ValidationError naming the step that is malformed, unknown or cannot be ordered by
 */
export function resolveOrder(scope: Scope, model: Model, texts: readonly string[]): ResolvedOrder[] {
  checkOrderLength(texts);
  if (texts.length === 0) return modelOrder(scope, model);
  return texts.map((text, index) => {
    const place = `order_by[${index}]`;
    const { path, descending, nulls } = parseOrderText(text, place);
    const names = splitPath(path);
    if (names.length > DEEPEST_PATH + 1)
      throw new ValidationError(`${place}: "${repeat(path)}" passes through too many relations`);
    return { ...resolveStep(scope, model, names, place, path), descending, nulls };
  });
}

/** One step of an order as it is written. */
export interface OrderText extends Pick<ResolvedOrder, "descending" | "nulls"> {
  readonly path: string;
}

/**
 * Reads one step of an order.
 *
 * @param place what the step is called in messages, such as `order_by[0]`
 * @throws ValidationError where it is malformed
 */
export function parseOrderText(text: string, place: string): OrderText {
  const match = text.length > 500 ? null : STEP.exec(text.trim());
  if (match === null) {
    throw new ValidationError(
      `${place}: must be "path ASC|DESC [NULLS FIRST|LAST]", not ${JSON.stringify(text.slice(0, 100))}`,
    );
  }
  const [, path = "", direction = "asc", nulls] = match;
  return {
    path,
    descending: direction.toLowerCase() === "desc",
    nulls: nulls === undefined ? null : nulls.toLowerCase() === "first" ? "first" : "last",
  };
}

/** @throws ValidationError where an order has too many steps */
export function checkOrderLength(texts: readonly string[]): void {
  if (texts.length > MOST_STEPS) throw new ValidationError(`order_by: at most ${MOST_STEPS} steps`);
}

/** The order that a model has by itself. Fields which the caller may not see do not take part. */
export function modelOrder(scope: Scope, model: Model): ResolvedOrder[] {
  return model.order.flatMap(({ field: name, descending }) => {
    const field = fieldOf(model, name);
    if (field.kind === "calculated" || !canSee(scope, model, field)) return [];
    return [{ ...nameOfTarget(scope, [], field), descending, nulls: null }];
  });
}

function resolveStep(scope: Scope, start: Model, names: readonly string[], place: string, path: string) {
  const hops: ModelField[] = [];
  let model = start;
  for (const [index, name] of names.entries()) {
    const field = resolveField(scope, model, name, place, path);
    if (field.relation?.many === true) {
      throw new ValidationError(`${place}: "${repeat(path)}" passes through "${name}", which holds many records`);
    }
    if (index === names.length - 1) {
      checkStored(field, place, path);
      if (field.kind !== "linked" && field.field.lookupFamily === "presence") {
        throw new ValidationError(
          `${place}: ${field.field.type} fields such as "${repeat(path)}" cannot be ordered by`,
        );
      }
      return nameOfTarget(scope, hops, field);
    }
    model = resolveTarget(scope, field, place, path);
    hops.push(field);
  }
  throw new ValidationError(`${place}: "${repeat(path)}" is no path`);
}

/** A relation is ordered by the name of the record that it refers to, which is what people see. */
function nameOfTarget(scope: Scope, hops: readonly ModelField[], field: Exclude<ModelField, CalculatedField>) {
  if (field.relation === null && field.kind !== "linked") return reachValue(hops, field);
  const target = modelOf(scope.registry, field.relation?.target ?? "");
  return { hops: [...hops, field], field: fieldOf(target, "display_name") as NamingField };
}

/** Compiles an order over a frame, with the id as the last step so that it is always strict. */
export function compileOrder(frame: Frame, order: readonly ResolvedOrder[]): string {
  return orderText(compileOrderKeys(frame, order));
}

/** The steps of an order over a frame, up to the one that is unique. */
export function compileOrderKeys(frame: Frame, order: readonly ResolvedOrder[]): OrderKey[] {
  const keys = order.map(({ hops, field, descending, nulls }): OrderKey => {
    // A required column may be empty in records that are older than it is.
    const isCertain = hops.length === 0 && (field.kind === "naming" || field.name === "id");
    return {
      expression: fieldText(frame.through(hops), field),
      type: field.field.parameterType,
      descending,
      nulls,
      nullable: !isCertain,
    };
  });
  const last = order.findIndex(({ hops, field }) => hops.length === 0 && field.name === "id");
  if (last >= 0) return keys.slice(0, last + 1);
  const id = { expression: frame.column("id"), type: "bigint", descending: false, nulls: null, nullable: false };
  return [...keys, id];
}

/** `ORDER BY` without the keywords. */
export function orderText(keys: readonly OrderKey[]): string {
  const steps = keys.map(
    ({ expression, descending, nulls }) =>
      `${expression}${descending ? " desc" : ""}${nulls === null ? "" : ` nulls ${nulls}`}`,
  );
  return steps.join(", ");
}
