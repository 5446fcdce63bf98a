/** What the write of a record brings beside its statement, told by registry, rights and the names of its fields: found once for all writes of a shape. */
import { type Model, modelOf, type StoredField } from "../models/model.ts";
import type { Selection } from "../query/selection.ts";
import { isTreeField } from "./ancestor.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { bindsCompanies } from "./company-check.ts";
import { isRecorded } from "./history.ts";
import { changesRights } from "./rights-change.ts";
import { makesStale } from "./settlement.ts";
import { isValidated } from "./validate.ts";

/** What a single write brings with it, whatever its values are, and the fields of which a value brings more. */
export interface Consequences {
  /** Whether the statement's own answer may be older than the write when that is done. */
  readonly outdate: boolean;
  /** Whether something is to be done before or after it. */
  readonly more: boolean;
  /** Fields that may close a circle. */
  readonly trees: readonly StoredField[];
  /** Fields that refer to records which a rule may hide. */
  readonly hiding: readonly StoredField[];
}

/**
 * Tells what a write brings with it.
 *
 * @param fields those that it writes
 * @param answer what its statement gives back
 */
export function consequencesOf(
  env: BaseEnvironment,
  model: Model,
  operation: "create" | "write",
  fields: readonly StoredField[],
  answer: Selection,
): Consequences {
  const { registry, access } = env;
  const { afterCreate, afterUpdate } = model.behaviour.hooks;
  const names = fields.map(({ name }) => name);
  return {
    outdate:
      readsOthersOf(model, answer) ||
      (operation === "create" ? afterCreate : afterUpdate) !== null ||
      makesStale(registry, model, operation, names),
    more:
      access.rule(model, operation) !== null ||
      changesRights(model) ||
      isRecorded(registry, model, operation) ||
      bindsCompanies(registry, { model, operation, fields: names }) ||
      isValidated(model, operation, names),
    // Nothing refers to a new record yet, so it closes no circle.
    trees: operation === "create" ? [] : fields.filter(isTreeField),
    hiding: fields.filter(
      ({ relation }) => relation !== null && access.rule(modelOf(registry, relation.target), "read") !== null,
    ),
  };
}

/** Whether an answer looks at the written model's table again: there, its statement sees what was before the write. */
function readsOthersOf(model: Model, { fields }: Selection): boolean {
  return [...fields.values()].some(
    ({ nested }) => nested !== null && (nested.model === model || readsOthersOf(model, nested)),
  );
}
