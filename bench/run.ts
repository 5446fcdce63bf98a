/** `npm run bench`: our server and the floor side by side on the same data; fails when an answer is wrong or differs. */
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ConnectionOptions, withDatabase } from "../src/database/connection-option.ts";
import { Database } from "../src/database/database.ts";
import { askServer, compareRow } from "./comparison.ts";
import { countChanges, fillDatabase, urlWithDatabase } from "./data.ts";
import { type BenchGroup, groups, SEARCHES_TITLE } from "./group.ts";
import { LIMITED_USER, makeLimitedUser } from "./limited-user.ts";
import { putLoad } from "./load.ts";
import { DATABASES_TITLE, manyDatabases, measureDatabases } from "./many-databases.ts";
import { type Contest, type Contestant, measureRow, WARM_UP, WARM_UP_SECONDS, warmUp } from "./measure.ts";
import { measureSearches } from "./name-search.ts";
import { type BenchOptions, parseOptions } from "./option.ts";
import { describeProfiles } from "./profile.ts";
import { describeMachine, describePace, formatTable, keepResults, type Outcome } from "./report.ts";
import type { Ask, BenchRow, RequestPair } from "./row.ts";
import { prepareSite, project } from "./site.ts";
import { CONNECTIONS, type OurServer, type Site, startFloor, startOurs } from "./target.ts";

/** What has been started and made, in order; undone from its end. */
const started: (() => Promise<unknown>)[] = [];
/** Seconds beyond the measuring itself after which something must be stuck. */
const SLACK_SECONDS = 600;

async function run(options: BenchOptions): Promise<void> {
  const { connection, administrator, site } = await prepareSite(started);
  if (options.groups.length > 0) await runGroups(options, connection, administrator, site);
  if (options.searches) await report(options, SEARCHES_TITLE, await measureSearches(connection, administrator));
  if (!options.databases) return;
  const many = manyDatabases(options.quick);
  await report(options, DATABASES_TITLE, await measureDatabases(site, connection, administrator, many));
}

/** Shows what has aims of its own; one that is missed fails the run. */
async function report(
  options: BenchOptions,
  title: string,
  { text, holds }: { readonly text: string; readonly holds: boolean },
): Promise<void> {
  await show(options, title, text);
  if (!holds) process.exitCode = 1;
}

async function runGroups(
  options: BenchOptions,
  connection: ConnectionOptions,
  administrator: ConnectionOptions,
  site: Site,
): Promise<void> {
  let ours = await startOurs(site);
  started.push(() => ours.stop());
  console.log("Filling the tables ...");
  const { userId, postgres } = await fillDatabase(connection, administrator, site.databaseName);
  if (options.profile) {
    await ours.stop();
    const profiles = join(site.folder, "profile");
    await mkdir(profiles);
    ours = await startOurs(site, profiles);
    await profile(options, ours);
    for (const line of describeProfiles(profiles, project)) console.log(line);
    return;
  }
  const token = randomBytes(32).toString("base64url");
  const databaseUrl = urlWithDatabase(site.databaseUrl, site.databaseName);
  const program = await startFloor(site, { databaseUrl, maxConnections: CONNECTIONS, token, userId });
  started.push(() => program.stop());
  const database = new Database({ connection: withDatabase(connection, site.databaseName), maxConnections: 1 });
  started.push(() => database.close());
  const own = { program: ours, asked: "ours", signIn: () => ours.signIn() } as const;
  const counting = (counts: boolean): Contestant => ({ ...own, prepare: () => countChanges(database, counts) });
  const contests: Readonly<Record<NonNullable<BenchRow["against"]>, Contest>> = {
    floor: { ours: own, floor: { program, asked: "floor", signIn: async () => token } },
    uncounted: { ours: counting(true), floor: counting(false) },
    administrator: { ours: { ...own, signIn: () => ours.signIn(LIMITED_USER) }, floor: own },
  };
  const byRights = options.groups.some(({ rows }) => rows.some(({ against }) => against === "administrator"));
  if (byRights) await makeLimitedUser(askServer(ours.url, await ours.signIn()), ours.password);
  for (const group of options.groups) {
    const table = formatTable(await compare(options, group, contests));
    const place = `${describeMachine(postgres)}; ${describePace(options)}.`;
    const note = group.note === undefined ? "" : ` ${group.note}`;
    await show(options, group.title, `${place}${note}\n\n${table}`);
  }
}

/** Prints what was measured, and keeps it where it is worth it. */
async function show({ keep }: BenchOptions, title: string, text: string): Promise<void> {
  console.log(`\n${title}\n\n${text}`);
  const order = [...groups.map((group) => group.title), SEARCHES_TITLE, DATABASES_TITLE];
  if (keep) await keepResults(join(project, "bench/RESULTS.md"), order, [{ title, text }]);
}

async function profile({ groups: chosen, connections, seconds }: BenchOptions, ours: OurServer): Promise<void> {
  for (const row of chosen.flatMap(({ rows }) => rows)) {
    for (const count of connections) {
      const { requestsPerSecond, processorTime } = await putLoad(ours, {
        connections: count,
        seconds: WARM_UP_SECONDS + seconds,
        token: await ours.signIn(),
        first: 0,
        distinct: row.distinct,
        request: (n) => row.request(n).ours,
      });
      const processor = processorTime === null ? "" : `, ${processorTime.toFixed(0)} µs of processor time each`;
      console.log(`${row.title}, ${count} connections: ${requestsPerSecond.toFixed(0)}/s${processor}`);
    }
  }
  await ours.stop(); // which writes the profile
}

async function compare(
  options: BenchOptions,
  { rows, title }: BenchGroup,
  contests: Readonly<Record<NonNullable<BenchRow["against"]>, Contest>>,
): Promise<Outcome[]> {
  const { ours, floor } = contests.floor;
  const askOurs = askServer(ours.program.url, await ours.signIn());
  const askFloor = askServer(floor.program.url, await floor.signIn());
  const prepared: BenchRow[] = [];
  for (const row of rows) {
    prepared.push(await prepareRow(row, askOurs));
    if (row.against === "administrator") {
      const limited = contests.administrator.ours;
      await compareRow(row, askServer(limited.program.url, await limited.signIn()), askOurs);
    } else if (row.against !== "uncounted") await compareRow(prepared.at(-1) ?? row, askOurs, askFloor);
  }
  console.log(`${title}: the answers are the same. Measuring ${rows.length} rows ...`);
  const outcomes: Outcome[] = [];
  for (const row of prepared) {
    if (!options.quick) await warmUp(row, contests[row.against ?? "floor"]);
    for (const connections of row.connections ?? options.connections) {
      const pair = await measureRow(row, connections, options, contests[row.against ?? "floor"]);
      outcomes.push({ title: row.title, aim: row.aim, connections, ...pair });
      console.log(formatTable(outcomes.slice(-1)).split("\n").at(-1));
    }
  }
  return outcomes;
}

/** The row with what our server has to be asked for beforehand. */
async function prepareRow(row: BenchRow, ours: Ask): Promise<BenchRow> {
  const more = await row.prepare?.(ours);
  if (more === undefined) return row;
  const request = (n: number): RequestPair => {
    const pair = row.request(n);
    return { ...pair, ours: { ...pair.ours, body: { ...pair.ours.body, ...more } } };
  };
  return { ...row, request };
}

/** Undoes everything, the last first. What cannot be undone keeps nothing else from it. */
async function cleanUp(): Promise<void> {
  for (let undo = started.pop(); undo !== undefined; undo = started.pop()) {
    await undo().catch((error: unknown) => console.error(error));
  }
}

async function fail(error: unknown): Promise<never> {
  console.error(error);
  await cleanUp();
  process.exit(1);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void fail(`stopped by ${signal}`));

try {
  const options = parseOptions(process.argv.slice(2));
  const { connections, rounds, seconds } = options;
  const rows = options.groups.flatMap((group) => group.rows);
  // Autocannon looks at its clock once a second, so each load takes up to a second longer.
  const bound =
    rows.length * connections.length * (2 * rounds * (seconds + 1) + 4 * (WARM_UP_SECONDS + 1)) +
    rows.length * 2 * WARM_UP.most * (WARM_UP.seconds + 1) +
    SLACK_SECONDS;
  setTimeout(() => void fail(`the benchmark is stuck: it has not ended within ${bound} s`), bound * 1000).unref();
  await run(options);
  await cleanUp();
} catch (error) {
  await fail(error);
}
