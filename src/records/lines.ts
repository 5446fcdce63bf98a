/** Reads what is given for a relation to many records: the list that it is to hold, or commands; and folds it into what is to happen. */
import type { FieldError } from "../errors.ts";
import { ValueProblem } from "../fields/field.ts";
import { parseId } from "../fields/relation.ts";
import { describeValue } from "../fields/text-value.ts";
import { type GivenValues, MOST_ERRORS } from "./values.ts";

/** Values of one record, and where they stand in the request. */
export interface GivenRecord {
  readonly path: string;
  /** Null for a new record. */
  readonly id: number | null;
  readonly values: GivenValues;
}

/** What becomes of a record that a list names. */
export type LineState =
  /** It is brought into the list, from wherever it is. */
  | "linked"
  /** It stays. */
  | "kept"
  /** It leaves the list. */
  | "removed"
  | "deleted";

/** What a list does, whatever form it was given in. */
export interface GivenLines {
  readonly path: string;
  /** Whether everything leaves the list that it does not name. */
  readonly replaces: boolean;
  readonly creates: readonly GivenRecord[];
  readonly updates: readonly GivenRecord[];
  /** Every record that it names, and what becomes of it in the end. */
  readonly states: ReadonlyMap<number, LineState>;
  /** Records that must be in the list before, and where they are named. */
  readonly members: ReadonlyMap<number, string>;
  /** Records that are brought into the list, and where they are named. */
  readonly targets: ReadonlyMap<number, string>;
}

/** What may still be given in a request. */
export interface LineBudget {
  left: number;
}

/** Records and commands that one request may name in its lists, all levels together. */
export const MOST_LINES = 10_000;

const FORMS = '["C", values], ["U", id, values], ["D", id], ["L", id], ["X", id], ["X"] or ["R", [ids]]';

/**
 * Reads a list.
 *
 * @param linksReferences whether `{ id }` alone brings a record into the list, as an id does; else it has to be in it
 * @param errors what is wrong is added to it, each with its place
 */
export function parseLines(
  value: unknown,
  path: string,
  linksReferences: boolean,
  budget: LineBudget,
  errors: FieldError[],
): GivenLines | null {
  if (!Array.isArray(value)) {
    errors.push({
      path,
      message: `must be a list of record ids, of objects or of commands, not ${describeValue(value)}`,
    });
    return null;
  }
  const lines = new Lines(path, linksReferences, budget);
  // The form of the first entry is that of the list.
  const isCommands = Array.isArray(value[0]);
  if (!isCommands) lines.clear();
  for (const [index, item] of value.entries()) {
    const place = `${path}[${index}]`;
    try {
      lines.spend(1);
      if (Array.isArray(item) !== isCommands) throw new ValueProblem(mixed(isCommands));
      if (isCommands) lines.command(item as readonly unknown[], place);
      else lines.entry(item, place);
    } catch (error) {
      if (error instanceof TooManyLines) {
        errors.push({ path, message: error.message });
        break;
      }
      if (!(error instanceof ValueProblem)) throw error;
      errors.push({ path: place, message: error.message });
      if (errors.length >= MOST_ERRORS) break;
    }
  }
  return lines;
}

function mixed(isCommands: boolean): string {
  return isCommands
    ? "must be a command, as the first entry of the list is one"
    : "must not be a command: the first entry of the list is none";
}

class TooManyLines extends Error {}

/** A list while it is read, command by command. */
class Lines implements GivenLines {
  readonly path: string;
  readonly creates: GivenRecord[] = [];
  readonly updates: GivenRecord[] = [];
  readonly states = new Map<number, LineState>();
  readonly members = new Map<number, string>();
  readonly targets = new Map<number, string>();
  replaces = false;
  readonly #linksReferences: boolean;
  readonly #budget: LineBudget;
  readonly #updated = new Set<number>();

  constructor(path: string, linksReferences: boolean, budget: LineBudget) {
    this.path = path;
    this.#linksReferences = linksReferences;
    this.#budget = budget;
  }

  spend(count: number): void {
    this.#budget.left -= count;
    if (this.#budget.left < 0) {
      throw new TooManyLines(`a request may name at most ${MOST_LINES} records and commands in its lists`);
    }
  }

  /** An entry of a list that is to be held: an id, or an object with or without one. */
  entry(item: unknown, path: string): void {
    if (typeof item === "number") {
      this.#link(parseId(item), path);
      return;
    }
    if (typeof item !== "object" || item === null) {
      throw new ValueProblem(`must be a record id or an object of values, not ${describeValue(item)}`);
    }
    const { id: given, ...values } = item as GivenValues;
    if (given === undefined) {
      this.creates.push({ path, id: null, values });
      return;
    }
    const id = parseId(given);
    // The name that a read gave comes back with the id.
    const { display_name: _, ...changes } = values;
    const isReference = Object.keys(changes).length === 0;
    if (isReference && this.#linksReferences) {
      this.#link(id, path);
      return;
    }
    if (this.#updated.has(id)) throw new ValueProblem("names a record that is in the list already");
    this.#updated.add(id);
    this.members.set(id, path);
    this.states.set(id, "kept");
    if (!isReference) this.updates.push({ path, id, values: changes });
  }

  command(item: readonly unknown[], path: string): void {
    const [name, first, second] = item;
    const has = (length: number) => item.length === length;
    if (name === "C" && has(2)) this.creates.push({ path, id: null, values: parseValues(first) });
    else if (name === "U" && has(3)) this.#update(parseId(first), parseValues(second), path);
    else if (name === "D" && has(2)) this.#leave(parseId(first), "deleted", path);
    else if (name === "L" && has(2)) this.#link(parseId(first), path);
    else if (name === "X" && has(2)) this.#leave(parseId(first), "removed", path);
    else if (name === "X" && has(1)) this.clear();
    else if (name === "R" && has(2)) this.#replace(first, path);
    else throw new ValueProblem(`must be one of the commands ${FORMS}`);
  }

  /** Takes everything out of the list. */
  clear(): void {
    if (this.creates.length + this.updates.length > 0) {
      throw new ValueProblem('must come before the commands "C" and "U", which it would undo');
    }
    for (const [id, state] of this.states) if (state !== "deleted") this.states.set(id, "removed");
    this.replaces = true;
  }

  #replace(ids: unknown, path: string): void {
    if (!Array.isArray(ids)) throw new ValueProblem(`must be ["R", [ids]], with a list of record ids`);
    this.spend(ids.length);
    this.clear();
    for (const id of ids) this.#link(parseId(id), path);
  }

  #link(id: number, path: string): void {
    if (this.states.get(id) === "deleted") throw deletedBefore();
    if (!this.targets.has(id)) this.targets.set(id, path);
    this.states.set(id, "linked");
  }

  #update(id: number, values: GivenValues, path: string): void {
    if (this.#updated.has(id)) throw new ValueProblem("changes a record that an earlier command has changed already");
    this.#updated.add(id);
    this.#expect(id, path);
    if (!this.states.has(id)) this.states.set(id, "kept");
    this.updates.push({ path, id, values });
  }

  #leave(id: number, state: "removed" | "deleted", path: string): void {
    this.#expect(id, path);
    if (this.#updated.has(id)) throw new ValueProblem("takes away a record that an earlier command has changed");
    this.states.set(id, state);
  }

  /** The record must be in the list at this point. */
  #expect(id: number, path: string): void {
    const state = this.states.get(id);
    if (state === "deleted") throw deletedBefore();
    if (state === "removed" || (state === undefined && this.replaces)) {
      throw new ValueProblem("names a record that an earlier command has taken out of the list");
    }
    if (state === undefined) this.members.set(id, path);
  }
}

function deletedBefore(): ValueProblem {
  return new ValueProblem("names a record that an earlier command has deleted");
}

function parseValues(value: unknown): GivenValues {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as GivenValues;
  throw new ValueProblem(
    `must be one of the commands ${FORMS}: the values must be an object, not ${describeValue(value)}`,
  );
}
