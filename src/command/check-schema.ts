/** Says what opening a database would change; differences make the command fail. */
import { describePlan, loadSchemaPlan } from "../installer/check-schema.ts";
import { chooseModules, withPlatform } from "./platform.ts";
import { tell } from "./process-life.ts";
import { StartError } from "./start-error.ts";

/** @param name the default database unless given */
export function checkSchema({ database }: { readonly database?: string }): Promise<void> {
  return withPlatform(async (platform) => {
    const name = database ?? platform.config.defaultDatabase;
    const plan = await loadSchemaPlan(platform.server, name, await chooseModules(platform, name));
    if (plan === null) throw new StartError(`there is no database "${name}"`);
    const lines = describePlan(plan);
    for (const line of lines) tell(line);
    for (const unused of plan.unused) tell(`nothing declares ${unused}; it stays`);
    if (lines.length > 0) throw new StartError("the tables of the database are not as the models want them");
    tell("The tables of the database are as the models want them.");
  });
}
