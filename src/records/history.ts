/** Tells which writes the change history keeps something of, and forgets what is too old. */
import type { Session } from "../database/session.ts";
import type { Model, Registry } from "../models/model.ts";

/** Entries that are looked at, and removed, at one go. */
const SWEEP = 5000;

/** Whether the change history keeps something of a write, which then takes a transaction to say whose it is. */
export function isRecorded({ history }: Registry, { name }: Model, operation: "create" | "write" | "delete"): boolean {
  return (operation === "delete" ? history.deletions : history.changes).has(name);
}

/**
 * Forgets entries that are too old, the oldest first.
 *
 * @param days how old entries may become
 */
export async function sweepHistory(session: Session, days: number): Promise<void> {
  for (;;) {
    // The oldest are looked at whatever their age is, so that nobody reads a whole history to find that nothing is too old.
    const removed = await session.run({
      text: `DELETE FROM change_log WHERE created_date < now() - make_interval(days => $1::integer)
  AND id IN (SELECT id FROM change_log ORDER BY id LIMIT ${SWEEP})`,
      values: [days],
    });
    if (removed < SWEEP) return;
  }
}
