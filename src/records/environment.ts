/** The environment: the one value through which code reaches records. */
import type { Transaction } from "../database/transaction.ts";
import type { ModelName } from "../fields/known-model.ts";
import { BaseEnvironment, type EnvironmentParts } from "./base-environment.ts";
import { ModelHandle } from "./model-handle.ts";

export type { EnvironmentParts } from "./base-environment.ts";

/** An environment of which models can be asked. */
export class Environment extends BaseEnvironment {
  /** A handle on a model, with the types of its fields. */
  model<const Name extends ModelName>(name: Name): ModelHandle<Name> {
    return new ModelHandle<Name>(this, name);
  }

  protected override derive(parts: EnvironmentParts, transaction: Transaction | null): this {
    return new Environment(parts, transaction) as this;
  }
}

declare global {
  namespace Fullfinity {
    interface Kernel {
      readonly environment: Environment;
    }
  }
}
