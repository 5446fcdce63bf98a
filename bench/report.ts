/** Prints what was measured, and keeps it in a file. */
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { type Measure, medianOf } from "./load.ts";
import type { Pace } from "./measure.ts";

/** One line of the results: the rounds of both servers, in the order in which they took place. */
export interface Outcome {
  readonly title: string;
  readonly aim: number;
  readonly connections: number;
  readonly ours: readonly Measure[];
  readonly floor: readonly Measure[];
}

/** What stands from here on in the file is written by people and stays. */
const NOTES = "## Where the time goes";
/** How a group begins in the file. */
const HEADING = "## ";

const headings = [
  "row",
  "connections",
  "ours /s",
  "floor /s",
  "ratio",
  "aim",
  "p50 ms ours",
  "floor",
  "p99 ms ours",
  "floor",
  "CPU µs ours",
  "floor",
  "MB ours",
  "floor",
];

/** Our requests per second as a share of the floor's: the median of the rounds, each compared with its neighbour. */
export function ratioOf({ ours, floor }: Outcome): number {
  const ratios = ours.map(({ requestsPerSecond }, round) => requestsPerSecond / (floor[round]?.requestsPerSecond ?? 0));
  return medianOf(ratios);
}

/** A Markdown table of outcomes. */
export function formatTable(outcomes: readonly Outcome[]): string {
  return formatCells([headings, ...outcomes.map(formatOutcome)], 1);
}

/**
 * A Markdown table, aligned so that it reads well in a terminal too.
 *
 * @param lines the headings first
 * @param texts columns from the left that hold texts; all others hold figures
 */
export function formatCells(lines: readonly (readonly string[])[], texts: number): string {
  const [head = [], ...body] = lines;
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const rule = widths.map((width, column) => (column < texts ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [head, rule, ...body].map((line) => formatLine(line, widths, texts)).join("\n");
}

function formatLine(cells: readonly string[], widths: readonly number[], texts: number): string {
  const padded = widths.map((width, column) =>
    column < texts ? (cells[column] ?? "").padEnd(width) : (cells[column] ?? "").padStart(width),
  );
  return `| ${padded.join(" | ")} |`;
}

function formatOutcome(outcome: Outcome): string[] {
  const { title, connections, ours, floor } = outcome;
  const both = (pick: (measure: Measure) => number | null, digits: number): string[] =>
    [ours, floor].map((measures) => formatMedian(measures.map(pick), digits));
  const ratio = ratioOf(outcome);
  return [
    title,
    String(connections),
    ...both(({ requestsPerSecond }) => requestsPerSecond, 0),
    `${ratio.toFixed(2)}${ratio < outcome.aim ? " !" : ""}`,
    String(outcome.aim),
    ...both(({ median }) => median, 2),
    ...both(({ p99 }) => p99, 2),
    ...both(({ processorTime }) => processorTime, 0),
    ...both(({ memory }) => memory, 0),
  ];
}

function formatMedian(values: readonly (number | null)[], digits: number): string {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? "-" : medianOf(known).toFixed(digits);
}

/** One line about the machine. */
export function describeMachine(postgres: string): string {
  const processors = cpus();
  const date = new Date().toISOString().slice(0, 10);
  const model = processors[0]?.model.trim() ?? "unknown processor";
  return `${processors.length} cores (${model}), Node ${process.versions.node}, PostgreSQL ${postgres}, ${date}`;
}

/** Describes how a group of rows was measured. */
export function describePace({ rounds, seconds }: Pace): string {
  return `${rounds} rounds of ${seconds} s for each line`;
}

/** A group of results as it stands in the file. */
export interface Section {
  readonly title: string;
  /** What was measured where, and the table. */
  readonly text: string;
}

const INTRODUCTION = `# Benchmark against hand-written SQL

100 000 products in 50 categories, 2 000 companies of 5 people each, 1 000 000 tags. The floor is \`bench/floor.ts\`: node:http, the pool of
\`pg\` with as many connections as our server has, hand-written prepared statements, and a token that is only compared. It checks no rights and no
input and writes no log; ours does, as in production. It has tables of its own, with the same indexes and foreign keys. Node
has the options of \`npm start\` in both. Both answer the same, which is checked first. Our total of a filter that has been counted before comes from memory while the tables have not
changed; the floor counts each time. Load, servers and PostgreSQL share the machine. The two servers are measured by turns; figures
are medians, the ratio is that of requests per second (1.00 is as fast as the floor, \`!\` marks what is below its aim). CPU is the server's own processor
time for a request, MB its resident memory at the end of a round; PostgreSQL's share is in neither.

\`npm run bench\` writes this file up to the notes at its end; \`npm run bench -- --group lists\` measures one group and writes its part alone.
`;

/** Puts groups in the place of what was measured of them before; other groups, and the notes at the file's end, stay as they are. */
export async function keepResults(file: string, order: readonly string[], measured: readonly Section[]): Promise<void> {
  const old = await readFile(file, "utf8").catch(() => "");
  const at = old.indexOf(NOTES);
  const notes = at === -1 ? "" : `\n${old.slice(at)}`;
  const sections = new Map(parseSections(at === -1 ? old : old.slice(0, at)));
  for (const { title, text } of measured) sections.set(title, text.trim());
  const known = order.flatMap((title) => {
    const text = sections.get(title);
    return text === undefined ? [] : [`${HEADING}${title}\n\n${text}\n`];
  });
  await writeFile(file, `${[INTRODUCTION, ...known].join("\n")}${notes}`);
}

function parseSections(text: string): [title: string, text: string][] {
  return text
    .split(`\n${HEADING}`)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end), section.slice(end).trim()];
    });
}
