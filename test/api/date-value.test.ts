/** Days and instants, value by value and in every place where a request can have one: what is stored, or what is said of it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelName } from "../../src/fields/known-model.ts";
import { char, date, datetime, manyToOne, oneToMany } from "../../src/index.ts";
import { declareBehaviour } from "../fixtures/shop-registry.ts";
import { type Client, clientOf } from "../support/client.ts";
import { loadedModule } from "../support/loaded-module.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { declareModel } from "../support/world.ts";

const known = (name: string) => name as ModelName;
const calendar = loadedModule("calendar", ["core"], {
  models: [
    declareModel("Meeting", {
      name: char({ required: true }),
      day: date(),
      begins: datetime(),
      parts: oneToMany(known("MeetingPart"), "meeting"),
    }),
    declareModel("MeetingPart", {
      meeting: manyToOne(known("Meeting"), { required: true, onDelete: "CASCADE" }),
      name: char({ required: true }),
      day: date(),
      begins: datetime(),
    }),
  ],
  behaviours: [
    declareBehaviour("Meeting", {
      methods: {
        echo: {
          kind: "method",
          options: { scope: "model", readonly: true, inputs: { day: date(), begins: datetime() } },
          run: (_none: readonly object[], { inputs }: { readonly inputs: object }) => ({ ...inputs }),
        },
      },
    }),
  ],
});

let api: TestServer;
let admin: Client;
beforeAll(async () => {
  api = await startTestServer({ installs: [calendar] });
  admin = clientOf(api);
  const group = await admin.find("Group", "Q(identifier='core_admin')");
  const rights = { read_perm: true, create_perm: true, write_perm: true, delete_perm: true };
  for (const model of ["Meeting", "MeetingPart"]) {
    await admin.create("ModelAccess", { name: model, model, group, ...rights });
  }
});
afterAll(() => api?.close());

type Field = "day" | "begins";

/** A place in a request: the value goes in, what is stored comes out. */
interface Place {
  readonly path: (field: Field) => string;
  send(values: object, meeting: number, part: number): Promise<number>;
  readonly isPart?: true;
}

const send = async (method: string, path: string, body: object): Promise<Record<string, unknown>> => {
  const { status, json, text } = await api.call(method, `/api/${path}`, body);
  if (status === 200) return json;
  throw Object.assign(new Error(text), { status, json });
};
const places: Readonly<Record<string, Place>> = {
  create: {
    path: (field) => field,
    send: async (values) => Number((await send("POST", "create/Meeting", { name: "x", ...values })).id),
  },
  update: {
    path: (field) => field,
    send: async (values, id) => Number((await send("PUT", `update/Meeting/${id}`, values)).id),
  },
  "bulk-create": {
    path: (field) => `records[1].${field}`,
    send: async (values) => {
      const records = [{ name: "y" }, { name: "x", ...values }];
      return ((await send("POST", "bulk-create/Meeting", { records })).ids as number[])[1] ?? 0;
    },
  },
  "bulk-update": {
    path: (field) => `values.${field}`,
    send: async (values, id) =>
      ((await send("PUT", "bulk-update/Meeting", { ids: [id], values })).ids as number[])[0] ?? 0,
  },
  "nested create": {
    path: (field) => `parts[0].${field}`,
    isPart: true,
    send: async (values) => {
      const body = { name: "x", parts: [{ name: "p", ...values }] };
      const { parts } = await send("POST", "create/Meeting?fields=parts", body);
      return (parts as { id: number }[])[0]?.id ?? 0;
    },
  },
  "nested update": {
    path: (field) => `parts[0].${field}`,
    isPart: true,
    send: async (values, id, part) => {
      await send("PUT", `update/Meeting/${id}`, { parts: [["U", part, values]] });
      return part;
    },
  },
  clone: {
    path: (field) => field,
    send: async (values, id) => Number((await send("POST", "clone/Meeting", { id, values })).id),
  },
};

const days: readonly [value: unknown, stored: string | null][] = [
  ["2024-02-29", "2024-02-29"],
  ["0001-01-01", "0001-01-01"],
  ["9999-12-31", "9999-12-31"],
  ["1900-02-28", "1900-02-28"],
  ...[
    "2024-02-30",
    "2023-02-29",
    "1900-02-29",
    "2024-00-10",
    "2024-13-01",
    "2024-01-00",
    "2024-04-31",
    "0000-01-01",
    "-0001-01-01",
    "10000-01-01",
    "275760-09-13",
    "+002024-01-01",
    "24-01-01",
    "2024-1-1",
    "2024/01/01",
    "01.02.2024",
    "20240101",
    "2024-W01-1",
    "2024-01-01T00:00:00Z",
    "2024-01-01 ",
    " 2024-01-01",
    "2024-01-01\0",
    "२०२४-०१-०१",
    "today",
    "now",
    "infinity",
    "epoch",
    "BC",
    20240101,
    1.7e12,
    Number.MAX_SAFE_INTEGER,
    true,
    [],
    ["2024-01-01"],
    {},
    { year: 2024 },
  ].map((value): [unknown, null] => [value, null]),
];
const instants: readonly [value: unknown, stored: string | null][] = [
  ["2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59.999Z"],
  ["2024-06-15T10:00:00", "2024-06-15T10:00:00.000Z"],
  ["2024-06-15 10:00", "2024-06-15T10:00:00.000Z"],
  ["2024-06-15T10:00:00+02:00", "2024-06-15T08:00:00.000Z"],
  ["2024-06-15T10:00:00.123456789Z", "2024-06-15T10:00:00.123Z"],
  // In a gap of some zones' clocks: an offset, or its absence, leaves no doubt which instant is meant.
  ["2024-03-31T02:30:00", "2024-03-31T02:30:00.000Z"],
  ["2024-03-31T02:30:00+01:00", "2024-03-31T01:30:00.000Z"],
  ["2024-10-27T02:30:00+02:00", "2024-10-27T00:30:00.000Z"],
  ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
  ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ...[
    "2024-02-30T00:00:00Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T23:60:00Z",
    "2016-12-31T23:59:60Z",
    "2024-01-01T25:00:00Z",
    "2024-01-01T10:00:00+25:00",
    "2024-01-01T10:00:00+01:60",
    "2024-01-01T10:00:00 Europe/Berlin",
    "2024-01-01T10:00:00[Europe/Berlin]",
    "2024-01-01T10:00:00EST",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "0000-06-01T00:00:00Z",
    "+275760-09-13T00:00:00Z",
    "2024-01-01",
    "10:00:00",
    "now",
    "infinity",
    1718445600,
    1718445600000,
    true,
    [],
    {},
  ].map((value): [unknown, null] => [value, null]),
];
const rows = [
  ...days.map(([value, stored]) => ["day", value, stored] as const),
  ...instants.map(([value, stored]) => ["begins", value, stored] as const),
];

describe.each(Object.entries(places))("%s", (_name, { path, send: write, isPart }) => {
  let meeting: number;
  let part: number;
  beforeAll(async () => {
    meeting = await admin.create("Meeting", { name: "Kept", day: "2020-01-01", parts: [{ name: "p" }] });
    const { parts } = await admin.read("Meeting", meeting, "parts");
    part = (parts as { id: number }[])[0]?.id ?? 0;
  });

  test.each(rows)("%s %j: %s", async (field, value, stored) => {
    const count = await admin.count("Meeting", "Q()");
    const written = write({ [field]: value }, meeting, part);
    if (stored !== null) {
      const model = isPart === true ? "MeetingPart" : "Meeting";
      expect(await admin.read(model, await written, field)).toMatchObject({ [field]: stored });
      return;
    }
    const message = field === "day" ? /must be a d(ate|ay)/ : /must (be a d|have a|lie in)/;
    await expect(written).rejects.toMatchObject({
      status: 400,
      json: { error: "ValidationError", fields: [{ path: path(field), message: expect.stringMatching(message) }] },
    });
    expect(await admin.count("Meeting", "Q()")).toBe(count);
  });
});

test("inputs of methods are read like values of records", async () => {
  const echo = (inputs: object) => send("POST", "execute/Meeting/echo", { request_body: { inputs } });
  for (const [field, value, stored] of rows) {
    const answer = echo({ [field]: value });
    if (stored !== null) expect(await answer).toMatchObject({ result: { [field]: stored } });
    else
      await expect(answer, String(value)).rejects.toMatchObject({ status: 400, json: { fields: [{ path: field }] } });
  }
});
