/** Commands that change the modules of a database; a server may be running meanwhile. */
import { withDatabase } from "../database/connection-option.ts";
import { isMarked } from "../database/mark.ts";
import { changeModules, describeModules, type ModuleAction } from "../installer/change-modules.ts";
import { loadDatabaseState } from "../installer/database-state.ts";
import { onDatabase, withPlatform } from "./platform.ts";
import { tell } from "./process-life.ts";
import { StartError } from "./start-error.ts";

/** What the command line gives. */
export interface ModuleOptions {
  readonly database?: string;
  readonly plan?: true;
  readonly allowDestructive?: true;
  readonly demo?: true;
}

/** Makes the command of an action. */
export function moduleCommand(action: ModuleAction): (module: string, options: ModuleOptions) => Promise<void> {
  return (module, options) =>
    withPlatform(async ({ config, server, library }) => {
      const name = options.database ?? config.defaultDatabase;
      if (!(await onDatabase(server, (maintenance) => isMarked(maintenance, name)))) {
        throw new StartError(`there is no database "${name}"`);
      }
      const { modules, operations } = await changeModules(withDatabase(server, name), library, {
        action,
        module,
        plan: options.plan === true,
        allowDestructive: options.allowDestructive === true,
        demo: options.demo === true,
      });
      tell(`${options.plan === true ? "Would" : "Did"} ${action} ${modules.join(", ")} in ${name}`);
      for (const operation of operations) tell(`  ${operation}`);
    });
}

/** Prints the modules of a database and those that could be installed. */
export function listModules({ database }: { readonly database?: string }): Promise<void> {
  return withPlatform(async ({ config, server, library }) => {
    const connection = withDatabase(server, database ?? config.defaultDatabase);
    const state = await onDatabase(connection, loadDatabaseState);
    for (const module of describeModules(library, state ?? { modules: [], revision: 0, fingerprint: null })) {
      const { identifier, version, installed_version, state: found } = module;
      tell(`${identifier.padEnd(16)} ${(version ?? "-").padEnd(12)} ${(installed_version ?? "-").padEnd(12)} ${found}`);
    }
  });
}
