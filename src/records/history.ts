/** Tells which writes the change history keeps something of. */
import type { Model, Registry } from "../models/model.ts";

/** Whether the change history keeps something of a write, which then takes a transaction to say whose it is. */
export function isRecorded({ history }: Registry, { name }: Model, operation: "create" | "write" | "delete"): boolean {
  return (operation === "delete" ? history.deletions : history.changes).has(name);
}
