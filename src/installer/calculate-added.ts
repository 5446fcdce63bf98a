/** Calculates stored fields, and rounds amounts, that are new to tables which have rows already. */
import type { Environment } from "../records/environment.ts";
import { Settlement } from "../records/settlement.ts";
import type { Operation } from "../schema/operation.ts";

/**
 * Calculates the stored calculated fields whose columns have been added, for all rows, and what depends on them. The
 * versions of the records stay as they are: nobody has changed them.
 *
 * @param env the kernel's environment of the transaction that has added the columns
 */
export async function calculateAdded(env: Environment, operations: readonly Operation[]): Promise<void> {
  const added = new Map<string, Set<string>>();
  for (const { table, column } of operations) {
    if (column !== undefined) added.set(table, (added.get(table) ?? new Set()).add(column));
  }
  const settlement = new Settlement(env);
  for (const model of env.registry.models.values()) {
    const fields = [...model.fields.values()].filter(
      (field) =>
        field.kind === "stored" && field.settled !== null && added.get(model.table)?.has(field.column) === true,
    );
    if (fields.length === 0) continue;
    await settlement.markAll(
      model,
      fields.map(({ name }) => name),
    );
  }
  await settlement.settle();
}
