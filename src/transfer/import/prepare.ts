/** Makes ready what a part of a file brings: finds what its cells name and which records it changes, and builds their values. */
import { ApplicationError } from "../../errors.ts";
import type { Model } from "../../models/model.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { createRecords } from "../../records/write-bulk.ts";
import { findIdentified, parseIdentifier } from "../external-identifier.ts";
import { type FoundNames, namesIn, ValueBuilder } from "./build-values.ts";
import { type CellProblem, problemAt, problemOf } from "./cell-problem.ts";
import { dropUnchanged } from "./drop-unchanged.ts";
import {
  cellOf,
  type ImportColumn,
  type ImportNode,
  type ImportPlan,
  type ImportRecord,
  matchText,
  type ReadyRecord,
  type ReferenceKey,
} from "./import-plan.ts";
import { type Found, ReferenceSearch } from "./reference-search.ts";

/** A record that cannot be written. */
export interface FaultyRecord {
  readonly record: ImportRecord;
  readonly problems: readonly CellProblem[];
}

/** A part of a file, made ready. */
export interface PreparedPart {
  readonly ready: readonly ReadyRecord[];
  /** Records that are as the file wants them. */
  readonly unchanged: readonly ImportRecord[];
  readonly failed: readonly FaultyRecord[];
  /** Records that name others which may come with this import. */
  readonly waiting: readonly FaultyRecord[];
}

/** What is done about a name that nobody has: it may come later; it may be created, else it may come later; it is missing. */
export type Patience = "waits" | "creates" | "none";

/** Prepares the parts of one file. */
export class Preparation {
  readonly #plan: ImportPlan;
  readonly #search: ReferenceSearch;

  constructor(plan: ImportPlan) {
    this.#plan = plan;
    this.#search = new ReferenceSearch(modelsOf(plan.root));
  }

  /**
   * Prepares records.
   *
   * @param patience what is done about names of records that may come with this import
   */
  async prepare(env: BaseEnvironment, records: readonly ImportRecord[], patience: Patience): Promise<PreparedPart> {
    const { root, forms } = this.#plan;
    const names = await this.#findNames(env, records, patience);
    const matches = await this.#findMatches(env, records);
    const mayCome = ({ content }: ImportColumn) =>
      patience !== "none" && content.kind === "reference" && this.#search.mayCome(content.target);
    const builder = new ValueBuilder(forms, names, mayCome);
    const ready: ReadyRecord[] = [];
    const failed: FaultyRecord[] = [];
    const waiting: FaultyRecord[] = [];
    for (const record of records) {
      const { id, problem, identifier } = this.#identify(record, matches);
      const { values, problems, waits } = builder.build(root, record, id === null);
      const all = problem === null ? problems : [problem, ...problems];
      if (all.length === 0) ready.push({ record, id, values, identifier });
      else (waits && problem === null ? waiting : failed).push({ record, problems: all });
    }
    await dropKnownIdentifiers(env, root.model, ready);
    const { ready: changing, unchanged } = await dropUnchanged(env, root, ready);
    const allowed = changing.filter((each) => {
      const problem = rightProblem(env, root.model, each);
      if (problem !== null) failed.push({ record: each.record, problems: [problem] });
      return problem === null;
    });
    return { ready: allowed, unchanged, failed, waiting };
  }

  /** Finds what the cells name: one search for each column. */
  async #findNames(env: BaseEnvironment, records: readonly ImportRecord[], patience: Patience): Promise<FoundNames> {
    const wanted = new Map<ImportColumn, Set<string>>();
    for (const record of records) gatherNames(this.#plan.root, record, wanted);
    const found = new Map<ImportColumn, Map<string, Found>>();
    for (const [column, texts] of wanted) {
      const { target, key } = namedBy(column, this.#plan.root);
      const known = await this.#search.find(env, target, key, texts);
      const creates = this.#plan.creates.has(column) && (patience !== "waits" || !this.#search.mayCome(target));
      // What a record further down is called is not created in its place.
      if (creates) await createMissing(env, target, key, known, namesOf(this.#plan.root, target, records));
      found.set(column, known);
    }
    return found;
  }

  async #findMatches(env: BaseEnvironment, records: readonly ImportRecord[]): Promise<ReadonlyMap<string, Found>> {
    const { match, root } = this.#plan;
    if (match.kind === "none") return new Map();
    const texts = new Set(records.map((record) => matchText(record, match.column)).filter((text) => text !== ""));
    const key: ReferenceKey = match.kind === "field" ? match.key : { kind: match.kind };
    return this.#search.find(env, root.model, key, texts);
  }

  /** The record that is changed; null for a new one. */
  #identify(
    record: ImportRecord,
    matches: ReadonlyMap<string, Found>,
  ): { id: number | null; problem: CellProblem | null; identifier: string | null } {
    const { match, root } = this.#plan;
    let identifier: string | null = null;
    const column = root.columns.find(({ content }) => content.kind === "external");
    const given = column === undefined ? null : cellOf(record, column);
    if (column !== undefined && given !== null && String(given).trim() !== "") {
      try {
        identifier = parseIdentifier(String(given));
      } catch (error) {
        return { id: null, problem: problemAt(record, column, (error as Error).message), identifier };
      }
    }
    if (match.kind === "none") return { id: null, problem: null, identifier };
    const text = matchText(record, match.column);
    const found = text === "" ? undefined : matches.get(text);
    if (found?.kind === "record") return { id: found.id, problem: null, identifier };
    const isWrong = found?.kind === "unclear" || (found !== undefined && match.kind === "id");
    return { id: null, problem: isWrong ? problemAt(record, match.column, found.message) : null, identifier };
  }
}

/** Leaves out the identifiers that records have already. */
async function dropKnownIdentifiers(env: BaseEnvironment, model: Model, ready: ReadyRecord[]): Promise<void> {
  const texts = ready.flatMap(({ id, identifier }) => (id === null || identifier === null ? [] : [identifier]));
  if (texts.length === 0) return;
  const known = await findIdentified(env, model, texts);
  for (const [index, each] of ready.entries()) {
    const { id, identifier } = each;
    if (id !== null && identifier !== null && known.get(identifier) === id)
      ready[index] = { ...each, identifier: null };
  }
}

function modelsOf(node: ImportNode): Set<Model> {
  return new Set([node.model, ...node.lists.flatMap((list) => [...modelsOf(list)])]);
}

/** What a column names records of: a relation's target, or, for an identifier of a line, the lines. */
function namedBy(column: ImportColumn, root: ImportNode): { target: Model; key: ReferenceKey } {
  if (column.content.kind === "reference") return column.content;
  return { target: nodeOf(root, column)?.model ?? root.model, key: { kind: "external" } };
}

function nodeOf(node: ImportNode, column: ImportColumn): ImportNode | undefined {
  if (node.columns.includes(column)) return node;
  for (const list of node.lists) {
    const found = nodeOf(list, column);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The names that records have which are still to be written. */
function namesOf(root: ImportNode, target: Model, records: readonly ImportRecord[]): Set<string> {
  const [naming] = target.displayName;
  const columns = root.columns.filter(({ name, content }) => name === naming?.name || content.kind === "external");
  if (root.model !== target) return new Set();
  return new Set(records.flatMap((record) => columns.map((column) => matchText(record, column))));
}

function rightProblem(env: BaseEnvironment, model: Model, { id, record }: ReadyRecord): CellProblem | null {
  if (env.access.can(model, id === null ? "create" : "write")) return null;
  return problemOf(record, `you may not ${id === null ? "create" : "change"} ${model.name} records`);
}

function gatherNames(node: ImportNode, record: ImportRecord, wanted: Map<ImportColumn, Set<string>>): void {
  const add = (column: ImportColumn, names: readonly string[] | null) => {
    const texts = wanted.get(column) ?? new Set<string>();
    wanted.set(column, texts);
    for (const name of names ?? []) texts.add(name);
  };
  for (const column of node.names === null ? node.columns : [node.names]) {
    const cell = cellOf(record, column);
    const isName = column.content.kind === "reference" || (column.content.kind === "external" && node.list !== null);
    if (cell === null || !isName) continue;
    add(column, node.names === null ? namesIn(column, cell) : [String(cell).trim()]);
  }
  for (const list of node.lists) {
    for (const line of record.lists.get(list) ?? []) gatherNames(list, line, wanted);
  }
}

/** Creates the records that names stand for; why one cannot be created takes the place of its being missing. */
async function createMissing(
  env: BaseEnvironment,
  target: Model,
  key: ReferenceKey,
  found: Map<string, Found>,
  coming: ReadonlySet<string>,
): Promise<void> {
  const missing = [...found].flatMap(([text, { kind }]) => (kind === "missing" && !coming.has(text) ? [text] : []));
  const field = key.kind === "path" ? key.path : (target.displayName[0]?.name ?? "");
  const valuesOf = (text: string) => ({ [field]: text });
  const tryAll = async (texts: readonly string[]): Promise<void> => {
    if (texts.length === 0) return;
    try {
      const ids = await env.attempt((inner) => createRecords(inner, target.name, texts.map(valuesOf)));
      for (const [index, text] of texts.entries()) found.set(text, { kind: "record", id: ids[index] ?? 0 });
    } catch (error) {
      if (!(error instanceof ApplicationError) || error.status >= 500) throw error;
      const [only] = texts;
      if (texts.length === 1 && only !== undefined) {
        found.set(only, { kind: "unclear", message: `cannot be created: ${error.message}` });
        return;
      }
      const half = Math.ceil(texts.length / 2);
      await tryAll(texts.slice(0, half));
      await tryAll(texts.slice(half));
    }
  };
  await tryAll(missing);
}
