/** Brings the records of the modules into a database whose tables are there: nothing where nothing has changed. */
import type { Session } from "../database/session.ts";
import type { Environment } from "../records/environment.ts";
import { createRecord, updateRecord } from "../records/write.ts";
import { applyAdministrator } from "./administrator.ts";
import { applyData } from "./apply-data.ts";
import { type DataFiles, fingerprintOf, parseDataFiles, readTexts } from "./data-file.ts";
import { IdentifierIndex } from "./data-identifier.ts";
import { INSTALL_LOCK } from "./maintenance.ts";
import type { Manifest } from "./manifest.ts";

/** How modules are installed. */
export interface InstallOptions {
  /** Whether modules that are new to the database bring their demo records. */
  readonly demo: boolean;
  /** Password of the first administrator; null makes one up. */
  readonly adminPassword: string | null;
  /** Told, in one line each, about steps that take noticeable time. */
  readonly onProgress: (text: string) => void;
}

/** What an installation has done. */
export interface Installed {
  /** Identifiers of the modules that were new to the database. */
  readonly installed: readonly string[];
  /** Identifiers of those whose data or version had changed. */
  readonly upgraded: readonly string[];
  /** The password of the administrator, where this call has made that user; null otherwise. */
  readonly adminPassword: string | null;
}

interface ModuleRow {
  readonly id: number;
  readonly identifier: string;
  readonly version: string;
  readonly fingerprint: string | null;
  readonly state: string;
}

/** A module whose data the database does not have as it is on disk. */
interface Pending {
  readonly manifest: Manifest;
  readonly row: ModuleRow | undefined;
  readonly fingerprint: string;
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * Installs what is new and applies what has changed, in one transaction.
 *
 * @param env the kernel's environment
 * @param manifests dependencies first
 * @throws InstallError naming file, entry and key of what cannot be applied; the database is then as it was
 */
export async function installModules(
  env: Environment,
  manifests: readonly Manifest[],
  options: InstallOptions,
): Promise<Installed> {
  if ((await findPending(env.session, manifests)).length === 0)
    return { installed: [], upgraded: [], adminPassword: null };
  let announced = false;
  return env.transaction(async (inner) => {
    await inner.session.rows({ text: `SELECT pg_advisory_xact_lock(${INSTALL_LOCK})`, values: [] });
    // Another process may have done it while this one waited.
    const pending = await findPending(inner.session, manifests);
    const added = pending.filter(isNew).map(({ manifest }) => manifest.identifier);
    const upgraded = pending.filter((each) => !isNew(each)).map(({ manifest }) => manifest.identifier);
    if (!announced && added.length > 0) options.onProgress(`Installing ${added.join(", ")} ...`);
    if (!announced && upgraded.length > 0) options.onProgress(`Upgrading ${upgraded.join(", ")} ...`);
    announced = true; // the transaction may run again
    const index = await IdentifierIndex.load(inner.session);
    let adminPassword: string | null = null;
    for (const each of pending) {
      if (hasNewData(each)) {
        adminPassword = (await applyFiles(inner, each, index, options)) ?? adminPassword;
      }
      await saveModule(inner, each);
    }
    await index.save(inner.session);
    return { installed: added, upgraded, adminPassword };
  });
}

/**
 * Tells what {@link installModules} would do with data files, in the same order; nothing is changed.
 *
 * @throws InstallError with all mistakes in the files of a module
 */
export async function planData(
  session: Session,
  manifests: readonly Manifest[],
  { demo: withDemo }: Pick<InstallOptions, "demo">,
): Promise<string[]> {
  const pending = (await findPending(session, manifests)).filter(hasNewData);
  const lines = pending.map(async (each) => {
    const { data, demo } = await parseFiles(each, withDemo);
    const counts = new Map<string, number>();
    for (const { file } of [...data, ...demo]) counts.set(file, (counts.get(file) ?? 0) + 1);
    return [...counts].map(([file, count]) => `apply ${file}: ${count} ${count === 1 ? "record" : "records"}`);
  });
  return (await Promise.all(lines)).flat();
}

/** The entries of a module's files; those of its demo files where it is new. */
async function parseFiles({ manifest, row, texts }: Pending, demo: boolean): Promise<DataFiles> {
  const withDemo = row === undefined && demo;
  const demoTexts = withDemo ? await readTexts(manifest, manifest.demo) : [];
  return parseDataFiles(manifest, new Map([...texts, ...demoTexts]), withDemo);
}

/**
 * Applies the files of one module.
 *
 * @returns the password of the administrator, where this has made that user
 */
async function applyFiles(
  env: Environment,
  pending: Pending,
  index: IdentifierIndex,
  options: InstallOptions,
): Promise<string | null> {
  const { data, demo } = await parseFiles(pending, options.demo);
  await applyData(env, data, index);
  const adminPassword =
    pending.manifest.identifier === "core" ? await applyAdministrator(env, index, options.adminPassword) : null;
  await applyData(env, demo, index);
  return adminPassword;
}

/** The modules that the database has not, or not as they are on disk. Reads nothing but the rows of modules. */
async function findPending(session: Session, manifests: readonly Manifest[]): Promise<Pending[]> {
  const rows = await session.rows<ModuleRow>({
    text: "SELECT id, identifier, version, fingerprint, state FROM module",
    values: [],
  });
  const known = new Map(rows.map((row) => [row.identifier, row]));
  const all = await Promise.all(
    manifests.map(async (manifest) => {
      const texts = await readTexts(manifest, manifest.data);
      return { manifest, row: known.get(manifest.identifier), fingerprint: fingerprintOf(texts), texts };
    }),
  );
  return all.filter((each) => isNew(each) || hasNewData(each) || each.row?.version !== each.manifest.version);
}

function hasNewData({ row, fingerprint }: Pick<Pending, "row" | "fingerprint">): boolean {
  return row?.fingerprint !== fingerprint;
}

/** Also when it has been uninstalled: then its data may still be there. */
function isNew({ row }: Pick<Pending, "row">): boolean {
  return row?.state !== "installed";
}

async function saveModule(env: Environment, { manifest, row, fingerprint }: Pending): Promise<void> {
  const { name, identifier, version, dependencies } = manifest;
  const values = { name, identifier, version, dependencies, fingerprint, state: "installed" };
  if (row === undefined) await createRecord(env, "Module", values);
  else await updateRecord(env, "Module", row.id, values);
}
