/** All modules that the program has, and the registries of the sets of them that databases have, each composed once. */
import { LRUCache } from "lru-cache";
import { composeRegistry } from "../models/compose.ts";
import type { Registry } from "../models/model.ts";
import { desiredShape } from "../schema/desired.ts";
import type { Shape } from "../schema/shape.ts";
import { fingerprintOf, readTexts } from "./data-file.ts";
import { digestOf } from "./database-state.ts";
import { InstallError } from "./install-error.ts";
import type { LoadedModule } from "./load-modules.ts";

/** A set of modules as databases have it. */
export interface ModuleSet {
  /** Dependencies first. */
  readonly modules: readonly LoadedModule[];
  readonly registry: Registry;
  /** The tables that they want. */
  readonly desired: Shape;
  /** Of tables, versions and data files: equal where a database needs nothing. */
  readonly fingerprint: string;
  /** Of the data files of each module. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Sets that are kept at a time; all databases with the same modules share one. */
const MOST_SETS = 50;

/** The modules of the program. */
export class ModuleLibrary {
  /** Dependencies first. */
  readonly modules: readonly LoadedModule[];
  readonly #sets = new LRUCache<string, ModuleSet>({ max: MOST_SETS });
  readonly #fingerprints: ReadonlyMap<string, string>;

  private constructor(modules: readonly LoadedModule[], fingerprints: ReadonlyMap<string, string>) {
    this.modules = modules;
    this.#fingerprints = fingerprints;
  }

  /** Reads the data files once: what is on disk later holds for the next start. */
  static async of(modules: readonly LoadedModule[]): Promise<ModuleLibrary> {
    const digests = modules.map(
      async ({ manifest }): Promise<[string, string]> => [
        manifest.identifier,
        fingerprintOf(await readTexts(manifest, manifest.data)),
      ],
    );
    return new ModuleLibrary(modules, new Map(await Promise.all(digests)));
  }

  find(identifier: string): LoadedModule | undefined {
    return this.modules.find(({ manifest }) => manifest.identifier === identifier);
  }

  /**
   * Modules with all that they need, dependencies first.
   *
   * @throws InstallError naming those that there are not
   */
  closure(identifiers: readonly string[]): readonly LoadedModule[] {
    const wanted = new Set<string>();
    const missing = new Set<string>();
    const add = (identifier: string): void => {
      if (wanted.has(identifier)) return;
      const found = this.find(identifier);
      if (found === undefined) missing.add(identifier);
      wanted.add(identifier);
      for (const each of found?.manifest.dependencies ?? []) add(each);
    };
    for (const identifier of identifiers) add(identifier);
    if (missing.size > 0) {
      const there = this.modules.map(({ manifest }) => manifest.identifier).join(", ");
      throw new InstallError([...missing].map((name) => `there is no module ${name}; there are ${there}`));
    }
    return this.modules.filter(({ manifest }) => wanted.has(manifest.identifier));
  }

  /**
   * The set of these modules, composed at the first time.
   *
   * @throws InstallError where one of them is not there, CompositionError where they do not fit together
   */
  compose(identifiers: readonly string[]): ModuleSet {
    const modules = this.closure(identifiers);
    const key = modules.map(({ manifest }) => manifest.identifier).join();
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const set = composeSet(modules, this.#fingerprints);
    this.#sets.set(key, set);
    return set;
  }
}

function composeSet(modules: readonly LoadedModule[], fingerprints: ReadonlyMap<string, string>): ModuleSet {
  const registry = composeModules(modules);
  const desired = desiredShape(registry);
  const tables = [...desired.tables.values()].map(({ name, columns, constraints, indexes, comment, history }) => [
    name,
    comment,
    history?.name,
    [...columns.values()],
    [...constraints.values()],
    [...indexes.values()],
  ]);
  const versions = modules.map(({ manifest: { identifier, version } }) => [
    identifier,
    version,
    fingerprints.get(identifier),
  ]);
  return { modules, registry, desired, fingerprint: digestOf([tables, versions]), digests: fingerprints };
}

/** Composes the registry of modules, dependencies first. */
export function composeModules(modules: readonly LoadedModule[]): Registry {
  return composeRegistry(
    modules.map(({ manifest, definition, groups }) => ({
      ...definition,
      identifier: manifest.identifier,
      ...(groups === undefined ? {} : { groups }),
    })),
  );
}
