/** The conflicts of a composition: collected, so that an author sees all of them at once. */

/** One thing that does not fit. */
export interface Conflict {
  readonly module: string;
  readonly file: string;
  /** `SaleOrder.lines`, or the model alone. */
  readonly subject: string;
  readonly message: string;
}

/** The declarations of a set of modules do not fit together. */
export class CompositionError extends Error {
  override readonly name = "CompositionError";
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    const lines = conflicts.map(
      (conflict) => `  ${conflict.subject}: ${conflict.message} (module ${conflict.module}, ${conflict.file})`,
    );
    super(`the modules do not fit together:\n${lines.join("\n")}`);
    this.conflicts = conflicts;
  }
}
