/** Lines of wizards over HTTP: what they begin with, what modules add to them, and all that is wrong with them at once. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Field } from "../../src/fields/field.ts";
import type { ModelName } from "../../src/fields/known-model.ts";
import { WizardLinesField } from "../../src/fields/wizard-lines.ts";
import { boolean, char, integer, manyToOne, oneToMany } from "../../src/index.ts";
import type { AnyRun } from "../../src/models/method.ts";
import type { WizardDefinition, WizardExtension } from "../../src/models/wizard.ts";
import { declareBehaviour } from "../fixtures/shop-registry.ts";
import { loadedModule } from "../support/loaded-module.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { declareModel } from "../support/world.ts";

const known = (name: string) => name as ModelName;
const linesOf = (wizard: string) => new WizardLinesField(wizard, {});
const declareWizard = (wizard: string, fields: Readonly<Record<string, Field>>): WizardDefinition => ({
  ...{ wizard, fields, options: { label: wizard }, file: `modules/test/${wizard}.ts` },
});
const extend = (wizard: string, fields: Readonly<Record<string, Field>>): WizardExtension => ({
  ...{ extends: wizard, fields, file: `modules/test/${wizard}-more.ts` },
});
interface Parcel {
  readonly lines: readonly { readonly id: number; readonly quantity: number }[];
}
const echo: AnyRun = (_parcels, { inputs }) => ({ ...inputs });
const packing = loadedModule("packing", ["core"], {
  models: [
    declareModel("Parcel", { name: char({ required: true }), lines: oneToMany(known("ParcelLine"), "parcel") }),
    declareModel("ParcelLine", {
      parcel: manyToOne(known("Parcel"), { required: true, onDelete: "CASCADE" }),
      name: char({ required: true }),
      quantity: integer({ required: true, default: 1 }),
    }),
  ],
  wizards: [
    declareWizard("PackWizard", { note: char({ maxLength: 9 }), lines: linesOf("PackLine") }),
    declareWizard("PackLine", {
      line: manyToOne(known("ParcelLine"), { required: true }),
      quantity: integer({ required: true }),
      boxes: linesOf("PackBox"),
    }),
    declareWizard("PackBox", { size: integer({ required: true, default: 3 }) }),
  ],
  behaviours: [
    declareBehaviour("Parcel", {
      methods: {
        pack: {
          kind: "method",
          options: {
            scope: "records",
            reads: ["lines.quantity"],
            wizard: "PackWizard",
            defaults: (parcels) => ({
              lines: (parcels as readonly Parcel[]).flatMap(({ lines }) =>
                lines.map(({ id, quantity }) => ({ line: id, quantity, boxes: [{}] })),
              ),
            }),
          },
          run: echo,
        },
      },
    }),
    declareBehaviour("PackLine", {
      validate: {
        some: {
          fields: ["quantity"],
          check: ({ quantity }: { quantity: number }) => (quantity > 0 ? null : "must be above zero"),
        },
      } as never,
    }),
  ],
});
const labels = loadedModule("labels", ["packing"], {
  wizards: [extend("PackWizard", { urgent: boolean() }), extend("PackLine", { label: char({ maxLength: 5 }) })],
});

let api: TestServer;
let parcel: number;
let first: number;
let second: number;
beforeAll(async () => {
  api = await startTestServer({ installs: [packing, labels] });
  const { json } = await api.call("POST", "/api/query/Group", {
    fields: ["id"],
    q_filter: { identifier: "core_admin" },
  });
  const group = (json.data as { id: number }[])[0]?.id;
  for (const model of ["Parcel", "ParcelLine"]) {
    const rights = { read_perm: true, create_perm: true, write_perm: true, delete_perm: true };
    const made = await api.call("POST", "/api/create/ModelAccess", { name: model, model, group, ...rights });
    expect(made.status, made.text).toBe(200);
  }
  const lines = [{ name: "cup", quantity: 2 }, { name: "jar" }];
  const made = await api.call("POST", "/api/create/Parcel?fields=lines.id", { name: "P", lines });
  parcel = made.json.id as number;
  const stored = await api.call("POST", "/api/query/ParcelLine", { fields: ["id"], order_by: ["id"] });
  [first, second] = (stored.json.data as { id: number }[]).map(({ id }) => id) as [number, number];
});
afterAll(() => api?.close());

const pack = (inputs?: object) =>
  api.call("POST", "/api/execute/Parcel/pack", { ids: [parcel], request_body: { inputs } });
const begun = () => [
  { line: { id: first, display_name: "cup" }, quantity: 2, boxes: [{ size: 3 }], label: null },
  { line: { id: second, display_name: "jar" }, quantity: 1, boxes: [{ size: 3 }], label: null },
];

test("the form begins with lines made of the records, with the fields of every module", async () => {
  const answer = await api.call("POST", "/api/action-meta/Parcel/pack", { context: { active_ids: [parcel] } });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json.wizard).toMatchObject({ defaults: { note: null, urgent: false, lines: begun() } });
  const { json } = await api.call("GET", "/api/get_registry/PackLine");
  expect(Object.keys(json)).toEqual(["line", "quantity", "boxes", "label"]);
});

test("values that are left out are those that the form begins with; lines that are given replace all of them", async () => {
  expect((await pack()).json.result).toEqual({ note: null, urgent: false, lines: begun() });
  const given = { urgent: true, lines: [{ line: second, quantity: 7, label: "B", boxes: [{ size: 1 }, {}] }] };
  expect((await pack(given)).json.result).toEqual({
    note: null,
    urgent: true,
    lines: [{ line: { id: second, display_name: "jar" }, quantity: 7, label: "B", boxes: [{ size: 1 }, { size: 3 }] }],
  });
  expect((await pack({ lines: [] })).json.result).toMatchObject({ lines: [] });
});

describe("what is wrong with lines", () => {
  type Told = readonly [path: string, message: string];
  const rows: readonly [title: string, inputs: () => object, told: readonly Told[]][] = [
    [
      "everything at once",
      () => ({
        note: "much too long",
        lines: [
          { line: first, quantity: 1 },
          {},
          { line: first, quantity: "x", label: "much too long", boxes: [{}, { size: null }, { sise: 1 }] },
        ],
      }),
      [
        ["note", "9 characters"],
        ["lines[1].line", "is required"],
        ["lines[1].quantity", "is required"],
        ["lines[2].boxes[1].size", "is required"],
        ["lines[2].boxes[2].sise", 'did you mean "size"?'],
        ["lines[2].label", "5 characters"],
        ["lines[2].quantity", "must be"],
      ],
    ],
    ["no list", () => ({ lines: {} }), [["lines", "must be a list, not"]]],
    ["a line that is none", () => ({ lines: [7] }), [["lines[0]", "must be an object of values, not"]]],
    [
      "a name of every object",
      () => ({ lines: [{ line: first, quantity: 1, constructor: 1 }] }),
      [["lines[0].constructor", "is not known here"]],
    ],
    [
      "records that are not there",
      () => ({
        lines: [
          { line: 99999, quantity: 1 },
          { line: first, quantity: 1 },
          { line: 99998, quantity: 1 },
        ],
      }),
      [
        ["lines[0].line", "no such ParcelLine"],
        ["lines[2].line", "no such ParcelLine"],
      ],
    ],
    [
      "a rule of the lines",
      () => ({
        lines: [
          { line: first, quantity: 0 },
          { line: first, quantity: 1 },
          { line: second, quantity: -1 },
        ],
      }),
      [
        ["lines[0].quantity", "must be above zero"],
        ["lines[2].quantity", "must be above zero"],
      ],
    ],
    [
      "more lines than a call may have",
      () => ({ lines: Array(10_001).fill({}) }),
      [["lines", "more than 10000 items"]],
    ],
  ];
  test.each(rows)("%s", async (_title, inputs, told) => {
    const answer = await pack(inputs());
    expect(answer.status, answer.text).toBe(400);
    const fields = (answer.json.fields as { path: string; message: string }[]).toSorted((a, b) =>
      a.path < b.path ? -1 : 1,
    );
    expect(fields).toEqual(
      told
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([path, message]) => ({ path, message: expect.stringContaining(message) })),
    );
  });
});

test("the documentation knows what a line must have", async () => {
  const { json } = await api.call("GET", "/openapi.json");
  const { schemas } = json.components as { schemas: Record<string, object> };
  expect(schemas.PackWizard).toMatchObject({
    properties: {
      urgent: { type: "boolean" },
      lines: { items: { allOf: [{ $ref: "#/components/schemas/PackLine" }, { required: ["line", "quantity"] }] } },
    },
  });
  expect(schemas.PackLine).toMatchObject({ properties: { label: {}, boxes: { items: {} } } });
});
