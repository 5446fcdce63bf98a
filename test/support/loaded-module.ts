/** Modules that a test declares itself, as the program has them once they are loaded. */
import type { LoadedModule } from "../../src/installer/load-modules.ts";
import type { ModuleDefinition } from "../../src/models/definition.ts";

/** Makes a module without data. */
export function loadedModule(
  identifier: string,
  dependencies: readonly string[],
  source: Partial<ModuleDefinition>,
): LoadedModule {
  const texts = { name: identifier, identifier, version: "1.0.0", summary: "For a test" };
  const manifest = { ...texts, dependencies, data: [], demo: [], ledger: [], folder: import.meta.dirname };
  return { manifest, definition: { models: [], extensions: [], ...source } };
}
