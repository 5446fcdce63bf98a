/** Measures a server with many databases: the first request to one that is closed, requests to those that are open, memory and connections. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createDatabase, dropDatabase } from "../src/database/catalog.ts";
import type { ConnectionOptions } from "../src/database/connection-option.ts";
import { Database } from "../src/database/database.ts";
import { markDatabase } from "../src/database/mark.ts";
import { askServer } from "./comparison.ts";
import { loadVersion, newDatabaseName } from "./data.ts";
import { quantile } from "./load.ts";
import { type RunningProgram, startProgram } from "./program.ts";
import { describeMachine, formatCells } from "./report.ts";
import type { Site } from "./target.ts";

/** The heading in the results. */
export const DATABASES_TITLE = "Many databases on one server";

/** Milliseconds in which half of the first requests to closed databases are to be answered. */
const COLD_AIM = 300;
/** A warm request to one of many may take so many times as long as to the only one. */
const WARM_AIM = 1.5;
const WARM_UP = 400;
const WARM_REQUESTS = 2000;
/** Looks at connections and memory, in milliseconds. */
const LOOK_MS = 100;
const REQUEST = "/api/query/Product?fields=id,name,price&order_by=name%20ASC&limit=20";

const CONNECTIONS = {
  text: "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = ANY($1::text[])",
};

/** What is measured, and with how many databases. */
export interface ManyDatabases {
  readonly count: number;
  /** Most that the process keeps open; the setting's default. */
  readonly open: number;
}

const FULL: ManyDatabases = { count: 200, open: 40 };
const QUICK: ManyDatabases = { count: 12, open: 6 };

/** @param quick with few databases, to see whether it works */
export function manyDatabases(quick: boolean): ManyDatabases {
  return quick ? QUICK : FULL;
}

/** What was measured, as it stands in the results, and whether the aims are met. */
export interface DatabasesReport {
  readonly text: string;
  readonly holds: boolean;
}

/** A line of the results. */
interface Line {
  readonly databases: number;
  /** Sorted milliseconds. */
  readonly cold: readonly number[];
  readonly warm: readonly number[];
  /** Megabytes at most. */
  readonly memory: number;
  /** Connections at most. */
  readonly connections: number;
}

/**
 * Makes the databases, copies of one that the program makes, and measures first one and then all of them.
 *
 * @param administrator sees the connections of everybody
 */
export async function measureDatabases(
  site: Site,
  connection: ConnectionOptions,
  administrator: ConnectionOptions,
  { count, open }: ManyDatabases,
): Promise<DatabasesReport> {
  const server = new Database({ connection, maxConnections: 1, statementTimeout: 600_000 });
  const observer = new Database({ connection: administrator, maxConnections: 1 });
  const model = newDatabaseName();
  const names = [model, ...Array.from({ length: count - 1 }, (_, index) => `${model}_${index + 1}`)];
  const password = randomBytes(32).toString("base64url");
  const start = () => startMany(site, model, password, open);
  try {
    const first = await start();
    const key = await makeKey(first, password);
    await first.stop();
    console.log(`Copying a database ${count - 1} times ...`);
    for (const name of names.slice(1)) {
      await createDatabase(server, name, { template: model });
      await markDatabase(server, name);
    }
    const lines: Line[] = [];
    for (const chosen of [[model], names]) {
      const program = await start();
      lines.push(await measureLine(program, observer, key, chosen, open).finally(() => program.stop()));
    }
    return report(lines, open, await loadVersion(server));
  } finally {
    for (const name of names) await dropDatabase(server, name);
    await Promise.all([server.close(), observer.close()]);
  }
}

function startMany(site: Site, database: string, password: string, open: number): Promise<RunningProgram> {
  return startProgram({
    command: ["dist/src/main.js", "serve"],
    folder: site.project,
    logFile: join(site.folder, "many.log"),
    environment: {
      PORT: "0",
      DATABASE_URL: site.databaseUrl,
      FULLFINITY_DATABASE: database,
      FULLFINITY_DATABASE_SELECTOR: "1",
      FULLFINITY_OPEN_DATABASES: String(open),
      FULLFINITY_DATA: site.folder,
      FULLFINITY_ENV: "production",
      FULLFINITY_DEMO: "1",
      FULLFINITY_SECRET: password,
      FULLFINITY_ADMIN_PASSWORD: password,
    },
  });
}

/** An API key, which copies of the database know too: no first request has a password to verify. */
async function makeKey({ url }: RunningProgram, password: string): Promise<string> {
  const credentials = { email: "admin@example.com", password };
  const sign = await askServer(url, "")({ method: "POST", path: "/auth/authenticate", body: credentials });
  const { access_token } = sign.body as { readonly access_token: string };
  const made = await askServer(url, access_token)({ method: "POST", path: "/auth/api-keys", body: { name: "Bench" } });
  return (made.body as { readonly key: string }).key;
}

async function measureLine(
  program: RunningProgram,
  observer: Database,
  key: string,
  names: readonly string[],
  open: number,
): Promise<Line> {
  let [memory, connections] = [0, 0];
  const look = async (): Promise<void> => {
    const [row] = await observer.rows<{ count: number }>({ ...CONNECTIONS, values: [[...names]] });
    connections = Math.max(connections, row?.count ?? 0);
    memory = Math.max(memory, program.memory() ?? 0);
  };
  const watch = setInterval(() => void look(), LOOK_MS);
  const ask = async (name: string): Promise<number> => {
    const begin = performance.now();
    const headers = { authorization: `Bearer ${key}`, "x-database": name };
    const answer = await fetch(`${program.url}${REQUEST}`, { headers });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${text}`);
    return performance.now() - begin;
  };
  try {
    const cold: number[] = [];
    for (const name of names) cold.push(await ask(name));
    // Those that were asked last are open still.
    const last = names.slice(-open);
    const warm: number[] = [];
    for (let n = 0; n < WARM_UP + WARM_REQUESTS; n += 1) {
      const time = await ask(last[n % last.length] ?? "");
      if (n >= WARM_UP) warm.push(time);
    }
    await look();
    const sorted = (times: number[]) => times.sort((one, other) => one - other);
    return { databases: names.length, cold: sorted(cold), warm: sorted(warm), memory, connections };
  } finally {
    clearInterval(watch);
  }
}

function report(lines: readonly Line[], open: number, postgres: string): DatabasesReport {
  const [one] = lines;
  const aimed = (value: number, aim: number): string => `${value.toFixed(2)}${value > aim ? " !" : ""}`;
  let holds = true;
  const cells = lines.map(({ databases, cold, warm, memory, connections }) => {
    const [first, later] = [quantile(cold, 0.5), quantile(warm, 0.5)];
    const warmAim = WARM_AIM * quantile(one?.warm ?? [], 0.5);
    holds &&= first <= COLD_AIM && later <= warmAim;
    return [
      String(databases),
      aimed(first, COLD_AIM),
      quantile(cold, 0.95).toFixed(2),
      aimed(later, warmAim),
      quantile(warm, 0.95).toFixed(2),
      memory.toFixed(0),
      String(connections),
    ];
  });
  const headings = ["databases", "first p50 ms", "p95", "later p50 ms", "p95", "MB", "connections"];
  const pace = `one client, ${WARM_REQUESTS} lists of 20 products by turns in those of at most ${open} databases that are open. A first request opens its database; half of them are to be answered in ${COLD_AIM} ms, later ones in ${WARM_AIM} times that of one database (\`!\` where not). MB and connections are the most that there were.`;
  return { text: `${describeMachine(postgres)}; ${pace}\n\n${formatCells([headings, ...cells], 0)}`, holds };
}
