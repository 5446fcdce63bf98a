/** Which database a host name stands for. Pure: whether there is such a database is for others to know. */
import { isIP } from "node:net";

/** How hosts and databases belong together. */
export interface HostRules {
  /** In lower case. */
  readonly baseDomain: string;
  /** Exact host in lower case -> database. */
  readonly hosts: ReadonlyMap<string, string>;
}

/**
 * Reads the `Host` header.
 *
 * @returns the name in lower case without port and trailing dot; null where there is no name: no header, an address, nonsense
 */
export function parseHost(header: string | undefined): string | null {
  const name = (header ?? "").trim().toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  return name === "" || name.startsWith("[") || isIP(name) !== 0 ? null : name;
}

/** Whether a host name is neither mapped nor the base domain nor below it. An address is no name, and the machine's own is no stranger. */
export function isForeign(rules: HostRules, host: string | null): boolean {
  return host !== null && host !== "localhost" && host !== rules.baseDomain && resolveHost(rules, host) === null;
}

/**
 * The database that a host names.
 *
 * @param host as {@link parseHost} gives it
 * @returns null where it names none: then the selector or the default decides. A name under the base domain always names
 *   one, also where it cannot be that of a database.
 */
export function resolveHost(rules: HostRules, host: string | null): string | null {
  if (host === null) return null;
  const mapped = rules.hosts.get(host);
  if (mapped !== undefined) return mapped;
  const ending = `.${rules.baseDomain}`;
  return host.endsWith(ending) ? host.slice(0, -ending.length) : null;
}
