/** Learns which reads are quick enough to share a connection with others, so that a slow one never holds them up. */
import type { AnyStatement } from "./session.ts";

/** A read is quick while its recent peak of server time stays below this many milliseconds. */
const QUICK_MS = 8;
/** Share of the peak that remains after a quicker run: about 20 quick runs forgive a slow one of 60 ms. */
const DECAY = 0.9;
/** More shapes than this are not worth remembering; the table starts anew. */
const MAX_SHAPES = 5000;

const READ = /^\s*select\b/i;
const WITH = /^\s*with\b/i;
/** Steps before a read may change something: a word that may stand for that. Where it stands for anything else too much care is taken. */
const CHANGING = /\b(?:insert|update|delete|merge)\b/i;
const LOCKING = /\bfor\s+(?:no\s+key\s+)?(?:update|share|key\s+share)\b/i;

/** True for a statement that can be sent a second time without doing anything twice. */
export function isRead(statement: AnyStatement): boolean {
  const { text } = statement;
  return !LOCKING.test(text) && (READ.test(text) || (WITH.test(text) && !CHANGING.test(text)));
}

/** What is known about statements by name; names stand for one text each. */
export class Sharing {
  /** Name -> recent peak in milliseconds; Infinity for statements that are not reads. */
  readonly #peaks = new Map<string, number>();

  /** @returns false for statements without a name, never seen before, slow of late, or not plain reads */
  canShare(statement: AnyStatement): boolean {
    const name = "name" in statement ? statement.name : undefined;
    const peak = name === undefined ? undefined : this.#peaks.get(name);
    return peak !== undefined && peak < QUICK_MS;
  }

  /** @param elapsed milliseconds that the server spent on the statement */
  learn(statement: AnyStatement, elapsed: number): void {
    const name = "name" in statement ? statement.name : undefined;
    if (name === undefined) {
      return;
    }
    const peak = this.#peaks.get(name);
    if (peak !== undefined) {
      this.#peaks.set(name, elapsed > peak ? elapsed : peak * DECAY + elapsed * (1 - DECAY));
      return;
    }
    if (this.#peaks.size >= MAX_SHAPES) {
      this.#peaks.clear();
    }
    this.#peaks.set(name, isRead(statement) ? elapsed : Number.POSITIVE_INFINITY);
  }
}
