/** The settings of a process: every environment variable that the program reads, checked once at the start. */
import { isIP } from "node:net";
import { resolve } from "node:path";

/** Everything that can be set from outside. */
export interface Config {
  readonly environment: "development" | "production";
  /** Where the HTTP server listens; port 0 takes any free one. */
  readonly host: string;
  readonly port: number;
  /** A PostgreSQL server; null starts the embedded one. */
  readonly databaseUrl: string | null;
  /** A pooler in front of that server, which the statements of requests go through; null where there is none. */
  readonly poolerUrl: string | null;
  /** A streaming replica of that server, for reads that ask for it; null where there is none. */
  readonly replicaUrl: string | null;
  /** Absolute path of the folder of the embedded server, the secret and files. */
  readonly dataFolder: string;
  /** Signs tokens; null means one that is generated and kept in the data folder. */
  readonly secret: string | null;
  /** `acme.<base domain>` is the host of the database `acme`. Lower case. */
  readonly baseDomain: string;
  /** Exact host in lower case -> database. */
  readonly hosts: ReadonlyMap<string, string>;
  /** The database of requests whose host names none. */
  readonly defaultDatabase: string;
  /** True where that is also the database of host names which nobody has configured. */
  readonly foreignHosts: boolean;
  /** True where the header `X-Database` may name the database. */
  readonly databaseSelector: boolean;
  /** Identifiers of the modules that a new database gets, with all that they need; null for all that there are. */
  readonly modules: readonly string[] | null;
  /** Lets whoever shows it create, drop, move, back up and restore databases over HTTP; null where nobody may. */
  readonly masterKey: string | null;
  /** Lets whoever shows it read the measurements of the process; null where nobody may. */
  readonly metricsToken: string | null;
  /** Most databases that a process keeps open at a time. */
  readonly openDatabases: number;
  /** True where a new database gets records to try things out with. */
  readonly demo: boolean;
  /** Password of the first administrator; null for the built-in rule of the environment. */
  readonly adminPassword: string | null;
  /** Most connections to one database. */
  readonly maxConnections: number;
  /** Milliseconds after which the server stops a statement. */
  readonly statementTimeout: number;
  /** False behind a pooler that cannot keep prepared statements. */
  readonly preparedStatements: boolean;
  /** Networks of proxies whose `X-Forwarded-For` is believed, in CIDR notation; nobody's where there is none. */
  readonly trustedProxies: readonly string[];
  /** Largest request body in bytes. */
  readonly bodyLimit: number;
  /** Largest file of a request in bytes. */
  readonly uploadLimit: number;
  /** Days that entries of the change history are kept; null for ever. */
  readonly historyDays: number | null;
  readonly logLevel: LogLevel;
}

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** From the fewest log lines to the most, and none. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The settings cannot be used; one readable line for each that is wrong. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** Says what a value must be; the variable's name is put before it. Never holds the value of a secret. */
class Problem extends Error {}

const SHORTEST_SECRET = 32;
const SHORTEST_PASSWORD = 8;
const LONGEST_PASSWORD = 1024;
const DATABASE_NAME = /^[a-z][a-z0-9_-]{0,62}$/;
const MODULE_NAME = /^[a-z][a-z0-9_]{0,39}$/;
const BEARER_SECRET = /^[A-Za-z0-9._~+/-]+=*$/;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Reads variables one by one and remembers what is wrong with them and which there are. */
class Reader {
  readonly problems: string[] = [];
  readonly known = new Set<string>();
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** Reads a variable; one that is not set or empty has the default, and so has, for the moment, a wrong one. */
  read<Value>(name: string, fallback: Value, parse: (text: string) => Value): Value {
    this.known.add(name);
    const text = this.#env[name];
    if (text === undefined || text === "") return fallback;
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problems.push(`${name} ${error.message}`);
      return fallback;
    }
  }

  /** A misspelt variable would otherwise be a setting that silently does not hold. */
  checkUnknown(): void {
    const ours = [...this.known].filter((name) => name.startsWith("FULLFINITY_"));
    for (const name of Object.keys(this.#env)) {
      if (!name.startsWith("FULLFINITY_") || this.known.has(name)) continue;
      this.problems.push(`${name} is not a variable that is read; there are ${ours.join(", ")}`);
    }
  }
}

/**
 * Reads and checks all settings. Nothing else in the program looks at the environment.
 *
 * @param env the environment; that of the process unless told
 * @throws ConfigError with all problems
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const reader = new Reader(env);
  const environment = reader.read("FULLFINITY_ENV", "development", oneOf("development", "production"));
  const development = environment === "development";
  const poolerUrl = reader.read("FULLFINITY_POOLER_URL", null, parseDatabaseUrl);
  const databaseUrl = reader.read("DATABASE_URL", null, parseDatabaseUrl);
  const database = reader.read("FULLFINITY_DATABASE", null, parseDatabaseName);
  const config: Config = {
    environment,
    host: reader.read("HOST", "127.0.0.1", parseListenHost),
    port: reader.read("PORT", 8000, wholeNumber(0, 65_535)),
    databaseUrl,
    poolerUrl,
    replicaUrl: reader.read("FULLFINITY_REPLICA_URL", null, parseDatabaseUrl),
    dataFolder: resolve(reader.read("FULLFINITY_DATA", "./data", parseFolder)),
    secret: reader.read("FULLFINITY_SECRET", null, parseSecret),
    baseDomain: reader.read("FULLFINITY_BASE_DOMAIN", "localhost", parseHostName),
    hosts: reader.read<Config["hosts"]>("FULLFINITY_HOSTS", new Map(), parseHosts),
    defaultDatabase: database ?? "main",
    // A server of many customers has no customer for strangers, unless it is told which one.
    foreignHosts: development || databaseUrl === null || database !== null,
    databaseSelector: reader.read("FULLFINITY_DATABASE_SELECTOR", development, parseSwitch),
    modules: reader.read<Config["modules"]>("FULLFINITY_MODULES", null, parseModules),
    masterKey: reader.read("FULLFINITY_MASTER_KEY", null, parseBearerSecret),
    metricsToken: reader.read("FULLFINITY_METRICS_TOKEN", null, parseBearerSecret),
    openDatabases: reader.read("FULLFINITY_OPEN_DATABASES", 40, wholeNumber(1, 10_000)),
    demo: reader.read("FULLFINITY_DEMO", development, parseSwitch),
    adminPassword: reader.read("FULLFINITY_ADMIN_PASSWORD", null, parsePassword),
    maxConnections: reader.read("FULLFINITY_MAX_CONNECTIONS", 10, wholeNumber(1, 1000)),
    statementTimeout: reader.read("FULLFINITY_STATEMENT_TIMEOUT", 30_000, wholeNumber(100, 3_600_000)),
    preparedStatements: reader.read("FULLFINITY_PREPARED_STATEMENTS", poolerUrl === null, parseSwitch),
    trustedProxies: reader.read<Config["trustedProxies"]>("FULLFINITY_TRUSTED_PROXIES", [], parseNetworks),
    bodyLimit: reader.read("FULLFINITY_BODY_LIMIT", 10 * 1024 * 1024, wholeNumber(1024, 1024 ** 3)),
    uploadLimit: reader.read("FULLFINITY_UPLOAD_LIMIT", 100 * 1024 * 1024, wholeNumber(1024, 1024 ** 4)),
    historyDays: reader.read<number | null>("FULLFINITY_HISTORY_DAYS", null, wholeNumber(1, 36_500)),
    logLevel: reader.read("FULLFINITY_LOG_LEVEL", development ? "warn" : "info", oneOf(...LOG_LEVELS)),
  };
  if (!development && (env.FULLFINITY_SECRET ?? "") === "") {
    reader.problems.push(`FULLFINITY_SECRET must be set in production: ${SHORTEST_SECRET} or more random characters`);
  }
  if (poolerUrl !== null && config.databaseUrl === null) {
    reader.problems.push("FULLFINITY_POOLER_URL goes with DATABASE_URL, the server that is behind the pooler");
  }
  if (config.replicaUrl !== null && config.databaseUrl === null) {
    reader.problems.push("FULLFINITY_REPLICA_URL goes with DATABASE_URL, the server that the replica follows");
  }
  reader.checkUnknown();
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return config;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function oneOf<const Choice extends string>(...choices: readonly Choice[]): (text: string) => Choice {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new Problem(`must be one of ${choices.join(", ")}, not ${quoted(text)}`);
    return found;
  };
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new Problem(`must be a whole number from ${least} to ${most}, not ${quoted(text)}`);
  };
}

function parseSwitch(text: string): boolean {
  if (text === "1" || text === "true") return true;
  if (text === "0" || text === "false") return false;
  throw new Problem(`must be 1 or 0, not ${quoted(text)}`);
}

function parseListenHost(text: string): string {
  if (isIP(text) !== 0 || HOST_NAME.test(text.toLowerCase())) return text;
  throw new Problem(`must be an address to listen at, such as 127.0.0.1 or 0.0.0.0, not ${quoted(text)}`);
}

function parseHostName(text: string): string {
  const name = text.toLowerCase();
  if (HOST_NAME.test(name) && isIP(name) === 0) return name;
  throw new Problem(`must be a host name such as example.com, without a port, not ${quoted(text)}`);
}

function parseDatabaseName(text: string): string {
  if (DATABASE_NAME.test(text)) return text;
  throw new Problem(`must be a database: a small letter, then small letters, digits, - and _, not ${quoted(text)}`);
}

function parseModules(text: string): readonly string[] | null {
  if (text === "all") return null;
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !MODULE_NAME.test(name));
  if (wrong === undefined) return names;
  throw new Problem(`must be all, or identifiers of modules such as contacts,products, not ${quoted(wrong)}`);
}

function parseHosts(text: string): ReadonlyMap<string, string> {
  const hosts = new Map<string, string>();
  for (const pair of text.split(",")) {
    const [host = "", database, ...rest] = pair.split("=").map((part) => part.trim());
    if (database === undefined || rest.length > 0) {
      throw new Problem(`must be pairs such as shop.example.com=acme,www.example.org=main, not ${quoted(pair)}`);
    }
    const name = parseHostName(host);
    if (hosts.has(name)) throw new Problem(`names the host ${name} twice`);
    hosts.set(name, parseDatabaseName(database));
  }
  return hosts;
}

function parseNetworks(text: string): readonly string[] {
  return text.split(",").map((part) => {
    const network = part.trim();
    const [address = "", prefix, ...rest] = network.split("/");
    const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address) as 0 | 4 | 6];
    const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (rest.length === 0 && bits >= 0 && bits <= longest) return network;
    throw new Problem(`must be networks such as 10.0.0.0/8,::1, not ${quoted(network)}`);
  });
}

/** The value may hold a password, so it is never repeated. */
function parseDatabaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "postgresql:" || url?.protocol === "postgres:") return text;
  throw new Problem("must be an address such as postgresql://user:password@host:5432/postgres");
}

function parseFolder(text: string): string {
  if (!text.includes("\0")) return text;
  throw new Problem("must be the path of a folder");
}

function parseSecret(text: string): string {
  if (text.length >= SHORTEST_SECRET) return text;
  throw new Problem(`must have at least ${SHORTEST_SECRET} characters; it has ${text.length}`);
}

/** A secret that clients send in a header, which could not hold any other characters. */
function parseBearerSecret(text: string): string {
  if (BEARER_SECRET.test(text)) return parseSecret(text);
  throw new Problem("must consist of letters, digits and -._~+/ alone, as in a header");
}

function parsePassword(text: string): string {
  if ([...text].length < SHORTEST_PASSWORD) throw new Problem(`must have at least ${SHORTEST_PASSWORD} characters`);
  if (Buffer.byteLength(text) > LONGEST_PASSWORD) throw new Problem(`must have at most ${LONGEST_PASSWORD} bytes`);
  return text;
}
