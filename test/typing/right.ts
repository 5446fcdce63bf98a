/** Code that must compile: what the inferred types promise to module authors. */
import {
  action,
  binary,
  boolean,
  type ChangedValues,
  char,
  date,
  defineModel,
  defineWizard,
  effect,
  extendModel,
  extendWizard,
  float,
  implementModel,
  implementWizard,
  integer,
  json,
  manyToMany,
  manyToOne,
  method,
  monetary,
  type NewValues,
  oneToMany,
  oneToOne,
  type RecordOf,
  selection,
  UserError,
  wizardEffect,
  wizardLines,
  wizardMethod,
  wrapMethod,
} from "fullfinity";
import type { Environment } from "../../src/records/environment.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<_Truth extends true>(): void {}

expectType<Equal<RecordOf<"Product", "name">, { readonly name: string; readonly id: number }>>();
expectType<Equal<RecordOf<"Product">["code"], string | null>>();
expectType<Equal<RecordOf<"Product">["active"], boolean>>();
expectType<Equal<RecordOf<"Product">["price"], string>>();
expectType<Equal<RecordOf<"User">["language"], "en" | "de" | "fr" | "es">>();
expectType<Equal<RecordOf<"UoM">["category"], { readonly id: number; readonly display_name: string }>>();

/** Fields of another module's extension, and reverse sides. */
export const contactOfUser = (user: RecordOf<"User">): number | null => user.contact?.id ?? null;
export const childIds = (contact: RecordOf<"Contact">): number[] => contact.children.map((child) => child.id);
export const namesOfGroup = (group: RecordOf<"Group">): string[] => group.users.map((user) => user.display_name);

export const product: NewValues<"Product"> = { name: "Desk", price: "12.50", category: { id: 3 }, uom: null };
export const withoutDefaults: NewValues<"Company"> = { name: "Acme", currency: 1 };
export const change: ChangedValues<"User"> = { contact: 5, groups: [1, 2], password: "correct horse" };

export async function useModels(env: Environment): Promise<string> {
  const desks = await env
    .model("Product")
    .filter({
      name__icontains: "desk",
      category__parent__name: "Office",
      price__between: ["10", 20],
      uom__in: [1, null],
    })
    .order("category__name ASC", "price DESC")
    .limit(10)
    .all("name", "category");
  const first = desks[0];
  const made = await env.model("Contact").create({ name: "Ada", parent: 4, tags: [1] });
  await env.model("Contact").filter({ users__email: "a@example.com", children__isnull: true }).count();
  await env.model("Contact").update(made.id, { parent: null });
  await env.model("Contact").delete(made.id);
  return first?.category?.display_name ?? "none";
}

/** Options as authors write them. */
export const declared = extendModel("Contact", {
  fields: {
    code: char({ required: true, unique: "ignore_case", maxLength: 20, groups: ["core_admin"], clone: false }),
    stage: selection(["new", "won"], { default: () => "new", index: true }),
    grade: selection({ a: "Best", b: "Good" }, { default: "a", required: true }),
    limit: monetary({ default: "100", validators: [(value) => (Number(value) > 0 ? null : "must be positive")] }),
    weight: float({ precision: 3, default: 0 }),
    since: date({ default: ({ now }) => now.toISOString().slice(0, 10) }),
    made_by: integer({ default: ({ userId }) => userId ?? 0, label: "Made by", hint: "A user", description: "..." }),
    logo: binary({ maxSize: 1000 }),
    settings: json({ default: { colours: ["red", null] } }),
    vip: boolean(),
    manager: manyToOne("Contact", { onDelete: "SET_NULL", relatedName: "managed", acyclic: true }),
    twin: oneToOne("Contact", { onDelete: "CASCADE", required: true }),
    people: oneToMany("Contact", "parent"),
    groups: manyToMany("Group", { through: "contact_group", relatedName: "contacts" }),
  },
});

expectType<Equal<(typeof declared)["fields"]["stage"]["read"], "new" | "won" | null>>();
expectType<Equal<(typeof declared)["fields"]["grade"]["read"], "a" | "b">>();
expectType<Equal<(typeof declared)["fields"]["weight"]["read"], string | null>>();
expectType<Equal<(typeof declared)["fields"]["limit"]["write"], string | number | null>>();

/** A model whose own `version` is not the count of changes. */
expectType<Equal<RecordOf<"Module">["version"], string>>();
expectType<Equal<RecordOf<"Product">["version"], number>>();

export async function useTransactions(env: Environment): Promise<number> {
  return env.transaction(async (inner) => {
    const user = await inner.model("User").get(1, "groups", "contact", "created_date");
    const [first] = user.groups;
    await inner
      .elevated()
      .model("Group")
      .update(first?.id ?? 1, { users: [user.id], implied_by: [] });
    await inner
      .model("User")
      .filter({ language__in: ["en", "de"], active: true, created_date__gte: user.created_date })
      .count();
    await inner
      .model("Product")
      .filter({ id__between: [1, 5], code__isnull: false, create_uid: user.id })
      .all();
    await inner
      .model("Category")
      .filter({ products__uom__category__name: "Weight", children__children: 5 })
      .limit(1)
      .all("id");
    await inner.model("Contact").create({ name: "Ada", country: { id: 1 }, tags: [{ id: 1 }, 2], email: null });
    return user.contact?.id ?? 0;
  });
}

/** Records within records, and many at once. */
export const withLines: NewValues<"Category"> = {
  name: "Garden",
  products: [{ name: "Bench", price: "149.00", uom: 1 }, { id: 5, active: false }, 7, { id: 8 }],
  children: [
    ["C", { name: "Pots", products: [["L", 9]] }],
    ["U", 3, { sequence: 5 }],
    ["D", 4],
    ["X", 5],
    ["R", [6, 7]],
    ["X"],
  ],
};
export const withTags: ChangedValues<"Contact"> = { tags: [1, { name: "new" }], children: [] };

export async function useMany(env: Environment): Promise<readonly number[]> {
  const products = env.model("Product");
  const ids = await products.createMany([{ name: "a" }, { name: "b", price: 5 }]);
  await products.updateMany(ids, { active: false });
  return products.deleteMany(ids);
}

/** Calculated fields: their functions get exactly what the fields depend on. */
export const TypingOrder = defineModel("TypingOrder", {
  label: "Order",
  fields: {
    name: char({ required: true }),
    customer: manyToOne("Contact"),
    date: date({ required: true }),
    due_date: date(),
    texts: char({ calculate: "texts", dependsOn: ["name", "customer.tags.name", "customer__country.currency__code"] }),
    balance: monetary({ calculate: "balance", stored: false, elevated: true }),
    rank: integer({ calculate: "rank", dependsOn: ["name"], required: true, default: 0, setter: "rank" }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      TypingOrder: typeof TypingOrder;
    }
  }
}

interface Named {
  readonly id: number;
  readonly name: string;
}
interface Texts extends Named {
  readonly customer: {
    readonly id: number;
    readonly tags: readonly Named[];
    readonly country: {
      readonly id: number;
      readonly currency: { readonly id: number; readonly code: string } | null;
    } | null;
  } | null;
}

export const behaviour = implementModel("TypingOrder", {
  calculate: {
    texts: async (orders, env) => {
      const exact: readonly Texts[] = orders;
      const back: typeof orders = exact;
      const total = await env.model("TypingOrder").count();
      return back.map(({ name, customer }) => `${name} ${customer?.tags.map((tag) => tag.name).join()} of ${total}`);
    },
    balance: (orders) => orders.map(({ id }) => (id > 5 ? "12.50" : null)),
    rank: (orders) => orders.map(({ name }) => name.length),
  },
  setters: {
    rank: async (changes, env) => {
      for (const { id, value } of changes) await env.model("TypingOrder").update(id, { name: "x".repeat(value) });
    },
  },
  validate: {
    dates: {
      fields: ["date", "due_date", "customer"],
      check: (order) =>
        order.due_date !== null && order.due_date < order.date && order.customer?.id === 1 ? "too early" : null,
    },
    named: { fields: ["name"], check: ({ name }) => (name.trim() === "" ? "must not be blank" : null) },
  },
  hooks: {
    beforeCreate: (values, _env, next) => next(values.map((each) => ({ ...each, rank: each.rank ?? 1 }))),
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await env.model("TypingOrder").filter({ id__in: ids, texts__icontains: "x" }).order("rank ASC").count();
    },
    beforeUpdate: async (changes, _env, next) => (await next(changes)).map(({ id, values }) => ({ id, values })),
    afterDelete: (ids, _env, next) => next(ids),
  },
});

/** Methods: records with what is read, inputs with what is declared. */
export const methods = implementModel("Product", {
  methods: {
    reprice: method(
      {
        scope: "records",
        needs: "write",
        reads: ["name", "category.parent.name", "price", "category.products.name"],
        inputs: {
          percent: integer({ required: true }),
          category: manyToOne("Category"),
          tags: manyToMany("ContactTag"),
        },
        context: { reason: char() },
        confirm: { message: "Reprice {count}?", variant: "danger" },
      },
      async (products, { env, inputs, context }) => {
        expectType<Equal<typeof inputs.percent, number>>();
        expectType<Equal<typeof inputs.category, { readonly id: number; readonly display_name: string } | null>>();
        expectType<Equal<typeof context.reason, string | null>>();
        const first: string | undefined = products[0]?.category?.parent?.name;
        const names: string[] = products.flatMap(({ category }) => category?.products.map(({ name }) => name) ?? []);
        await env.model("Product").updateMany(
          products.map(({ id }) => id),
          { category: inputs.category },
        );
        return action("notify", { message: `${first} ${names} ${inputs.tags.length}`, color: "success" });
      },
    ),
    count: method({ scope: "model", readonly: true }, (_none, { env }) => env.model("Product").count()),
    convert: wrapMethod({ reads: ["code"], inputs: { note: char() } }, async (products, { next, inputs }) => {
      const codes: (string | null)[] = products.map(({ code }) => code);
      if (codes.includes(inputs.note))
        throw new UserError("no", { action: action("url", { url: "/x", new_tab: true }) });
      return next();
    }),
  },
});

/** Wizards: inputs with the fields of the wizard, those of extensions and of lines included. */
export const TypingWizard = defineWizard("TypingWizard", {
  label: "Typing",
  fields: {
    mode: selection(["all", "lines"], { required: true, default: "all" }),
    lines: wizardLines("TypingWizardLine"),
    to: manyToOne("Contact"),
  },
});
export const TypingWizardLine = defineWizard("TypingWizardLine", {
  label: "Line",
  fields: { product: manyToOne("Product", { required: true }), quantity: float({ precision: 3 }) },
});
export const TypingWizardNote = extendWizard("TypingWizard", { fields: { note: char() } });

declare global {
  namespace Fullfinity {
    interface Wizards {
      TypingWizard: typeof TypingWizard;
      TypingWizardLine: typeof TypingWizardLine;
    }
    interface Extensions {
      TypingWizardNote: typeof TypingWizardNote;
    }
  }
}

export const withWizard = implementModel("Category", {
  methods: {
    go: method(
      {
        scope: "records",
        reads: ["name", "products.price"],
        wizard: "TypingWizard",
        context: { most: integer() },
        defaults: async (categories, { env, context }) => ({
          mode: (await env.model("Product").count()) > 5 ? "all" : "lines",
          note: null,
          lines: categories.flatMap(({ products }) =>
            products.map(({ id, price }) => ({ product: id, quantity: context.most ?? price })),
          ),
        }),
      },
      (categories, { inputs }) => {
        expectType<Equal<typeof inputs.mode, "all" | "lines">>();
        expectType<Equal<typeof inputs.note, string | null>>();
        const [line] = inputs.lines;
        return [line?.product.id, line?.quantity?.length, categories[0]?.name];
      },
    ),
  },
});

export const wizardBehaviour = implementWizard("TypingWizard", {
  validate: {
    some: {
      fields: ["mode", "lines", "note"],
      check: ({ mode, lines, note }) => (mode === "lines" && lines.length === 0 && note === null ? "is empty" : null),
    },
  },
  methods: {
    preview: wizardMethod({ of: "Category", reads: ["products.name"] }, (categories, { inputs, env }) =>
      env
        .model("Product")
        .filter({ name__in: categories.flatMap(({ products }) => products.map(({ name }) => name)) })
        .limit(inputs.lines.length)
        .all("name"),
    ),
  },
  effects: {
    to: wizardEffect(({ to, lines, note }, { change, warn, narrow }) => {
      const quantity: string | null | undefined = lines[0]?.quantity;
      const text: string | null = note;
      change({ mode: "lines", note: `${to?.display_name} ${quantity} ${text}`, lines: [{ product: 5 }] });
      warn("lines", "have changed");
      narrow("to", { name__icontains: "x" });
    }),
  },
});

/** UI effects: the form may not be complete, what is changed is checked. */
export const effects = implementModel("Category", {
  effects: {
    parent: effect(
      { reads: ["parent.name", "name", "products.price", "products.category.name"] },
      async (category, { env, change, warn, narrow }) => {
        expectType<Equal<typeof category.name, string | null>>();
        const price: string | null | undefined = category.products[0]?.price;
        const above: string | undefined = category.parent?.name;
        change({ sequence: await env.model("Category").count(), products: [{ name: price ?? "x" }, 5] });
        warn("name", `is under ${above}`);
        narrow("parent", { name__icontains: "x" });
        narrow("products", "Q(active=True)");
      },
    ),
    products: effect({}, (_category, { change }) => change({ name: "x" })),
  },
});

export const ranked: ChangedValues<"TypingOrder"> = { rank: 5 };
export const balanceOf = (order: RecordOf<"TypingOrder", "balance">): string | null => order.balance;
