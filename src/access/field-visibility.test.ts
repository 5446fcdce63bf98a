/** Which fields a member of groups sees, from both ends of a relation. */
import { expect, test } from "vitest";
import { vaultRegistry } from "../../test/fixtures/vault-registry.ts";
import { fieldOf, modelOf } from "../models/model.ts";
import { canSeeField } from "./field-visibility.ts";

test.each<[field: string, groups: string[], visible: boolean]>([
  ["Person.name", [], true],
  ["Person.salary", [], false],
  ["Person.salary", ["others"], false],
  ["Person.salary", ["others", "hr"], true],
  ["Person.boss", [], false],
  ["Person.staff", [], false],
  ["Person.staff", ["hr"], true],
  ["Person.pupils", [], true],
  ["Person.skills", [], false],
  ["Skill.people", [], false],
  ["Skill.people", ["hr"], true],
  ["Person.passport", [], true],
  ["Person.projects", [], true],
  ["Project.members", [], true],
])("%s for %j: %s", (place, groups, visible) => {
  const [model = "", name = ""] = place.split(".");
  const field = fieldOf(modelOf(vaultRegistry, model), name);
  expect(canSeeField(vaultRegistry, field, new Set(groups))).toBe(visible);
});
