/** Takes modules out of a database: what they have set up goes, what people have made stays unless it is to be lost. */
import { ConstraintViolation } from "../database/error-code.ts";
import type { Transaction } from "../database/transaction.ts";
import type { Registry } from "../models/model.ts";
import { quoteIdentifier } from "../sql/fragment.ts";

/** Models whose records say how the platform behaves; those of a module that is gone would speak of what is not there. */
const SETTINGS = ["ModelAccess", "RecordRule", "UiView", "UiMenu", "WindowAction", "CronJob"];

interface Entry {
  readonly model: string;
  readonly record: number;
}

/**
 * Removes the records of modules, and says in their rows that they are uninstalled.
 *
 * @param session the transaction, after the tables have changed
 * @param registry the one without them
 * @param lost whether everything is lost: then their other records go too, where nothing refers to them
 */
export async function removeModules(
  session: Transaction,
  registry: Registry,
  identifiers: readonly string[],
  lost: boolean,
): Promise<void> {
  for (const identifier of identifiers) {
    for (const { model, record } of await loadEntries(session, identifier)) {
      const table = registry.models.get(model)?.table;
      if (table === undefined || !(lost || SETTINGS.includes(model))) continue;
      await removeWherePossible(session, table, record);
    }
    await forget(session, identifier, lost);
  }
}

/** What was made last is removed first. */
function loadEntries(session: Transaction, identifier: string): Promise<Entry[]> {
  return session.rows<Entry>({
    text: "SELECT model, record FROM data_identifier WHERE module = $1 ORDER BY id DESC",
    values: [identifier],
  });
}

/** A record that others refer to is theirs by now. */
async function removeWherePossible(session: Transaction, table: string, record: number): Promise<void> {
  const statement = { text: `DELETE FROM ${quoteIdentifier(table)} WHERE id = $1`, values: [record] };
  try {
    await session.savepoint((inner) => inner.run(statement));
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error;
  }
}

async function forget(session: Transaction, identifier: string, lost: boolean): Promise<void> {
  if (lost) {
    await session.run({ text: "DELETE FROM data_identifier WHERE module = $1", values: [identifier] });
    await session.run({ text: "DELETE FROM module WHERE identifier = $1", values: [identifier] });
    return;
  }
  const text = "DELETE FROM data_identifier WHERE module = $1 AND model = ANY($2::text[])";
  await session.run({ text, values: [identifier, SETTINGS] });
  await session.run({
    text: "UPDATE module SET state = 'uninstalled', fingerprint = NULL, updated_date = now() WHERE identifier = $1",
    values: [identifier],
  });
}
