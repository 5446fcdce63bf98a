/** Every constraint that the shipped models have in the database is understood: which field, and in which words. */
import { expect, test } from "vitest";
import { declareModel, declareModule, shippedModules } from "../../test/support/world.ts";
import { char } from "../fields/char.ts";
import { integer } from "../fields/number.ts";
import { ManyToOneField, OneToOneField } from "../fields/relation.ts";
import { composeRegistry } from "../models/compose.ts";
import { desiredShape } from "./desired.ts";
import { constraintMeaning, fieldOfColumn } from "./violation.ts";

test("no constraint of a model's table is without a meaning", () => {
  const registry = composeRegistry(shippedModules);
  const shape = desiredShape(registry);
  let seen = 0;
  for (const model of registry.models.values()) {
    const table = shape.tables.get(model.table);
    const constraints = [...(table?.constraints.values() ?? [])].filter(({ kind }) => kind !== "primary");
    const indexes = [...(table?.indexes.values() ?? [])].filter(({ unique }) => unique);
    for (const { name } of [...constraints, ...indexes]) {
      seen += 1;
      const meaning = constraintMeaning(registry, name);
      expect([name, meaning?.model.name]).toEqual([name, model.name]);
      expect([name, model.fields.has(meaning?.field ?? "")]).toEqual([name, true]);
    }
  }
  expect(seen).toBeGreaterThan(40);
});

test("each kind of constraint has its words", () => {
  const registry = composeRegistry([
    declareModule(
      "test",
      declareModel(
        "Thing",
        {
          code: char({ unique: true }),
          email: char({ unique: "ignore_case" }),
          other: new ManyToOneField("Thing", {}),
          twin: new OneToOneField("Thing", {}),
          count: integer(),
        },
        {
          unique: [
            { fields: ["other", "count"], message: "has this count already" },
            { fields: ["other"], where: "count > 0", message: "has a count already" },
          ],
          checks: [{ name: "count_positive", sql: "count > 0", field: "count", message: "must be positive" }],
        },
      ),
    ),
  ]);
  const rows = {
    thing__code_key: ["code", "is taken"],
    thing__email_key: ["email", "is taken (capital and small letters count as equal)"],
    thing__other_id_fkey: ["other", "there is no such Thing record"],
    thing__twin_id_key: ["twin", "is taken"],
    thing__twin_id_fkey: ["twin", "there is no such Thing record"],
    thing__other_id__count_key: ["other", "has this count already"],
    thing__other_id__partial_key: ["other", "has a count already"],
    thing__count_positive_check: ["count", "must be positive"],
  };
  for (const [name, [field, message]] of Object.entries(rows)) {
    expect([name, constraintMeaning(registry, name)]).toMatchObject([name, { field, message }]);
  }
  expect(constraintMeaning(registry, "made_by_hand")).toBeNull();
  expect(fieldOfColumn(registry, "thing", "other_id")?.name).toBe("other");
  expect(fieldOfColumn(registry, "thing", "nope")).toBeNull();
  expect(fieldOfColumn(registry, "nope", "id")).toBeNull();
});
