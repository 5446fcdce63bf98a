/** The endpoints for whole databases: only where a master key is configured, and for whoever shows it. */
import { basename, join } from "node:path";
import { backUpOne, createOne, dropOne, duplicateOne, listAll, renameOne, restoreOne } from "../contract/databases.ts";
import { UserError, ValidationError } from "../errors.ts";
import {
  backUp,
  createTenant,
  type DatabaseGround,
  dropTenant,
  duplicateTenant,
  listDatabases,
  renameTenant,
  restore,
} from "../tenants/database-operation.ts";
import { addProcessRoute, type RouteContext } from "./route.ts";
import { secretHook } from "./secret-hook.ts";

/** What the endpoints work on, and the key that opens them. */
export interface DatabaseOffice extends DatabaseGround {
  readonly masterKey: string;
}

/** Binds them. */
export function addDatabaseRoutes(context: RouteContext, office: DatabaseOffice): void {
  const guard = secretHook(office.masterKey, "The master key is required");
  const told = (message: string, name: string) => JSON.stringify({ message, name });
  addProcessRoute(context, listAll, async () => JSON.stringify({ databases: await listDatabases(office) }), guard);
  addProcessRoute(
    context,
    createOne,
    async ({ body: { name, modules, demo, admin_password } }) => {
      checkModules(office, modules);
      const install = { demo: demo === true, adminPassword: admin_password ?? null, onProgress: () => {} };
      const password = await createTenant(office, name, modules ?? null, install);
      const made = admin_password === undefined ? password : null;
      return JSON.stringify({ message: `Created ${name}`, name, admin_password: made });
    },
    guard,
  );
  addProcessRoute(
    context,
    dropOne,
    async ({ path: { name }, query }) => {
      if (query.allow_destructive !== "true") {
        throw new UserError(`All data of ${name} would be lost: allow_destructive=true has to allow that`);
      }
      await dropTenant(office, name);
      return told(`Dropped ${name}`, name);
    },
    guard,
  );
  addProcessRoute(
    context,
    renameOne,
    async ({ path: { name }, body: { to } }) => {
      await renameTenant(office, name, to);
      return told(`Renamed ${name} to ${to}`, to);
    },
    guard,
  );
  addProcessRoute(
    context,
    duplicateOne,
    async ({ path: { name }, body: { to } }) => {
      await duplicateTenant(office, name, to);
      return told(`Copied ${name} to ${to}`, to);
    },
    guard,
  );
  addProcessRoute(
    context,
    backUpOne,
    async ({ path: { name } }) => {
      const { path, size, rows, files } = await backUp(office, name);
      return JSON.stringify({ message: `Backed up ${name}`, name, file: basename(path), size, rows, files });
    },
    guard,
  );
  addProcessRoute(
    context,
    restoreOne,
    async ({ path: { name }, body: { file, allow_destructive } }) => {
      await restore(office, join(office.backupFolder, file), name, allow_destructive === true);
      return told(`Restored ${name}`, name);
    },
    guard,
  );
}

/** @throws ValidationError naming the modules that the program does not have */
function checkModules({ library }: DatabaseOffice, identifiers: readonly string[] = []): void {
  const there = library.modules.map(({ manifest }) => manifest.identifier);
  const wrong = identifiers.flatMap((identifier, index) =>
    there.includes(identifier)
      ? []
      : [{ path: `modules[${index}]`, message: `there is no module ${identifier}; there are ${there.join(", ")}` }],
  );
  if (wrong.length > 0) throw ValidationError.ofFields(wrong);
}
