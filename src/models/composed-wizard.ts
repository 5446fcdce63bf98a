/** A wizard of a registry: fields without columns, with the rules and methods of all modules. Frozen. */
import type { ComposedMethod, InputShape } from "./composed-method.ts";
import type { ComposedEffect } from "./effect.ts";

/** A composed wizard. */
export interface Wizard extends InputShape {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly module: string;
  /** Identifier of the view that shows it; null where its fields do. */
  readonly view: string | null;
  readonly methods: ReadonlyMap<string, ComposedMethod>;
  /** Field -> its effects, in the order of the modules. */
  readonly effects: ReadonlyMap<string, readonly ComposedEffect[]>;
  /** The methods that it is the form of, its own included. Who may call none of them does not know it. */
  readonly usedBy: readonly ComposedMethod[];
}
