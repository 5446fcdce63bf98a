/** Commands for whole databases; servers may be running meanwhile. */
import { DEVELOPMENT_PASSWORD } from "../installer/administrator.ts";
import {
  backUp,
  createTenant,
  dropTenant,
  duplicateTenant,
  listDatabases,
  renameTenant,
  restore,
} from "../tenants/database-operation.ts";
import { groundOf } from "./ground.ts";
import { withPlatform } from "./platform.ts";
import { tell } from "./process-life.ts";
import { StartError } from "./start-error.ts";

/** `list` */
export function list(): Promise<void> {
  return withPlatform(async (platform) => {
    for (const name of await listDatabases(groundOf(platform))) tell(name);
  });
}

/** `create` */
export function create(
  name: string,
  options: { readonly modules?: string; readonly demo?: true; readonly adminPassword?: string },
): Promise<void> {
  return withPlatform(async (platform) => {
    const { config } = platform;
    const builtIn = config.environment === "development" ? DEVELOPMENT_PASSWORD : null;
    const modules = options.modules?.split(",").map((each) => each.trim()) ?? config.modules;
    const password = await createTenant(groundOf(platform), name, modules, {
      demo: options.demo === true,
      adminPassword: options.adminPassword ?? config.adminPassword ?? builtIn,
      onProgress: tell,
    });
    tell(`Created ${name}; the administrator is admin@example.com with the password ${password}`);
  });
}

/** `drop` */
export function drop(name: string, { allowDestructive }: { readonly allowDestructive?: true }): Promise<void> {
  return withPlatform(async (platform) => {
    if (allowDestructive !== true) throw new StartError(`all data of ${name} would be lost: say --allow-destructive`);
    await dropTenant(groundOf(platform), name);
    tell(`Dropped ${name}`);
  });
}

/** `rename` */
export function rename(from: string, to: string): Promise<void> {
  return withPlatform(async (platform) => {
    await renameTenant(groundOf(platform), from, to);
    tell(`Renamed ${from} to ${to}`);
  });
}

/** `duplicate` */
export function duplicate(from: string, to: string): Promise<void> {
  return withPlatform(async (platform) => {
    await duplicateTenant(groundOf(platform), from, to);
    tell(`Copied ${from} to ${to}`);
  });
}

/** `backup` */
export function backup(name: string, file: string | undefined): Promise<void> {
  return withPlatform(async (platform) => {
    const written = await backUp(groundOf(platform), name, file);
    tell(`Wrote ${written.path}: ${written.rows} rows of ${written.tables} tables, ${written.files} files`);
  });
}

/** `restore` */
export function restoreFrom(
  file: string,
  name: string,
  { allowDestructive }: { readonly allowDestructive?: true },
): Promise<void> {
  return withPlatform(async (platform) => {
    await restore(groundOf(platform), file, name, allowDestructive === true);
    tell(`Restored ${name}`);
  });
}
