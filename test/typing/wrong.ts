/** Code that must not compile: each line after a mark is one mistake of a module author. */
import {
  action,
  boolean,
  type ChangedValues,
  char,
  date,
  defineModel,
  defineWizard,
  effect,
  extendModel,
  float,
  implementModel,
  implementWizard,
  integer,
  manyToMany,
  manyToOne,
  method,
  monetary,
  type NewValues,
  oneToMany,
  type RecordOf,
  selection,
  wizardEffect,
  wizardLines,
  wizardMethod,
  wrapMethod,
} from "fullfinity";
import type { Environment } from "../../src/records/environment.ts";

// @ts-expect-error a relation to a model that nobody declares
manyToOne("Prodct");
// @ts-expect-error the same of a to-many relation
oneToMany("SaleOrdr", "order");
// @ts-expect-error an unknown on_delete
manyToOne("Product", { onDelete: "DESTROY" });
// @ts-expect-error an option that the field type does not have
integer({ maxLength: 5 });
// @ts-expect-error a default of the wrong type
char({ default: 5 });
// @ts-expect-error a default that is no choice
selection(["draft", "done"], { default: "doen" });
// @ts-expect-error a made default that is no choice
selection(["draft", "done"], { default: () => "doen" });
// @ts-expect-error a default of the wrong type
boolean({ default: "yes" });
// @ts-expect-error dates are texts
date({ default: new Date() });
// @ts-expect-error a misspelt half of the groups
char({ groups: { wriet: ["hr"] } });
// @ts-expect-error groups are lists
manyToOne("Product", { groups: { read: "hr" } });
// @ts-expect-error a misspelt kind of uniqueness
char({ unique: "ignorecase" });
// @ts-expect-error an option of another field type
monetary({ precision: 3 });
// @ts-expect-error a precision that is no number
float({ precision: "3" });
// @ts-expect-error a validator of other values
char({ validators: [(value: number) => (value > 0 ? null : "no")] });
// @ts-expect-error a validator that answers with true
integer({ validators: [(value) => value > 0] });
// @ts-expect-error pairs are always deleted with either record
manyToMany("Product", { onDelete: "CASCADE" });
// @ts-expect-error a related name that is no text
manyToOne("Product", { relatedName: true });
// @ts-expect-error a to-many relation without its inverse
oneToMany("Product");
// @ts-expect-error an unknown model
extendModel("Contac", { fields: {} });
// @ts-expect-error a model that is not announced
defineModel("Ghost", { label: "Ghost", fields: {} });
// @ts-expect-error a display name of fields that are not there
defineModel("Product", { label: "Product", displayName: ["nam"], fields: { name: char() } });
// @ts-expect-error an order by a field that is not there
defineModel("Product", { label: "Product", order: ["nam ASC"], fields: { name: char() } });
// @ts-expect-error a misspelt direction
defineModel("Product", { label: "Product", order: ["name UP"], fields: { name: char() } });
// @ts-expect-error a search over a field that is not there
defineModel("Product", { label: "Product", search: ["nam"], fields: { name: char() } });
// @ts-expect-error unique over a field that is not there
defineModel("Product", { label: "Product", unique: [{ fields: ["nam"], message: "" }], fields: { name: char() } });
// @ts-expect-error unique without a message
defineModel("Product", { label: "Product", unique: [{ fields: ["name"] }], fields: { name: char() } });
// @ts-expect-error a misspelt option of the model
defineModel("Product", { label: "Product", displayname: ["name"], fields: { name: char() } });
// @ts-expect-error a field that is none
extendModel("Product", { fields: { colour: "char" } });
// @ts-expect-error a model without a label
defineModel("Product", { fields: { name: char() } });

// @ts-expect-error a misspelt field
export const misspelt = (product: RecordOf<"Product">): unknown => product.pric;
// @ts-expect-error the value may be null
export const nullable = (product: RecordOf<"Product">): string => product.code;
// @ts-expect-error passwords are never read
export const secret = (user: RecordOf<"User">): string => user.password.toUpperCase();
export function assign(product: RecordOf<"Product">): void {
  // @ts-expect-error records are read-only
  product.name = "x";
}

// @ts-expect-error an amount of money is a text, which is not calculated with
export const calculated = (product: RecordOf<"Product">): number => product.price * 2;
// @ts-expect-error a relation reads as id and display name only
export const behind = (user: RecordOf<"User">): unknown => user.groups[0]?.identifier;
// @ts-expect-error the relation may be empty
export const empty = (product: RecordOf<"Product">): number => product.category.id;
// @ts-expect-error a record of a field that is not there
export type Unknown = RecordOf<"Product", "nam">;

// @ts-expect-error a required field is missing
export const missing: NewValues<"Product"> = { price: 5 };
// @ts-expect-error a misspelt field of an extension
export const unknownField: ChangedValues<"User"> = { contac: 5 };
// @ts-expect-error a value of the wrong type
export const wrongValue: ChangedValues<"Product"> = { active: "yes" };
// @ts-expect-error a choice that is not there
export const wrongChoice: ChangedValues<"User"> = { language: "xx" };
// @ts-expect-error a relation takes ids
export const wrongTarget: ChangedValues<"Product"> = { category: "Office" };
// @ts-expect-error a required field is never null
export const emptied: ChangedValues<"Product"> = { name: null };
// @ts-expect-error a to-many relation takes a list
export const single: ChangedValues<"Contact"> = { tags: 1 };
// @ts-expect-error a misspelt field of a line
export const wrongLine: ChangedValues<"Category"> = { products: [{ nam: "x" }] };
// @ts-expect-error a wrong value of a line
export const wrongLineValue: ChangedValues<"Category"> = { products: [{ name: "x" }, { name: 5 }] };
// @ts-expect-error an unknown command
export const wrongCommand: ChangedValues<"Category"> = { products: [["Q", 5]] };
// @ts-expect-error a command without its id
export const wrongUpdate: ChangedValues<"Category"> = { products: [["U", { name: "x" }]] };
// @ts-expect-error a wrong value two levels down
export const wrongDeep: ChangedValues<"Category"> = { children: [["C", { products: [{ price: true }] }]] };
// @ts-expect-error a reference is an id alone
export const nested: ChangedValues<"Product"> = { category: { id: 1, name: "Office" } };
// @ts-expect-error the id is given by the database
export const numbered: NewValues<"Category"> = { id: 5, name: "x" };
// @ts-expect-error a decimal is a number or a text
export const decimal: NewValues<"Product"> = { name: "x", price: true };
// @ts-expect-error audit fields are not written
export const audit: ChangedValues<"Product"> = { version: 5 };

// @ts-expect-error a stored value cannot be given: it is calculated
export const calculatedValue: ChangedValues<"Category"> = { complete_name: "x" };
// @ts-expect-error the behaviour of an unknown model
implementModel("Categry", {});
// @ts-expect-error a function that no field names
implementModel("Category", { calculate: { complet_name: () => [] } });
// @ts-expect-error a misspelt part
implementModel("Category", { calculates: {} });
// @ts-expect-error values of the wrong type
implementModel("Category", { calculate: { product_count: (records) => records.map(() => "five") } });
// @ts-expect-error one value instead of a list
implementModel("Category", { calculate: { product_count: () => 5 } });
// @ts-expect-error a field that the calculation does not depend on
implementModel("Category", { calculate: { product_count: (records) => records.map(({ sequence }) => sequence) } });
implementModel("Category", {
  calculate: {
    // @ts-expect-error a field behind a relation that it does not depend on
    complete_name: (records) => records.map(({ parent }) => parent?.name ?? ""),
  },
});
implementModel("Category", {
  calculate: {
    // @ts-expect-error the relation may be empty
    complete_name: (records) => records.map(({ parent }) => parent.complete_name),
  },
});
// @ts-expect-error a validation of a field that is not there
implementModel("Category", { validate: { a: { fields: ["nam"], check: () => null } } });
implementModel("Category", {
  validate: {
    // @ts-expect-error a validation that looks at a field which it does not name
    odd: { fields: ["name"], check: ({ sequence }) => (sequence === 1 ? "" : null) },
  },
});
// @ts-expect-error a validation that answers with true
implementModel("Category", { validate: { a: { fields: ["name"], check: ({ name }) => name === "" } } });
// @ts-expect-error a misspelt moment
implementModel("Category", { hooks: { beforeSave: () => {} } });
// @ts-expect-error a hook that gives nothing to write
implementModel("Category", { hooks: { beforeCreate: () => {} } });
// @ts-expect-error a hook that writes a field which is not there
implementModel("Category", { hooks: { beforeCreate: (values) => values.map(() => ({ nam: "x" })) } });
// @ts-expect-error a path that is no text
integer({ calculate: "a", dependsOn: [5] });
// @ts-expect-error to-many relations are not calculated
manyToMany("Product", { calculate: "a" });

// @ts-expect-error a method that reads a field which is not there
implementModel("Product", { methods: { a: method({ scope: "records", reads: ["nam"] }, () => null) } });
// @ts-expect-error a method that reads a field which is not there behind a relation
implementModel("Product", { methods: { a: method({ scope: "records", reads: ["category.nam"] }, () => null) } });
// @ts-expect-error a method that reads behind a field which is no relation
implementModel("Product", { methods: { a: method({ scope: "records", reads: ["name.id"] }, () => null) } });
// @ts-expect-error a method that looks at a field which it does not read
implementModel("Product", { methods: { a: method({ scope: "records", reads: ["name"] }, ([one]) => one?.price) } });
implementModel("Product", {
  // @ts-expect-error an input that is not declared
  methods: { a: method({ scope: "model", inputs: { days: integer() } }, (_, { inputs }) => inputs.day) },
});
// @ts-expect-error a misspelt scope
implementModel("Product", { methods: { a: method({ scope: "record" }, () => null) } });
// @ts-expect-error a misspelt right
implementModel("Product", { methods: { a: method({ scope: "model", needs: "update" }, () => null) } });
// @ts-expect-error a method of a model has no records
implementModel("Product", { methods: { a: method({ scope: "model" }, ([product]) => product?.name) } });
// @ts-expect-error a misspelt option
implementModel("Product", { methods: { a: method({ scope: "model", readOnly: true }, () => null) } });
// @ts-expect-error a method of another model
implementModel("Product", { methods: { a: method<"Category", "model">({ scope: "model" }, () => null) } });
// @ts-expect-error what is wrapped has no such input
implementModel("Product", { methods: { a: wrapMethod({}, (_products, { inputs }) => inputs.days) } });
implementModel("Category", {
  methods: {
    // @ts-expect-error a wizard that is not there
    a: method({ scope: "records", wizard: "TypingWizrd" }, () => null),
    // @ts-expect-error a default that is no choice
    b: method({ scope: "records", wizard: "TypingWizard", defaults: () => ({ mode: "none" }) }, () => null),
    // @ts-expect-error a default of a value that is not there
    c: method({ scope: "records", wizard: "TypingWizard", defaults: () => ({ line: [] }) }, () => null),
    // @ts-expect-error a misspelt value of a line
    d: method({ scope: "records", wizard: "TypingWizard", defaults: () => ({ lines: [{ produc: 1 }] }) }, () => null),
    // @ts-expect-error a value that the wizard has not
    e: method({ scope: "records", wizard: "TypingWizard" }, (_records, { inputs }) => inputs.modes),
    // @ts-expect-error a value that its lines have not
    f: method({ scope: "records", wizard: "TypingWizard" }, (_records, { inputs }) => inputs.lines[0]?.price),
  },
});
// @ts-expect-error lines of a wizard that is not there
wizardLines("TypingLine");
// @ts-expect-error a wizard that is not announced
defineWizard("GhostWizard", { label: "Ghost", fields: {} });
// @ts-expect-error the behaviour of an unknown wizard
implementWizard("GhostWizard", {});
// @ts-expect-error a rule over a value that is not there
implementWizard("TypingWizard", { validate: { a: { fields: ["mod"], check: () => null } } });
// @ts-expect-error a button that reads what is not there
implementWizard("TypingWizard", { methods: { a: wizardMethod({ of: "Category", reads: ["nam"] }, () => null) } });
// @ts-expect-error a method of a model in a wizard
implementWizard("TypingWizard", { methods: { a: method({ scope: "record" }, () => null) } });

// @ts-expect-error an effect of a wizard's field that is not there
implementWizard("TypingWizard", { effects: { nam: wizardEffect(() => {}) } });
// @ts-expect-error an effect that gives a wizard's field a wrong value
implementWizard("TypingWizard", { effects: { to: wizardEffect((_values, { change }) => change({ mode: "some" })) } });
// @ts-expect-error an effect of a field that is not there
implementModel("Category", { effects: { nam: effect({}, () => {}) } });
// @ts-expect-error an effect that reads what is not there
implementModel("Category", { effects: { name: effect({ reads: ["parent.nam"] }, () => {}) } });
implementModel("Category", {
  effects: {
    // @ts-expect-error an effect that looks at what it does not read
    name: effect({ reads: ["name"] }, ({ sequence }, { change }) => change({ sequence })),
    // @ts-expect-error in a form a value may be missing
    parent: effect({ reads: ["name"] }, ({ name }, { change }) => change({ name: name.trim() })),
    // @ts-expect-error an effect that changes what is not there
    sequence: effect({}, (_category, { change }) => change({ sequenc: 5 })),
    // @ts-expect-error a wrong value
    children: effect({}, (_category, { change }) => change({ sequence: "5" })),
    // @ts-expect-error a warning at a field that is not there
    products: effect({}, (_category, { warn }) => warn("nam", "x")),
  },
});

// @ts-expect-error an unknown action
action("shout", { message: "x" });
// @ts-expect-error a misspelt member of an action
action("notify", { mesage: "x" });
// @ts-expect-error a colour that is not there
action("notify", { message: "x", color: "pink" });

export async function useModels(env: Environment): Promise<void> {
  // @ts-expect-error an unknown model
  env.model("Prodct");
  const products = env.model("Product");
  // @ts-expect-error a misspelt field
  products.filter({ nam: "x" });
  // @ts-expect-error a misspelt field behind a relation
  products.filter({ category__nam: "x" });
  // @ts-expect-error a path through a field that is no relation
  products.filter({ name__category: 1 });
  // @ts-expect-error a misspelt lookup
  products.filter({ name__icontain: "x" });
  // @ts-expect-error an operand of the wrong type
  products.filter({ active: "yes" });
  // @ts-expect-error a text lookup on a number
  products.filter({ id__icontains: "1" });
  // @ts-expect-error a list lookup without a list
  products.filter({ uom__in: 5 });
  // @ts-expect-error an operand that is no choice
  env.model("User").filter({ language: "xx" });
  // @ts-expect-error secrets are not filtered by
  env.model("User").filter({ password: "x" });
  // @ts-expect-error a wrong operand behind a to-many relation
  env.model("User").filter({ groups__identifier: 5 });
  // @ts-expect-error a relation is compared by id
  products.filter({ category: "Office" });
  // @ts-expect-error a pair of one
  products.filter({ price__between: [1] });
  // @ts-expect-error asking for null takes true or false
  products.filter({ uom__isnull: 1 });
  // @ts-expect-error secrets are not read
  env.model("User").all("password");
  // @ts-expect-error a field that was not read
  (await products.all("name"))[0]?.price;
  // @ts-expect-error a field that was not read of one record
  (await products.get(1, "name")).price;
  // @ts-expect-error an id is a number
  products.get("1");
  // @ts-expect-error so it is when deleting
  products.delete({ id: 1 });
  // @ts-expect-error a limit is a number
  products.limit("5");
  // @ts-expect-error a misspelt direction
  products.order("name UP");
  // @ts-expect-error reading a field that is not there
  products.all("nam");
  // @ts-expect-error ordering by a field that is not there
  products.order("nam ASC");
  // @ts-expect-error a field that is not stored is not filtered by
  env.model("Category").filter({ product_count: 5 });
  // @ts-expect-error nor by whether it is there
  env.model("Product").filter({ category__product_count__isnull: true });
  // @ts-expect-error nor is it ordered by
  env.model("Category").order("product_count DESC");
  // @ts-expect-error creating without a required field
  products.create({ price: 5 });
  // @ts-expect-error creating with a field that is not there
  products.create({ name: "x", colour: "red" });
  // @ts-expect-error one of many without a required field
  products.createMany([{ name: "x" }, { price: 5 }]);
  // @ts-expect-error the ids are a list
  products.updateMany(1, { name: "x" });
  // @ts-expect-error changing with a wrong value
  products.update(1, { name: 5 });
  const orders = env.model("SaleOrder");
  // @ts-expect-error a method that nobody declares
  orders.call("confrm", [1]);
  // @ts-expect-error a method of another model
  orders.call("post", [1]);
  // @ts-expect-error one that is no method, though every object has it
  orders.call("toString", [1]);
  // @ts-expect-error records that are no list
  orders.call("confirm", 1);
  // @ts-expect-error records of a method that works on none
  env.model("Invoice").call("aged_receivables", [1]);
  // @ts-expect-error an input that is not declared
  orders.call("confirm", [1], { day: "2026-01-01" });
  // @ts-expect-error a misspelt input
  env.model("Invoice").call("aged_receivables", [], { dat: "2026-01-01" });
  // @ts-expect-error a wrong value of a wizard
  orders.call("create_invoice", [1], { mode: "some" });
  // @ts-expect-error a misspelt value of a line of a wizard
  orders.call("create_invoice", [1], { lines: [{ lin: 5 }] });
  // @ts-expect-error an input that is required
  env.model("UoM").call("convert", [], { quantity: 5 });
  // @ts-expect-error what a method gives is not known
  (await orders.call("confirm", [1])).type;
}
