/** The settings: what each variable takes, and the one line that a wrong one gets. */
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Config, ConfigError, loadConfig } from "./config.ts";

const secret = "0123456789abcdef0123456789abcdef";

const production = { FULLFINITY_ENV: "production", FULLFINITY_SECRET: secret };

function problems(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe("values", () => {
  const rows: [name: string, env: NodeJS.ProcessEnv, expected: Partial<Config>][] = [
    [
      "nothing set",
      {},
      {
        environment: "development",
        host: "127.0.0.1",
        port: 8000,
        databaseUrl: null,
        dataFolder: resolve("data"),
        secret: null,
        baseDomain: "localhost",
        hosts: new Map(),
        defaultDatabase: "main",
        databaseSelector: true,
        demo: true,
        adminPassword: null,
        logLevel: "warn",
      },
    ],
    ["empty is not set", { PORT: "", FULLFINITY_ENV: "", FULLFINITY_SECRET: "" }, { port: 8000, secret: null }],
    [
      "production",
      { FULLFINITY_ENV: "production", FULLFINITY_SECRET: secret },
      { environment: "production", secret, demo: false, databaseSelector: false, logLevel: "info" },
    ],
    ["a history that is kept for a year", { FULLFINITY_HISTORY_DAYS: "365" }, { historyDays: 365 }],
    ["a history that is kept for ever", {}, { historyDays: null }],
    [
      "trusted proxies",
      { FULLFINITY_TRUSTED_PROXIES: "10.0.0.0/8, ::1,192.0.2.7" },
      { trustedProxies: ["10.0.0.0/8", "::1", "192.0.2.7"] },
    ],
    [
      "a server",
      { DATABASE_URL: "postgresql://app@db/postgres" },
      { databaseUrl: "postgresql://app@db/postgres", poolerUrl: null, replicaUrl: null, preparedStatements: true },
    ],
    [
      "a pooler and a replica",
      {
        DATABASE_URL: "postgresql://app@db/postgres",
        FULLFINITY_POOLER_URL: "postgresql://app@pooler/postgres",
        FULLFINITY_REPLICA_URL: "postgresql://app@replica/postgres",
      },
      {
        poolerUrl: "postgresql://app@pooler/postgres",
        replicaUrl: "postgresql://app@replica/postgres",
        preparedStatements: false,
      },
    ],
    [
      "a server for strangers",
      { ...production, DATABASE_URL: "postgres://db/x", FULLFINITY_DATABASE: "acme" },
      { defaultDatabase: "acme", foreignHosts: true },
    ],
    [
      "a server without a database for strangers",
      { ...production, DATABASE_URL: "postgres://db/x" },
      { defaultDatabase: "main", foreignHosts: false },
    ],
    ["the embedded server in production", production, { defaultDatabase: "main", foreignHosts: true }],
    ["any free port", { PORT: "0" }, { port: 0 }],
    ["an IPv6 address", { HOST: "::1" }, { host: "::1" }],
    ["a domain", { FULLFINITY_BASE_DOMAIN: "Apps.Example.com" }, { baseDomain: "apps.example.com" }],
    [
      "hosts",
      { FULLFINITY_HOSTS: "Shop.example.com=acme, b.example.org=main" },
      {
        hosts: new Map([
          ["shop.example.com", "acme"],
          ["b.example.org", "main"],
        ]),
      },
    ],
    [
      "switches",
      { FULLFINITY_DEMO: "0", FULLFINITY_DATABASE_SELECTOR: "false" },
      { demo: false, databaseSelector: false },
    ],
    ["foreign variables", { PATH: "/bin", FULLFINITYX: "1" }, { port: 8000 }],
  ];
  it.each(rows)("%s", (_name, env, expected) => {
    expect(loadConfig(env)).toMatchObject(expected);
  });
});

describe("wrong values", () => {
  const rows: [env: NodeJS.ProcessEnv, ...expected: RegExp[]][] = [
    [{ PORT: "80a" }, /^PORT must be a whole number from 0 to 65535, not "80a"$/],
    [{ PORT: "65536" }, /^PORT must be a whole number/],
    [{ PORT: "-1" }, /^PORT must be/],
    [
      { FULLFINITY_TRUSTED_PROXIES: "*" },
      /^FULLFINITY_TRUSTED_PROXIES must be networks such as 10\.0\.0\.0\/8,::1, not "\*"$/,
    ],
    [{ FULLFINITY_TRUSTED_PROXIES: "10.0.0.0/33" }, /^FULLFINITY_TRUSTED_PROXIES must be networks/],
    [{ FULLFINITY_TRUSTED_PROXIES: "::1/129" }, /^FULLFINITY_TRUSTED_PROXIES must be networks/],
    [{ FULLFINITY_TRUSTED_PROXIES: "10.0.0.0/8/8" }, /^FULLFINITY_TRUSTED_PROXIES must be networks/],
    [{ FULLFINITY_TRUSTED_PROXIES: "10.0.0.0/8," }, /^FULLFINITY_TRUSTED_PROXIES must be networks/],
    [{ HOST: "not a host" }, /^HOST must be an address to listen at.*not "not a host"$/],
    [
      { DATABASE_URL: "mysql://root:hunter2@db/x" },
      /^DATABASE_URL must be an address such as postgresql:\/\/user:password@host:5432\/postgres$/,
    ],
    [{ DATABASE_URL: "nonsense" }, /^DATABASE_URL must be/],
    [
      { FULLFINITY_POOLER_URL: "postgres://pooler/x", FULLFINITY_REPLICA_URL: "http://replica/x" },
      /^FULLFINITY_REPLICA_URL must be an address such as/,
      /^FULLFINITY_POOLER_URL goes with DATABASE_URL/,
    ],
    [{ FULLFINITY_REPLICA_URL: "postgres://replica/x" }, /^FULLFINITY_REPLICA_URL goes with DATABASE_URL/],
    [{ FULLFINITY_ENV: "prod" }, /^FULLFINITY_ENV must be one of development, production, not "prod"$/],
    [{ FULLFINITY_SECRET: "short" }, /^FULLFINITY_SECRET must have at least 32 characters; it has 5$/],
    [{ FULLFINITY_MASTER_KEY: "short" }, /^FULLFINITY_MASTER_KEY must have at least 32 characters; it has 5$/],
    [{ FULLFINITY_MASTER_KEY: `${secret} ä` }, /^FULLFINITY_MASTER_KEY must consist of letters, digits and/],
    [{ FULLFINITY_METRICS_TOKEN: `${secret},` }, /^FULLFINITY_METRICS_TOKEN must consist of letters, digits and/],
    [{ FULLFINITY_ENV: "production" }, /^FULLFINITY_SECRET must be set in production/],
    [
      { FULLFINITY_ENV: "production", FULLFINITY_SECRET: "short" },
      /^FULLFINITY_SECRET must have at least 32 characters; it has 5$/,
    ],
    [{ FULLFINITY_BASE_DOMAIN: "example.com:80" }, /^FULLFINITY_BASE_DOMAIN must be a host name/],
    [{ FULLFINITY_BASE_DOMAIN: "10.0.0.1" }, /^FULLFINITY_BASE_DOMAIN must be a host name/],
    [{ FULLFINITY_HOSTS: "a.example.com" }, /^FULLFINITY_HOSTS must be pairs such as .* not "a.example.com"$/],
    [{ FULLFINITY_HOSTS: "a.example.com=x,A.example.com=y" }, /^FULLFINITY_HOSTS names the host a.example.com twice$/],
    [{ FULLFINITY_HOSTS: "a.example.com=X Y" }, /^FULLFINITY_HOSTS must be a database: .* not "X Y"$/],
    [{ FULLFINITY_DATABASE: "Main" }, /^FULLFINITY_DATABASE must be a database/],
    [{ FULLFINITY_DEMO: "yes" }, /^FULLFINITY_DEMO must be 1 or 0, not "yes"$/],
    [{ FULLFINITY_ADMIN_PASSWORD: "hunter2" }, /^FULLFINITY_ADMIN_PASSWORD must have at least 8 characters$/],
    [{ FULLFINITY_LOG_LEVEL: "loud" }, /^FULLFINITY_LOG_LEVEL must be one of fatal, error/],
    [{ FULLFINITY_SECRETS: secret }, /^FULLFINITY_SECRETS is not a variable that is read; there are FULLFINITY_ENV, /],
    [{ PORT: "x", FULLFINITY_DEMO: "2", FULLFINITY_X: "" }, /^PORT /, /^FULLFINITY_DEMO /, /^FULLFINITY_X /],
  ];
  it.each(rows)("%j", (env, ...expected) => {
    expect(problems(env)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });
});
