/** Records the statements that a database is sent, so that tests can pin how many a request takes. */
import type { AnyStatement } from "../../src/database/session.ts";

/** What a tenant sends of its own accord from time to time; no request is to be blamed for it. */
const OWN_ACCORD = [
  /^UPDATE job SET state = 'running', attempt = attempt \+ 1/,
  /^DELETE FROM job WHERE finished </,
  /^DELETE FROM idempotency_key WHERE id IN/,
  /^SELECT id FROM cron_job WHERE active AND next_run <=/,
  /^SELECT min\(next_run\) AS due FROM cron_job/,
  /^WITH ended AS \(\s*DELETE FROM /,
];

export class StatementLog {
  readonly #texts: string[] = [];

  /** In the form that the option `onStatement` of a database takes. */
  readonly record = (statement: AnyStatement): void => {
    if (!OWN_ACCORD.some((pattern) => pattern.test(statement.text))) this.#texts.push(statement.text);
  };

  /** SQL texts since the start or the last {@link clear}, in the order of sending; BEGIN, COMMIT and ROLLBACK are not among them. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  get count(): number {
    return this.#texts.length;
  }

  clear(): void {
    this.#texts.length = 0;
  }

  /** Runs `work` and gives the statements that were sent meanwhile, next to its result. */
  async during<T>(work: () => Promise<T>): Promise<{ result: T; texts: readonly string[] }> {
    const begin = this.#texts.length;
    const result = await work();
    return { result, texts: this.#texts.slice(begin) };
  }
}
