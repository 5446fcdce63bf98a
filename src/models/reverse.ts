/** The reverse side of a one-to-one relation: read through the other model's table. */
import { Field, type FieldDescription, type JsonSchema } from "../fields/field.ts";
import type { Reference } from "../fields/relation.ts";

/** The one record of the target whose `inverse` field refers to this record, if there is one. */
export class ReverseToOneField extends Field<Reference | null, never> {
  readonly type = "OneToOne";
  readonly target: string;
  readonly inverse: string;

  constructor(target: string, inverse: string) {
    super({ readonly: true });
    this.target = target;
    this.inverse = inverse;
  }

  describeOptions(): FieldDescription {
    return { related_model: this.target, inverse: this.inverse };
  }

  readSchema(): JsonSchema {
    const properties = { id: { type: "integer" }, display_name: { type: "string" } };
    return { type: "object", properties, required: ["id", "display_name"] };
  }

  writeSchema(): JsonSchema {
    return this.readSchema();
  }
}
