/**
 * Measures exports of 1 000 000 contacts with 6 columns: rows a second against `COPY ... TO STDOUT` of a statement written by hand, by turns, and what
 * the server's memory grows by: `npx tsx bench/export.ts`, with `--quick` for a tenth of them.
 */
import pg from "pg";
import { withDatabase } from "../src/database/connection-option.ts";
import { Database } from "../src/database/database.ts";
import { medianOf } from "./load.ts";
import { fillContacts } from "./name-data.ts";
import { prepareSite } from "./site.ts";
import { type OurServer, startOurs } from "./target.ts";

const CONTACTS = process.argv.includes("--quick") ? 100_000 : 1_000_000;
const ROUNDS = 5;
const TICK_MS = 50;
/** Megabytes over idle that an export may take. */
const MOST_MEMORY = 150;
/** Share of the floor's rows a second that csv must reach. */
const LEAST_SHARE = 0.5;

const fields = ["id", "name", "email", "city", "is_company", "country.name"];
/** The same columns as a good engineer would write them. */
const copy = `copy (select c.id, c.name, c.email, c.city, c.is_company, n.name from contact c left join country n on n.id = c.country_id
  order by c.name, c.id) to stdout (format csv, header)`;

interface Run {
  readonly seconds: number;
  readonly bytes: number;
}

/** Rows of the driver's COPY, counted and thrown away. */
class CopyQuery extends (pg.Query as unknown as new (text: string) => pg.Query) {
  bytes = 0;
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.bytes += chunk.length;
  }
}

async function runFloor(connectionString: string): Promise<Run> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const begin = performance.now();
  const query = new CopyQuery(copy);
  await new Promise<void>((resolve, reject) => {
    query.on("end", () => resolve()).on("error", reject);
    client.query(query);
  });
  const seconds = (performance.now() - begin) / 1000;
  await client.end();
  return { seconds, bytes: query.bytes };
}

async function runOurs(ours: OurServer, format: string): Promise<Run & { readonly memory: number }> {
  const token = await ours.signIn();
  const idle = ours.memory() ?? 0;
  let peak = idle;
  const watch = setInterval(() => {
    peak = Math.max(peak, ours.memory() ?? 0);
  }, TICK_MS);
  const begin = performance.now();
  const answer = await fetch(`${ours.url}/api/export/Contact`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ fields, format, order_by: ["name"] }),
  });
  if (!answer.ok || answer.body === null) throw new Error(await answer.text());
  let bytes = 0;
  for await (const chunk of answer.body) bytes += chunk.length;
  clearInterval(watch);
  return { seconds: (performance.now() - begin) / 1000, bytes, memory: peak - idle };
}

const started: (() => Promise<unknown>)[] = [];
try {
  const { site, connection } = await prepareSite(started);
  const ours = await startOurs(site);
  started.push(() => ours.stop());
  const own = withDatabase(connection, site.databaseName);
  const database = new Database({ connection: own, maxConnections: 1, statementTimeout: 300_000 });
  started.push(() => database.close());
  await dropSearches(database);
  await fillContacts(database, CONTACTS);
  const url = new URL(site.databaseUrl);
  url.pathname = `/${site.databaseName}`;
  const shares: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const floor = await runFloor(url.href);
    report("COPY", floor, "");
    for (const format of round === 0 ? ["csv", "xlsx"] : ["csv"]) {
      const run = await runOurs(ours, format);
      report(format, run, `, ${Math.round(run.memory)} MB over idle`);
      if (format === "csv") shares.push(floor.seconds / run.seconds);
      if (run.memory > MOST_MEMORY) process.exitCode = 1;
    }
  }
  const share = medianOf(shares);
  console.log(
    `csv reaches ${share.toFixed(2)} of COPY (${shares.map((each) => each.toFixed(2)).join(", ")}); the aim is ${LEAST_SHARE}`,
  );
  if (share < LEAST_SHARE) process.exitCode = 1;
} finally {
  for (let undo = started.pop(); undo !== undefined; undo = started.pop()) await undo();
}

/** Exports do not look at the indexes for searches, which take longer to fill than everything else here. */
async function dropSearches(database: Database): Promise<void> {
  const indexes = await database.rows<{ name: string }>({
    text: "select quote_ident(indexname) as name from pg_indexes where tablename = 'contact' and indexdef like '% USING gin %'",
    values: [],
  });
  for (const { name } of indexes) await database.run({ text: `drop index ${name}`, values: [] });
}

function report(what: string, { seconds, bytes }: Run, more: string): void {
  const rate = Math.round(CONTACTS / seconds).toLocaleString("en");
  console.log(`${what}: ${seconds.toFixed(2)} s, ${rate} rows/s, ${Math.round(bytes / 1e6)} MB${more}`);
}
