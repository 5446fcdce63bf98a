/** Installs, upgrades and uninstalls modules of a database that is in use. */
import type { ConnectionOptions } from "../database/connection-option.ts";
import { Database } from "../database/database.ts";
import type { Transaction } from "../database/transaction.ts";
import { MaintenanceError, MissingError, UserError } from "../errors.ts";
import type { Plan } from "../schema/diff.ts";
import type { LedgerStep } from "../schema/ledger.ts";
import { applyChange, type ModuleChange, planChange } from "./apply-change.ts";
import { describePlan } from "./check-schema.ts";
import { type DatabaseState, installedModules, loadDatabaseState, loadRevision } from "./database-state.ts";
import { planData } from "./install-modules.ts";
import { type Patience, underMaintenance } from "./maintenance.ts";
import type { ModuleLibrary } from "./module-library.ts";

/** What is done to a module. */
export type ModuleAction = "install" | "upgrade" | "uninstall";

/** A request to change modules. */
export interface ModuleRequest {
  readonly action: ModuleAction;
  /** Identifier of the module. */
  readonly module: string;
  /** Only says what would be done. */
  readonly plan: boolean;
  /** Whether data may be lost: of a module that is uninstalled, or by what ledgers drop. */
  readonly allowDestructive: boolean;
  /** Whether a new module brings its demo records. */
  readonly demo: boolean;
}

/** What was done, or would be. */
export interface ModuleOutcome {
  /** Identifiers of the modules concerned, in the order in which they are dealt with. */
  readonly modules: readonly string[];
  /** In words: every change to tables, then every data file that is applied. */
  readonly operations: readonly string[];
}

/** A module as lists show it. */
export interface ModuleDescription {
  readonly identifier: string;
  readonly name: string;
  readonly summary: string;
  /** Of the program; null for one that the program does not have. */
  readonly version: string | null;
  /** Of the database; null where it has never been installed. */
  readonly installed_version: string | null;
  readonly state: "installed" | "uninstalled" | "available" | "upgradable";
  readonly dependencies: readonly string[];
}

/** Who asks over HTTP is asked to come again; requests under way are waited for, but not for ever. */
const PATIENCE: Patience = { others: 1000, requests: 30_000 };

interface Step {
  /** Identifiers that the database is to have. */
  readonly wanted: readonly string[];
  readonly removed: readonly string[];
  /** Those that the request is about. */
  readonly named: readonly string[];
}

type Decide = (library: ModuleLibrary, installed: readonly string[], module: string, state: DatabaseState) => Step;

/** What each action makes of the installed modules. */
const ACTIONS: Readonly<Record<ModuleAction, Decide>> = {
  install: (library, installed, module) => {
    if (installed.includes(module)) throw new UserError(`the module ${module} is installed already`);
    const wanted = library.closure([...installed, module]).map(({ manifest }) => manifest.identifier);
    return { wanted, removed: [], named: wanted.filter((each) => !installed.includes(each)) };
  },
  upgrade: (library, installed, module) => {
    if (!installed.includes(module)) throw new UserError(`the module ${module} is not installed`);
    const wanted = library.closure(installed).map(({ manifest }) => manifest.identifier);
    return { wanted, removed: [], named: [module, ...wanted.filter((each) => !installed.includes(each))] };
  },
  uninstall: (library, installed, module) => {
    if (!installed.includes(module)) throw new UserError(`the module ${module} is not installed`);
    if (module === "core") throw new UserError("the module core cannot be uninstalled: every database needs it");
    const needing = installed.filter((each) => library.find(each)?.manifest.dependencies.includes(module) === true);
    if (needing.length > 0) {
      throw new UserError(`the module ${module} is needed by ${needing.join(", ")}: uninstall that first`);
    }
    return { wanted: installed.filter((each) => each !== module), removed: [module], named: [module] };
  },
};

/**
 * Changes the modules of a database, or says what that would do.
 *
 * The caller must not itself be among the requests that are waited for.
 *
 * @param connection the database
 * @throws MissingError when there is no such module
 * @throws UserError when the request does not fit what is installed
 * @throws MaintenanceError when others are changing the database, or its requests do not end in time
 * @throws ValidationError with every change that cannot be made, or loses data without leave
 */
export async function changeModules(
  connection: ConnectionOptions,
  library: ModuleLibrary,
  request: ModuleRequest,
): Promise<ModuleOutcome> {
  if (library.find(request.module) === undefined) throw new MissingError(`there is no module ${request.module}`);
  const database = new Database({ connection, maxConnections: 1 });
  try {
    const { change, named, revision } = await decide(database, library, request);
    const plan = await planChange(database, change);
    const manifests = change.set.modules.map(({ manifest }) => manifest);
    const data = await planData(database, manifests, change);
    if (request.plan) return { modules: named, operations: [...describeChange(plan, change), ...data] };
    const work = async (session: Transaction) => {
      // Whoever was at it while this one waited may have done the same, or what makes it impossible.
      if ((await loadRevision(session)) !== revision) {
        throw new MaintenanceError("The modules of this database have been changed by somebody else; try again");
      }
      return applyChange(database, session, change);
    };
    const { schema } = await underMaintenance(database, PATIENCE, work);
    return { modules: named, operations: [...schema.operations.map(({ description }) => description), ...data] };
  } finally {
    await database.close();
  }
}

async function decide(database: Database, library: ModuleLibrary, request: ModuleRequest) {
  const state = await loadDatabaseState(database);
  if (state === null) throw new UserError("there is nothing installed in the database");
  const { action, module, allowDestructive, demo } = request;
  const { wanted, removed, named } = ACTIONS[action](library, installedModules(state), module, state);
  const set = library.compose(wanted);
  const losses = allowDestructive && removed.length > 0 ? lossesOf(library, [...wanted, ...removed], wanted) : [];
  const install = { demo, adminPassword: null, onProgress: () => {} };
  const change: ModuleChange = { ...install, set, removed, losses, allowDestructive };
  return { change, named, revision: state.revision };
}

/** Tables and columns that the larger set of modules wants and the smaller one does not. */
function lossesOf(library: ModuleLibrary, before: readonly string[], after: readonly string[]): LedgerStep[] {
  const kept = library.compose(after).desired.tables;
  return [...library.compose(before).desired.tables.values()].flatMap((table): LedgerStep[] => {
    const remains = kept.get(table.name);
    if (remains === undefined) return [{ kind: "drop table", table: table.name }];
    // A folded column goes with its field, or loses nothing.
    return [...table.columns.values()]
      .filter(({ name, generated }) => generated === undefined && !remains.columns.has(name))
      .map(({ name: field }) => ({ kind: "drop field", table: table.name, field }));
  });
}

function describeChange(plan: Plan, { removed, losses }: ModuleChange): string[] {
  const kept =
    removed.length > 0 && losses.length === 0 ? plan.unused.map((name) => `keep ${name}, which nothing uses`) : [];
  return [...describePlan(plan), ...kept];
}

/** All modules of the program and of the database, in the order of their dependencies. */
export function describeModules(library: ModuleLibrary, state: DatabaseState): ModuleDescription[] {
  const known = new Map(state.modules.map((module) => [module.identifier, module]));
  const ours = library.modules.map(({ manifest }): ModuleDescription => {
    const { identifier, name, summary, version, dependencies } = manifest;
    const there = known.get(identifier);
    const isOld = there?.state === "installed" && there.version !== version;
    return {
      identifier,
      name,
      summary,
      version,
      installed_version: there?.version ?? null,
      state: isOld ? "upgradable" : (there?.state ?? "available"),
      dependencies,
    };
  });
  const others = state.modules.filter(({ identifier }) => library.find(identifier) === undefined);
  return [
    ...ours,
    ...others.map(
      ({ identifier, version, state: found }): ModuleDescription => ({
        identifier,
        name: identifier,
        summary: "",
        version: null,
        installed_version: version,
        state: found,
        dependencies: [],
      }),
    ),
  ];
}
