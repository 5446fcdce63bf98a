/** The address of a contact as it stands on an envelope. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, type World } from "../../test/support/world.ts";

let world: World;
let france: number;

beforeAll(async () => {
  world = await createWorld();
  ({ id: france } = await world.env.model("Country").create({ name: "France", code: "FR" }));
});
afterAll(() => world.drop());

test.each([
  [
    "everything",
    { street: "1 rue de la Paix", zip: "75002", city: "Paris" },
    true,
    "1 rue de la Paix\n75002 Paris\nFrance",
  ],
  ["no ZIP", { street: "1 rue de la Paix", city: "Paris" }, false, "1 rue de la Paix\nParis"],
  ["a country alone", {}, true, "France"],
  ["blank texts", { street: " ", city: "" }, false, null],
  ["nothing", {}, false, null],
])("%s", async (_name, values, hasCountry, expected) => {
  const contacts = world.env.model("Contact");
  const { id } = await contacts.create({ name: "Ada", ...values, country: hasCountry ? france : null });
  expect(await contacts.get(id, "full_address")).toEqual({ id, full_address: expected });
});
