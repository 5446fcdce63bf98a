/** What units of measure do: they convert quantities, by way of a base unit that no category with units is without. */
import { type Environment, float, implementModel, manyToOne, method, UserError } from "fullfinity";
import { convertQuantity } from "../uom-conversion.ts";

export const UoMBehaviour = implementModel("UoM", {
  hooks: {
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await checkBases(env, ids);
    },
    beforeUpdate: async (changes, env, next) => {
      for (const { id, name, category } of await loadBases(env, idsOf(changes))) {
        const values = changes.find((change) => change.id === id)?.values ?? {};
        const stays = values.category === undefined || idOf(values.category) === category.id;
        if (!stays || values.is_base_uom === false) await keepBase(env, name, category, [id]);
      }
      return next(changes);
    },
    afterUpdate: async (changes, env, next) => {
      await next(changes);
      await checkBases(env, idsOf(changes.filter(({ values }) => "category" in values)));
    },
    beforeDelete: async (ids, env, next) => {
      for (const { name, category } of await loadBases(env, ids)) await keepBase(env, name, category, ids);
      await next(ids);
    },
  },
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

type Category = { readonly id: number; readonly display_name: string };

/** The base units among these. */
function loadBases(env: Environment, ids: readonly number[]) {
  return env.elevated().model("UoM").filter({ id__in: ids, is_base_uom: true }).all("name", "category");
}

/** Others convert through their base unit, so it does not leave them. */
async function keepBase(env: Environment, name: string, category: Category, leaving: readonly number[]): Promise<void> {
  const others = env.elevated().model("UoM").filter({ category: category.id, id__nin: leaving });
  if ((await others.count()) === 0) return;
  throw new UserError(
    `${name} is the base unit of ${category.display_name} (is_base_uom), through which its other units convert`,
  );
}

/** The first unit of a category is its base unit. */
async function checkBases(env: Environment, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const units = env.elevated().model("UoM");
  const found = await units.filter({ id__in: ids }).all("category");
  const wanted = found.map(({ category }) => category.id);
  const bases = await units.filter({ category__in: wanted, is_base_uom: true }).all("category");
  const known = new Set(bases.map(({ category }) => category.id));
  const bare = found.find(({ category }) => !known.has(category.id));
  if (bare !== undefined)
    throw new UserError(`${bare.category.display_name} needs a base unit first: one with is_base_uom`);
}

function idsOf(changes: readonly { readonly id: number }[]): number[] {
  return changes.map(({ id }) => id);
}

/** The id that a reference is written by. */
function idOf(reference: unknown): unknown {
  return typeof reference === "object" && reference !== null && "id" in reference ? reference.id : reference;
}

declare global {
  namespace Fullfinity {
    interface Behaviours {
      UoMBehaviour: typeof UoMBehaviour;
    }
  }
}
