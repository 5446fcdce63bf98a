/** Each category of units has one base unit, whatever is done to its units. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, clientOf } from "../../test/support/client.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let admin: Client;
beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
});
afterAll(() => api?.close());

test("no category with units is without its base unit", async () => {
  const category = await admin.create("UoMCategory", { name: "Power" });
  const other = await admin.create("UoMCategory", { name: "Energy" });
  const kilowatt = { name: "Kilowatt", category, factor: 1000 };
  const first = "400 Power needs a base unit first: one with is_base_uom";
  expect(await admin.refusal(admin.create("UoM", kilowatt))).toBe(first);
  const watt = await admin.create("UoM", { name: "Watt", category, is_base_uom: true });
  // Without others it may go where it likes.
  await admin.update("UoM", watt, { category: other });
  await admin.update("UoM", watt, { category });
  const thousand = await admin.create("UoM", kilowatt);
  const kept = "400 Watt is the base unit of Power (is_base_uom), through which its other units convert";
  for (const values of [{ is_base_uom: false }, { category: other }, { category: { id: other } }]) {
    expect(await admin.refusal(admin.update("UoM", watt, values))).toBe(kept);
  }
  expect(await admin.refusal(admin.remove("UoM", watt))).toBe(kept);
  expect(await admin.refusal(admin.update("UoM", thousand, { category: other }))).toBe(
    first.replace("Power", "Energy"),
  );
  await admin.update("UoM", watt, { name: "Watt (W)", category: { id: category }, is_base_uom: true });
  const both = await api.call("DELETE", "/api/bulk-delete/UoM", { ids: [watt, thousand] });
  expect(both.status, both.text).toBe(200);
});

test("a category comes with its units at once", async () => {
  const units = [
    { name: "Volt", is_base_uom: true },
    { name: "Kilovolt", factor: 1000 },
  ];
  const id = await admin.create("UoMCategory", { name: "Voltage", units });
  expect(await admin.count("UoM", `Q(category=${id})`)).toBe(2);
  const without = admin.create("UoMCategory", { name: "Current", units: [{ name: "Kiloampere", factor: 1000 }] });
  expect(await admin.refusal(without)).toBe("400 Current needs a base unit first: one with is_base_uom");
});
