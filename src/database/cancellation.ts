/** The news that nobody waits for an answer any more, as it reaches the statements which work on it. */

/** Begins uncancelled, and is cancelled at most once. An AbortSignal would do, at fifty times the cost for each request. */
export class Cancellation {
  readonly #listeners = new Set<() => void>();
  #cancelled = false;

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Tells everybody who listens. */
  cancel(): void {
    if (this.#cancelled) {
      return;
    }
    this.#cancelled = true;
    for (const listener of this.#listeners) {
      listener();
    }
    this.#listeners.clear();
  }

  /** Calls the listener when it happens; never when it has happened already. */
  add(listener: () => void): void {
    this.#listeners.add(listener);
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener);
  }
}
