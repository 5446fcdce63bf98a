/** The options of the benchmark's command line. */
import { parseArgs } from "node:util";
import { type BenchGroup, groups } from "./group.ts";

/** What is to be measured, and how long. */
export interface BenchOptions {
  /** Each holds the rows that are to be measured, at least one. */
  readonly groups: readonly BenchGroup[];
  /** Whether searches by name are measured too, among contacts of their own. */
  readonly searches: boolean;
  /** Whether a server with many databases is measured too. */
  readonly databases: boolean;
  /** Whether everything is done small, to see whether it works. */
  readonly quick: boolean;
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  /** Profiles our server instead of comparing it. */
  readonly profile: boolean;
  /** Only whole groups at full length are worth keeping. */
  readonly keep: boolean;
}

const CONNECTIONS = [1, 32];
const FULL = { rounds: 9, seconds: 1 };
const QUICK = { rounds: 1, seconds: 1 };
/** A profile has at least so many seconds of load. */
const PROFILE_SECONDS = 8;

/** The name of the group that has no rows: searches by name. */
const SEARCHES = "names";
/** Another one: many databases on one server. */
const DATABASES = "databases";

/**
 * Reads the command line: `--quick`, `--profile`, `--group <group>` and `--only <row>` (either any number of times).
 *
 * @throws Error naming what is unknown, and what there is
 */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      group: { type: "string", multiple: true },
      only: { type: "string", multiple: true },
      profile: { type: "boolean", default: false },
    },
  });
  const { quick, group, only, profile } = values;
  const rows = groups.flatMap((each) => each.rows.map(({ name }) => name));
  checkKnown("--group", group, [...groups.map(({ name }) => name), SEARCHES, DATABASES]);
  checkKnown("--only", only, rows);
  const chosen = groups
    .filter(({ name }) => group === undefined || group.includes(name))
    .map((each) => ({ ...each, rows: each.rows.filter(({ name }) => only === undefined || only.includes(name)) }))
    .filter((each) => each.rows.length > 0);
  const pace = quick ? QUICK : FULL;
  const isChosen = (name: string) => !profile && only === undefined && (group === undefined || group.includes(name));
  return {
    groups: chosen,
    searches: isChosen(SEARCHES),
    databases: isChosen(DATABASES),
    quick,
    connections: profile ? CONNECTIONS.slice(-1) : CONNECTIONS,
    rounds: profile ? 1 : pace.rounds,
    seconds: profile && !quick ? PROFILE_SECONDS : pace.seconds,
    profile,
    keep: !quick && !profile && only === undefined,
  };
}

function checkKnown(option: string, given: readonly string[] | undefined, known: readonly string[]): void {
  const unknown = given?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${option}: there is no "${unknown}"; there are ${known.join(", ")}`);
}
