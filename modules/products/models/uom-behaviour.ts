/** What clients may do with units of measure: convert quantities. */
import { float, implementModel, manyToOne, method } from "fullfinity";
import { convertQuantity } from "../uom-conversion.ts";

export const UoMBehaviour = implementModel("UoM", {
  methods: {
    convert: method(
      {
        scope: "model",
        description: "Converts a quantity into another unit of the same category, rounded as that unit is.",
        readonly: true,
        inputs: {
          quantity: float({ precision: 12, required: true }),
          from: manyToOne("UoM", { required: true }),
          to: manyToOne("UoM", { required: true }),
        },
      },
      async (_none, { env, inputs }) => {
        const units = env.model("UoM");
        const from = await units.get(inputs.from.id, "name", "category", "factor", "rounding");
        const to = await units.get(inputs.to.id, "name", "category", "factor", "rounding");
        return { quantity: convertQuantity(inputs.quantity, from, to), uom: inputs.to };
      },
    ),
  },
});

declare global {
  namespace Fullfinity {
    interface Behaviours {
      UoMBehaviour: typeof UoMBehaviour;
    }
  }
}
