/** Loads the code of modules: their sources in development, what the build has made of them otherwise. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ModuleDefinition } from "../models/definition.ts";
import { groupIdentifiers } from "./data-file.ts";
import { InstallError } from "./install-error.ts";
import type { Manifest } from "./manifest.ts";

/** A module that is ready to be installed. */
export interface LoadedModule {
  readonly manifest: Manifest;
  readonly definition: ModuleDefinition;
  /** Identifiers of the groups that its data files bring; left out where nobody has read those. */
  readonly groups?: readonly string[];
}

/** Two folders up is the project as well from `src/installer/` as from anywhere in the build, `dist/<folder>/`. */
const root = new URL("../../", import.meta.url);
/** The kernel and the modules must come from the same place, or there would be two copies of every class. */
const isBuilt = !import.meta.url.endsWith(".ts");

/** The folder with the manifests and data files of the shipped modules. */
export const modulesFolder = fileURLToPath(new URL("modules/", root));

/** The file with a module's code. */
function codeOf(manifest: Manifest): string {
  if (isBuilt) return new URL(`dist/modules/${manifest.identifier}/module.js`, root).href;
  return pathToFileURL(join(manifest.folder, "module.ts")).href;
}

/**
 * Imports the code of modules.
 *
 * @param load imports one file by its address
 * @throws InstallError with every module whose code cannot be loaded, and why; or with the data files that cannot be read
 */
export async function loadModules(
  manifests: readonly Manifest[],
  load: (address: string) => Promise<unknown> = (address) => import(address),
): Promise<LoadedModule[]> {
  const problems: string[] = [];
  const loaded: LoadedModule[] = [];
  for (const manifest of manifests) {
    const address = codeOf(manifest);
    const groups = await groupIdentifiers(manifest);
    try {
      const { default: definition } = (await load(address)) as { default?: unknown };
      if (isDefinition(definition)) loaded.push({ manifest, definition, groups });
      else problems.push(`${manifest.identifier}: ${address} must have a default export made by defineModule`);
    } catch (error) {
      problems.push(
        `${manifest.identifier}: its code cannot be loaded: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  if (problems.length > 0) throw new InstallError(problems);
  return loaded;
}

function isDefinition(value: unknown): value is ModuleDefinition {
  const { models, extensions } = (value ?? {}) as Partial<ModuleDefinition>;
  return Array.isArray(models) && Array.isArray(extensions);
}
