/** Finds circles of imports between files. */
import { resolveSpecifier, type SourceFile } from "./source-file.ts";

/**
 * Follows the imports of all files, those of types too, depth first.
 *
 * @returns each circle found as `a -> b -> a`; empty exactly when there is none
 */
export function findCycles(files: readonly SourceFile[]): string[] {
  const targets = new Map(
    files.map(({ path, imports }) => [
      path,
      new Set(imports.flatMap(({ specifier = "" }) => resolveSpecifier(path, specifier) ?? [])),
    ]),
  );
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push([...trail.slice(start), path].join(" -> "));
    } else if (!finished.has(path)) {
      for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
      finished.add(path);
    }
  };
  for (const path of targets.keys()) visit(path, []);
  return cycles;
}
