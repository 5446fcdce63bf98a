/** What makes stored calculated values stale, as data: which changes, the way back to the records, and the order to calculate in. */

/** One step along a relation: the rows whose `from` is among the ids at hand give the next ids by `to`. */
export interface WayStep {
  readonly table: string;
  readonly from: string;
  readonly to: string;
  /** The table whose ids these are. */
  readonly reached: string;
}

/** A way in which a change of one model's records makes calculated values stale. */
export interface Trigger {
  /** Place of the step in {@link DependencyGraph.steps}. */
  readonly step: number;
  /** From the changed records back to those that hold the value; none where they are the same. */
  readonly back: readonly WayStep[];
  /** Whether the way itself is what changes, so that it has to be gone before the change too. */
  readonly cut: boolean;
}

/** A way to records that values are taken from. */
export interface Source {
  readonly way: readonly WayStep[];
  /** Whether what is calculated here may make values of such records stale, which then change too. */
  readonly follows: boolean;
}

/** Calculated fields of one model that are calculated together. */
export interface CalculationStep {
  readonly model: string;
  /** Names of stored fields. */
  readonly fields: readonly string[];
  /** Ways to the records that the values are taken from and to which a new reference may lead at any moment. */
  readonly sources: readonly Source[];
  /** Steps of one circle share a number; those of a tree are repeated level by level until nothing changes. */
  readonly circle: number | null;
}

/** A foreign key that does something when the record which it refers to is deleted. */
export interface DeletionEffect {
  readonly model: string;
  readonly table: string;
  readonly field: string;
  readonly column: string;
  /** Whether the records go too; else they lose the reference. */
  readonly cascades: boolean;
}

/** Everything that keeps stored calculated values right. Made once, when a registry is composed. */
export interface DependencyGraph {
  /** In the order of calculation: what a step depends on comes before it. */
  readonly steps: readonly CalculationStep[];
  /** Model -> the steps that calculate its fields. */
  readonly own: ReadonlyMap<string, readonly number[]>;
  /** Model -> field -> what its change makes stale. */
  readonly changes: ReadonlyMap<string, ReadonlyMap<string, readonly Trigger[]>>;
  /** Model -> what the deletion of a record makes stale elsewhere. */
  readonly deletions: ReadonlyMap<string, readonly Trigger[]>;
  /** Model -> foreign keys to it through which a deletion reaches others that matter. */
  readonly effects: ReadonlyMap<string, readonly DeletionEffect[]>;
}
