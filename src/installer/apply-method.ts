/** Calls the methods that entries of data files name: what makes their record, and what is done with it. */
import { openedRecord } from "../contract/action-result.ts";
import type { Environment } from "../records/environment.ts";
import { executeMethod } from "../records/method.ts";
import type { DataEntry } from "./data-file.ts";
import type { IdentifierIndex } from "./data-identifier.ts";
import { InstallError } from "./install-error.ts";

/**
 * Makes the record of an entry that says which method makes it.
 *
 * @param env the kernel's environment, within a transaction
 * @returns the id of the record that the method's action opens
 * @throws InstallError where the method belongs to no record that is known, or opens none
 */
export async function makeRecord(
  env: Environment,
  { place, identifier, madeBy }: DataEntry,
  index: IdentifierIndex,
): Promise<number> {
  if (madeBy === null) throw new Error(`${place} says nothing of a method`);
  const [module] = identifier.split(".", 1);
  const of = madeBy.of.map((name) => {
    const known = index.get(name.includes(".") ? name : `${module}.${name}`);
    if (known === undefined)
      throw new InstallError([`${place}: made_by: of: there is no entry "${name}" before this one`]);
    return known;
  });
  const [first] = of;
  if (first === undefined || of.some(({ model }) => model !== first.model)) {
    throw new InstallError([`${place}: made_by: of must name records of one model`]);
  }
  const request = { ids: of.map(({ record }) => record), inputs: madeBy.inputs };
  const id = openedRecord(await executeMethod(env, first.model, madeBy.method, request));
  if (id !== null) return id;
  throw new InstallError([`${place}: made_by: ${first.model}.${madeBy.method}() opens no record`]);
}

/** Calls methods of a new record, one after the other. */
export async function runMethods(env: Environment, { dataType, run }: DataEntry, id: number): Promise<void> {
  for (const method of run) await executeMethod(env, dataType, method, { ids: [id] });
}
