/** What keeps modules from being installed: all of it at once, each in one line that names its file. */

export class InstallError extends Error {
  override readonly name = "InstallError";
  readonly problems: readonly string[];

  /** @param problems at least one */
  constructor(problems: readonly string[], options: { cause?: unknown } = {}) {
    super(problems.join("\n"), options);
    this.problems = problems;
  }
}
