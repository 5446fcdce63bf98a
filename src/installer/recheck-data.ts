/** Asks models whether the records that data files keep still hold, once other modules are installed. */
import { ApplicationError } from "../errors.ts";
import type { Environment } from "../records/environment.ts";
import { type DataEntry, parseDataFiles, readTexts } from "./data-file.ts";
import { IdentifierIndex } from "./data-identifier.ts";
import { InstallError } from "./install-error.ts";
import type { Manifest } from "./manifest.ts";

/** An entry with the record that it has become. */
interface KeptEntry {
  readonly entry: DataEntry;
  readonly record: number;
}

/**
 * Runs the hooks `afterModuleChange`. Entries that are their users' are left alone, and so are those that no file has any more.
 *
 * @param env the kernel's environment, within the transaction of the change
 * @param manifests of all modules that are installed now
 * @throws InstallError naming file and entry of all that does not hold any more
 */
export async function recheckData(env: Environment, manifests: readonly Manifest[]): Promise<void> {
  const index = await IdentifierIndex.load(env.session);
  const kept = new Map<string, KeptEntry[]>();
  for (const manifest of manifests) {
    const texts = await readTexts(manifest, manifest.data);
    for (const entry of parseDataFiles(manifest, texts, false).data) {
      const known = entry.applyOnce ? undefined : index.get(entry.identifier);
      if (known?.model !== entry.dataType) continue;
      kept.set(entry.dataType, [...(kept.get(entry.dataType) ?? []), { entry, record: known.record }]);
    }
  }
  const problems: string[] = [];
  for (const [model, entries] of kept) {
    const hook = env.registry.models.get(model)?.behaviour.hooks.afterModuleChange;
    if (hook) problems.push(...(await recheck(entries, (ids) => hook(ids, env))));
  }
  if (problems.length > 0) throw new InstallError(problems);
}

/** Checks all at once; where something does not hold, one by one, to say what. */
async function recheck(
  entries: readonly KeptEntry[],
  check: (ids: readonly number[]) => Promise<void>,
): Promise<string[]> {
  const refusalOf = async (records: readonly number[]): Promise<string | null> => {
    try {
      await check(records);
      return null;
    } catch (error) {
      if (!(error instanceof ApplicationError) || error.status >= 500) throw error;
      return error.message;
    }
  };
  if ((await refusalOf(entries.map(({ record }) => record))) === null) return [];
  const problems: string[] = [];
  for (const { entry, record } of entries) {
    const refusal = await refusalOf([record]);
    if (refusal !== null) problems.push(`${entry.place}: ${refusal}`);
  }
  return problems;
}
