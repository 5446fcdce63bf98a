/**
 * Measures how long searches by name and filters within texts take among 1 000 000 contacts. The times are those of the records layer with
 * its statement; HTTP adds a fraction of a millisecond.
 */
import { unrestrictedAccess } from "../src/access/access.ts";
import { accessOf, loadRights } from "../src/access/rights.ts";
import type { ConnectionOptions } from "../src/database/connection-option.ts";
import type { Database } from "../src/database/database.ts";
import { discoverModules } from "../src/installer/discover-modules.ts";
import { loadModules, modulesFolder } from "../src/installer/load-modules.ts";
import { openDatabase } from "../src/installer/open-database.ts";
import type { Registry } from "../src/models/model.ts";
import { Environment } from "../src/records/environment.ts";
import { searchNames } from "../src/records/name-search.ts";
import { PlanCache } from "../src/records/plan-cache.ts";
import { queryRecords } from "../src/records/read.ts";
import { loadVersion, newDatabaseName, removeDatabase, writeToDisk } from "./data.ts";
import { quantile } from "./load.ts";
import { fillContacts, spread } from "./name-data.ts";
import { describeMachine, formatCells } from "./report.ts";

const CONTACTS = 1_000_000;
/** Milliseconds that 95 of 100 searches must not exceed. */
const AIM = 20;
const ROUNDS = 200;
const WARM_UP = 40;
/** A line that is slow is measured less often, for no longer than so many milliseconds. */
const LONGEST = 20_000;

/** One line: what is done the `n`th time, and whether the aim holds for it. */
interface Line {
  readonly title: string;
  readonly work: (env: Environment, n: number) => Promise<unknown>;
  readonly aimed: boolean;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** A text of letters that differ from one `n` to the next. */
function letters(n: number, count: number): string {
  const letter = (place: number) => LETTERS[spread(n * 31 + place, LETTERS.length)] ?? "";
  return Array.from({ length: count }, (_, place) => letter(place)).join("");
}

/** A filter that changes with `n`. */
type Condition = (n: number) => Readonly<Record<string, string>>;

async function makeLines(database: Database): Promise<Line[]> {
  const found = await database.rows<{ name: string }>({
    text: "select name from contact where id % 4001 = 7 order by id",
    values: [],
  });
  /** A part of a name that is there. */
  const part = (cut: (name: string) => string) => (n: number) => cut(found[spread(n, found.length)]?.name ?? "");
  const beginning = (count: number) => part((name) => name.slice(0, count));
  const within = (count: number) => part((name) => name.slice(3, 3 + count));
  /** Letters of a family name, or of what a company makes. */
  const word = (count: number) => part((name) => name.slice(name.indexOf(" ") + 2).slice(0, count));
  const nowhere = (n: number) => `${letters(n, 4)}qxzj`;
  const search = (term: (n: number) => string, more: object = {}): Line["work"] => {
    return (env, n) => searchNames(env, "Contact", { term: term(n), ...more });
  };
  const list = (condition: Condition, count: "none" | "exact" = "none"): Line["work"] => {
    const request = { fields: ["name"], order_by: ["id ASC"], limit: 20, count };
    return async (env, n) => (await queryRecords(env, "Contact", { ...request, q_filter: condition(n) })).data;
  };
  const aimed = (title: string, work: Line["work"]): Line => ({ title, work, aimed: true });
  const shown = (title: string, work: Line["work"]): Line => ({ title, work, aimed: false });
  return [
    aimed(
      "no term",
      search(() => ""),
    ),
    aimed(
      "1 letter",
      search((n) => letters(n, 1)),
    ),
    aimed(
      "2 letters, any",
      search((n) => letters(n, 2)),
    ),
    aimed("2 letters of a beginning", search(beginning(2))),
    aimed("2 letters of a word", search(word(2))),
    aimed(
      "3 letters, any",
      search((n) => letters(n, 3)),
    ),
    aimed("3 letters of a beginning", search(beginning(3))),
    aimed("3 letters of a word", search(word(3))),
    aimed("8 characters from within", search(within(8))),
    aimed("a whole name", search(part((name) => name))),
    aimed("a whole name in capitals", search(part((name) => name.toUpperCase()))),
    aimed("8 letters that are nowhere", search(nowhere)),
    shown("3 letters of a word, in one country", search(word(3), { filter: { country: 3 } })),
    aimed("3 characters, spaces among them", search(within(3))),
    aimed("3 letters of a word, companies only", search(word(3), { filter: { is_company: true } })),
    aimed(
      "3 letters of Greek that are nowhere",
      search((n) => `αβ${"γδεζηθ"[n % 6]}`),
    ),
    shown(
      "icontains, 3 letters",
      list((n) => ({ name__icontains: word(3)(n) })),
    ),
    shown(
      "icontains, 5 letters",
      list((n) => ({ name__icontains: word(5)(n) })),
    ),
    shown(
      "icontains, 8 characters",
      list((n) => ({ name__icontains: within(8)(n) })),
    ),
    shown(
      "icontains, 8 characters, with total",
      list((n) => ({ name__icontains: within(8)(n) }), "exact"),
    ),
    shown(
      "icontains, nowhere",
      list((n) => ({ name__icontains: nowhere(n) })),
    ),
    shown(
      "contains, 8 characters",
      list((n) => ({ name__contains: within(8)(n) })),
    ),
    shown(
      "istartswith, 5 characters",
      list((n) => ({ name__istartswith: beginning(5)(n) })),
    ),
  ];
}

/** A user who may read some contacts only. */
async function limitedUser(env: Environment, database: Database, registry: Registry): Promise<Environment> {
  const group = await env.model("Group").create({ name: "Bench", identifier: "bench" });
  const rights = { read_perm: true, create_perm: false, write_perm: false, delete_perm: false };
  for (const model of ["Contact", "Country"] as const) {
    await env.model("ModelAccess").create({ model, ...rights, name: "Bench", group: group.id });
  }
  const rule = "Q(country__code__in=['AD', 'AE']) | Q(create_uid=uid)";
  await env.model("RecordRule").create({ model: "Contact", ...rights, name: "Bench", groups: [group.id], rule });
  const values = { name: "Bench", email: "bench@example.com", password: "a long password", groups: [group.id] };
  const { id } = await env.model("User").create(values);
  const loaded = await loadRights(database, registry, id);
  if (loaded === null) throw new Error("the user is not there");
  return new Environment({ access: accessOf(registry, loaded), database, plans: new PlanCache(), names: loaded.names });
}

/** Runs a line so often that the plans are known, then measures. @returns sorted milliseconds */
async function measure(env: Environment, { work }: Line): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + LONGEST;
  for (let n = 0; n < WARM_UP + ROUNDS && (times.length === 0 || performance.now() < end); n += 1) {
    const start = performance.now();
    await work(env, n);
    const time = performance.now() - start;
    if (n >= WARM_UP || time > AIM * WARM_UP) times.push(time);
  }
  return times.sort((one, other) => one - other);
}

/** What was measured, as it stands in the results, and whether every aim is met. */
export interface SearchReport {
  readonly text: string;
  readonly holds: boolean;
}

/**
 * Measures searches in a database of their own.
 *
 * @param server where it is made, and removed from afterwards
 * @param administrator the same as a role that may have it write everything to disk
 */
export async function measureSearches(
  server: ConnectionOptions,
  administrator: ConnectionOptions,
): Promise<SearchReport> {
  const name = newDatabaseName();
  try {
    const modules = await loadModules(await discoverModules(modulesFolder));
    const settings = { statementTimeout: 600_000 };
    const quiet = { demo: false, adminPassword: "not used", onProgress: () => {} };
    const { database, registry } = await openDatabase({ server, name, modules, settings, ...quiet });
    try {
      console.log(`Filling in ${CONTACTS} contacts ...`);
      await fillContacts(database, CONTACTS);
      await writeToDisk(administrator);
      return await measureAll(database, registry);
    } finally {
      await database.close();
    }
  } finally {
    await removeDatabase(server, name);
  }
}

async function measureAll(database: Database, registry: Registry): Promise<SearchReport> {
  const env = new Environment({ access: unrestrictedAccess(registry), database, plans: new PlanCache() });
  const callers = [
    { rights: "everything", env },
    { rights: "by a rule", env: await limitedUser(env, database, registry) },
  ];
  let holds = true;
  const cells: string[][] = [["what", "who reads", "p50 ms", "p95 ms", "worst"]];
  for (const line of await makeLines(database)) {
    for (const caller of callers) {
      const times = await measure(caller.env, line);
      const missed = line.aimed && quantile(times, 0.95) > AIM;
      holds &&= !missed;
      const figures = [0.5, 0.95, 1].map((share) => quantile(times, share).toFixed(1));
      cells.push([line.title, caller.rights, figures[0] ?? "", `${figures[1]}${missed ? " !" : ""}`, figures[2] ?? ""]);
    }
  }
  const machine = describeMachine(await loadVersion(database));
  const pace = `${ROUNDS} times each, after ${WARM_UP} that do not count; \`!\` marks searches of which more than 5 in 100 take longer than ${AIM} ms.`;
  return { text: `${machine}; ${pace}\n\n${formatCells(cells, 2)}`, holds };
}
