/** Lines of a wizard: records of another wizard that stand in a value and nowhere else. */
import { Field, type FieldDescription, type JsonSchema } from "./field.ts";
import type { FieldGroups } from "./field-groups.ts";
import type { WizardName } from "./known-model.ts";

/** Options of {@link wizardLines}. */
export interface WizardLinesOptions {
  readonly label?: string;
  readonly description?: string;
  readonly hint?: string;
  readonly readonly?: boolean;
  readonly groups?: FieldGroups;
}

/** A list of values, each of which has the fields of a wizard. */
export class WizardLinesField<
  Wizard extends string = string,
  Options extends WizardLinesOptions = WizardLinesOptions,
> extends Field<readonly Readonly<Record<string, unknown>>[], readonly object[], Options> {
  readonly type = "OneToMany";
  /** The wizard that has the fields. */
  readonly wizard: Wizard;

  constructor(wizard: Wizard, options: Options) {
    super(options);
    this.wizard = wizard;
  }

  describeOptions(): FieldDescription {
    return { related_model: this.wizard };
  }

  readSchema(): JsonSchema {
    return { type: "array", items: { type: "object" } };
  }

  writeSchema(): JsonSchema {
    return { type: "array", items: { type: "object" }, maxItems: 10_000 };
  }
}

/** Declares the lines of a wizard; `wizard` says which fields each of them has. */
export function wizardLines<const Name extends WizardName, const Options extends WizardLinesOptions>(
  wizard: Name,
  options?: Options,
): WizardLinesField<Name, Options> {
  return new WizardLinesField(wizard, options ?? ({} as Options));
}
