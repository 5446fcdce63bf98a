/** The way into a tenant: counts the requests that are inside, and can be closed for good while they finish. */
import { MaintenanceError } from "../errors.ts";

export class Gate {
  #inside = 0;
  #reason: string | null = null;
  #waiting: (() => void)[] = [];

  /**
   * Lets a request in.
   *
   * @returns called once the request is through; again, it does nothing
   * @throws MaintenanceError when the gate has been closed
   */
  enter(): () => void {
    if (this.#reason !== null) throw new MaintenanceError(this.#reason);
    this.#inside += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inside -= 1;
      if (this.#inside === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }

  /** Requests that are inside. */
  get inside(): number {
    return this.#inside;
  }

  get isClosed(): boolean {
    return this.#reason !== null;
  }

  /** Lets nobody in any more. @param reason what they are told */
  close(reason: string): void {
    this.#reason ??= reason;
  }

  /** Resolves when nobody is inside. */
  emptied(): Promise<void> {
    return this.#inside === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
