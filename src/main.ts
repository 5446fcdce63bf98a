#!/usr/bin/env node
/** The program: its commands. */
import { Command, InvalidArgumentError } from "commander";
import { checkSchema } from "./command/check-schema.ts";
import * as database from "./command/database-command.ts";
import { listModules, moduleCommand } from "./command/module-command.ts";
import { serve } from "./command/serve.ts";
import { isReadable } from "./command/start-error.ts";
import { isWorker, serveAsWorker, serveWithWorkers } from "./command/workers.ts";

function fail(error: unknown): never {
  console.error(isReadable(error) ? error.message : error);
  process.exit(1);
}

/** More processes than that are of no use on any machine of today. */
const MOST_WORKERS = 256;

function parseWorkers(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MOST_WORKERS) return count;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_WORKERS}.`);
}

const program = new Command("fullfinity").description("A model-driven business platform over PostgreSQL.");
program
  .command("serve", { isDefault: true })
  .description("Serve the HTTP API until stopped.")
  .option("--workers <count>", "processes that share the port; SIGHUP renews them one by one", parseWorkers)
  // A misspelt command comes here, as whatever is no command does.
  .allowExcessArguments()
  .action(({ workers }: { readonly workers?: number }, { args: [unknown] }: Command) => {
    if (unknown !== undefined) program.error(`there is no command "${unknown}"; --help lists those that there are`);
    if (isWorker()) return serveAsWorker();
    return workers === undefined ? serve() : serveWithWorkers(workers);
  });
program
  .command("check-schema")
  .description("Compare the tables of a database with its models; exit code 1 where they differ.")
  .option("--database <name>", "the default one unless given")
  .action(checkSchema);
const actions = {
  install: "Install a module and what it depends on.",
  upgrade: "Bring a module to the version that the program has.",
  uninstall: "Take a module away; its data stays unless told.",
} as const;
for (const [action, description] of Object.entries(actions) as [keyof typeof actions, string][]) {
  program
    .command(`${action} <module>`)
    .description(description)
    .option("--database <name>", "the default one unless given")
    .option("--plan", "only say what would be done")
    .option("--allow-destructive", "data may be lost")
    .option("--demo", "with demo records")
    .action(moduleCommand(action));
}
program
  .command("modules")
  .description("List the modules of a database and those that could be installed.")
  .option("--database <name>", "the default one unless given")
  .action(listModules);
const databases = program.command("database").description("Create, list, drop, move, back up and restore databases.");
databases.command("list").description("The names of all databases.").action(database.list);
databases
  .command("create <name>")
  .option("--modules <identifiers>", "separated by commas; those of the settings unless given")
  .option("--demo", "with demo records")
  .option("--admin-password <password>", "of its administrator")
  .action(database.create);
databases.command("drop <name>").option("--allow-destructive", "all of its data is lost").action(database.drop);
databases.command("rename <from> <to>").action(database.rename);
databases
  .command("duplicate <from> <to>")
  .description("Copy a database that may be in use.")
  .action(database.duplicate);
databases
  .command("backup <name> [file]")
  .description("Write data and files into one file, which is then read back.")
  .action(database.backup);
databases
  .command("restore <file> <name>")
  .option("--allow-destructive", "a database of this name is replaced")
  .action(database.restoreFrom);
program.parseAsync().then(() => process.exit(0), fail);
