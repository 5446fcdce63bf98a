/** The values of a write: everything that is refused, with its path and reason, all at once and before anything is written. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Caller, createCaller, createWorld, type World } from "../../test/support/world.ts";
import { AccessError, type ApplicationError, type FieldError, MissingError, ValidationError } from "../errors.ts";
import type { Environment } from "./environment.ts";
import { fetchRecord } from "./read.ts";
import { createRecord, deleteRecord, updateRecord } from "./write.ts";

let world: World;
let env: Environment;
let caller: Caller;
let user: Environment;

beforeAll(async () => {
  world = await createWorld();
  env = world.env;
  caller = await createCaller(world, {
    Category: "crwd",
    Product: "crwd",
    UoM: "crwd",
    Country: "crwd",
    User: "r",
    Module: "rw",
  });
  user = caller.env;
});
afterAll(() => world.drop());

/** The field errors of a refused write. */
async function errorsOf(write: Promise<unknown>): Promise<readonly FieldError[]> {
  const error: unknown = await write.then(
    () => "nothing was refused",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ValidationError);
  return (error as ValidationError).extra.fields as FieldError[];
}

const everyField = async (model: string, id: number) => JSON.parse((await fetchRecord(env, model, id)).data.toString());

describe("refused values", () => {
  const valid = { name: "x" };
  /** Values of a product, and the errors they make: path -> message. */
  const rows: readonly (readonly [values: Record<string, unknown>, errors: Record<string, string>])[] = [
    [{ ...valid, catgory: 1 }, { catgory: 'Product has no such field; did you mean "category"?' }],
    [{ ...valid, zzzzzzzzzz: 1 }, { zzzzzzzzzz: "Product has no such field" }],
    [{ ...valid, id: 5 }, { id: "is read-only" }],
    [{ ...valid, display_name: "y" }, { display_name: "is read-only" }],
    [
      { ...valid, create_uid: 1, created_date: "2020-01-01T00:00:00Z" },
      { create_uid: "is read-only", created_date: "is read-only" },
    ],
    [
      { ...valid, write_uid: 1, updated_date: null, version: 7 },
      { write_uid: "is read-only", updated_date: "is read-only", version: "is read-only" },
    ],
    [
      { ...valid, tenant_id: 2, external_id: "base.admin" },
      { tenant_id: "Product has no such field", external_id: "Product has no such field" },
    ],
    [
      JSON.parse(
        '{"name":"x","__proto__":{"polluted":1},"constructor":1,"prototype":1,"toString":1,"hasOwnProperty":1}',
      ),
      {
        __proto__x: "Product has no such field",
        constructor: "Product has no such field",
        prototype: "Product has no such field",
        toString: "Product has no such field",
        hasOwnProperty: "Product has no such field",
      },
    ],
    [
      {
        name: "",
        price: -1,
        code: "x".repeat(65),
        category: "Office",
        active: null,
        uom: 1.5,
        image: "?",
        description: "\0",
      },
      {
        name: "must not be empty",
        price: "must not be negative",
        code: "must have at most 64 characters",
        category: "must be a record id, a positive whole number, not a text",
        active: "is required",
        uom: "must be a record id, a positive whole number, not the number 1.5",
        image: "must be bytes in base64, not a text",
        description: "must not contain the NUL character",
      },
    ],
    [{ ...valid, price: null }, { price: "is required" }],
  ];

  test.each(rows)("%j", async (values, expected) => {
    const { id } = await createRecord(env, "Product", valid);
    const before = await everyField("Product", id);
    for (const write of [
      () => createRecord(user, "Product", values),
      () => updateRecord(user, "Product", id, values),
    ]) {
      const errors = await errorsOf(write());
      expect(errors.map(({ path }) => path)).toEqual(
        Object.keys(expected).map((name) => name.replace("__proto__x", "__proto__")),
      );
      for (const [index, message] of Object.values(expected).entries())
        expect(errors[index]?.message).toContain(message);
    }
    expect(await everyField("Product", id)).toEqual(before);
    expect({}).not.toHaveProperty("polluted");
  });

  test("a new record wants its required fields", async () => {
    expect(await errorsOf(createRecord(env, "User", {}))).toEqual([
      { path: "name", message: "is required" },
      { path: "email", message: "is required" },
    ]);
  });

  test("read-only fields are the code's", async () => {
    const values = { name: "Sales", identifier: "sales", version: "1.0" };
    const { id } = await createRecord(env, "Module", values);
    expect(await errorsOf(updateRecord(user, "Module", id, { name: "x", version: "2" }))).toEqual([
      { path: "name", message: "is read-only" },
      { path: "version", message: "is read-only" },
    ]);
    await expect(updateRecord(env, "Module", id, { version: "2" })).resolves.toMatchObject({ id });
  });

  test("the records of a list must be there", async () => {
    expect(await errorsOf(createRecord(env, "Category", { name: "x", children: [999_999_999] }))).toEqual([
      { path: "children[0]", message: "there is no such Category record" },
    ]);
  });

  test("a password is written, but read by nobody", async () => {
    const values = { name: "P", email: "p@example.com", password: "short" };
    expect(await errorsOf(createRecord(env, "User", values))).toEqual([
      { path: "password", message: "must have at least 8 characters" },
    ]);
    const { id } = await createRecord(env, "User", { ...values, password: "correct horse" });
    expect(await everyField("User", id)).not.toHaveProperty("password");
    await expect(
      createRecord(env, "User", { ...values, email: "q@example.com", password: null }, { fields: ["password"] }),
    ).rejects.toThrow('User has no field "password"');
  });

  test("a body of nothing but unknown names costs little and answers with a part of them", async () => {
    const values = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`${"n".repeat(60)}${index}`, 1]));
    expect(await errorsOf(createRecord(env, "Product", values))).toHaveLength(100);
  });
});

describe("rights", () => {
  /** What a user who may only read users is told, and one who knows nothing of a model. */
  const rows: readonly (readonly [
    string,
    () => Promise<unknown>,
    new (...args: never[]) => ApplicationError,
    string,
  ])[] = [
    ["creating", () => createRecord(user, "User", { name: "x" }), AccessError, "you may not create User records"],
    [
      "changing",
      () => updateRecord(user, "User", caller.id, { name: "x" }),
      AccessError,
      "you may not change User records",
    ],
    ["deleting", () => deleteRecord(user, "User", caller.id), AccessError, "you may not delete User records"],
    ["a hidden model", () => createRecord(user, "Company", {}), MissingError, 'Unknown model "Company"'],
    ["an internal model", () => createRecord(user, "RefreshToken", {}), MissingError, 'Unknown model "RefreshToken"'],
    ["no model", () => createRecord(user, "Nope", {}), MissingError, 'Unknown model "Nope"'],
    ["a field's name as a model", () => deleteRecord(user, "__proto__", 1), MissingError, 'Unknown model "__proto__"'],
    [
      "a relation to a hidden model",
      () => createRecord(user, "Country", { name: "x", code: "XX", currency: 1 }),
      ValidationError,
      "currency: Country has no such field",
    ],
  ];

  test.each(rows)("%s", async (_name, write, kind, message) => {
    const error: unknown = await write().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toContain(message);
  });

  test("a default holds where its field is hidden", async () => {
    const hidden = {
      ...user.access,
      key: "no price",
      canReadField: (_: unknown, { name }: { name: string }) => name !== "price",
    };
    const caller = world.derive({ access: hidden });
    const { id } = await createRecord(caller, "Product", { name: "Free" });
    expect(await everyField("Product", id)).toMatchObject({ price: 0 });
    expect(await errorsOf(createRecord(caller, "Product", { name: "Dear", price: 5 }))).toEqual([
      {
        path: "price",
        message: expect.stringMatching("^Product has no such field; it has name, code, description, cost,"),
      },
    ]);
  });
});
