/** The whole name of a category, and the number of its products. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, type World } from "../../test/support/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.drop());

test("a category is named with all above it, whatever becomes of them", async () => {
  const categories = world.env.model("Category");
  const furniture = await categories.create({ name: "Furniture" });
  const chairs = await categories.create({ name: "Chairs", parent: furniture.id });
  const stools = await categories.create({ name: "Stools", parent: chairs.id });
  const nameOf = async (id: number) => (await categories.get(id, "complete_name")).complete_name;
  expect(await nameOf(stools.id)).toBe("Furniture / Chairs / Stools");
  await categories.update(furniture.id, { name: "Office" });
  expect(await nameOf(stools.id)).toBe("Office / Chairs / Stools");
  await categories.update(chairs.id, { parent: null });
  expect(await nameOf(stools.id)).toBe("Chairs / Stools");
  expect(await nameOf(chairs.id)).toBe("Chairs");
  await expect(categories.filter({ complete_name__startswith: "Chairs" }).count()).resolves.toBe(2);
});

test("active products of the very category count", async () => {
  const categories = world.env.model("Category");
  const desks = await categories.create({ name: "Desks" });
  const small = await categories.create({ name: "Small desks", parent: desks.id });
  for (const [name, category, active] of [
    ["Desk", desks.id, true],
    ["Large desk", desks.id, true],
    ["Old desk", desks.id, false],
    ["Small desk", small.id, true],
  ] as const) {
    await world.env.model("Product").create({ name, category, active });
  }
  const found = await categories.filter({ name__icontains: "desks" }).order("id").all("product_count");
  expect(found).toEqual([
    { id: desks.id, product_count: 2 },
    { id: small.id, product_count: 1 },
  ]);
});
