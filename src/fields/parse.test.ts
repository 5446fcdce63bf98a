/** What each field type takes and what it makes of it, and what it refuses with which words. */
import { expect, test } from "vitest";
import { binary, file } from "./binary.ts";
import { boolean } from "./boolean.ts";
import { char, text } from "./char.ts";
import { date, datetime } from "./date.ts";
import { type ColumnField, ValueProblem } from "./field.ts";
import { json } from "./json.ts";
import { monetary } from "./monetary.ts";
import { float, integer } from "./number.ts";
import { password } from "./password.ts";
import { ManyToOneField } from "./relation.ts";
import { selection } from "./selection.ts";

interface TypeRow {
  readonly field: ColumnField;
  /** What is given, and what is bound. */
  readonly accepted: readonly (readonly [given: unknown, stored: unknown])[];
  /** What is given, and a part of the message. */
  readonly refused: readonly (readonly [given: unknown, message: string])[];
}

const hash = "a".repeat(64);
const description = { name: "offer.pdf", mimetype: "application/pdf", size: 12, hash };
const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
const unchanged = (...values: unknown[]) => values.map((value) => [value, value] as const);
const refusedWith = (message: string, ...values: unknown[]) => values.map((value) => [value, message] as const);
const noText = refusedWith("must be a text, not", 5, true, ["x"], { a: 1 });
const brokenText = [
  ["a\u0000b", "must not contain the NUL character"],
  ["a\ud800", "half of a surrogate pair"],
  ["\udc00a", "half of a surrogate pair"],
] as const;
const noWholeNumber = refusedWith("must be a whole number, not", "1 ", "1", "1e3", "", true, [], [1], {});
const beyondExact = "between -9007199254740991 and 9007199254740991";
const noNumeral = refusedWith(
  'must be a number or a numeral such as "12.50"',
  "1 ",
  " 1",
  "",
  "-",
  ".",
  "1,5",
  "1_000",
  "0x10",
  "NaN",
  "Infinity",
  "1e",
  "1e100",
  "\u0661",
  "1".repeat(1000),
  `0.${"1".repeat(1000)}`,
);
const noDecimal = [...noNumeral, ...refusedWith('must be a number or a numeral such as "12.50"', true, [], {}, null)];
const notFinite = refusedWith("must be a finite number", Number.NaN, Number.POSITIVE_INFINITY, JSON.parse("1e400"));
const noDate = refusedWith(
  "must be a date such as 2026-01-31",
  "2024-2-3",
  "20240203",
  "2024-02-03T00:00:00Z",
  "275760-09-13",
  "-001-01-01",
  "+2024-01-01",
  "2024-02-03\n",
  "today",
  "",
  0,
  true,
  [],
  {},
);
const noCalendarDay = [
  "2024-02-30",
  "2023-02-29",
  "1900-02-29",
  "2024-13-01",
  "2024-00-10",
  "2024-01-00",
  "0000-01-01",
];
const noInstant = refusedWith(
  "must be a date and time such as",
  "2024-02-03",
  "2024-02-03T10",
  "2024-02-03T10:00:00z",
  "2024-02-03T10:00:00.Z",
  "2024-02-03T10:00:00+2",
  "275760-09-13T00:00:00Z",
  "now",
  "",
  1_700_000_000,
  null,
  {},
);
const noTimeOfDay = ["2024-02-03T24:00:00Z", "2024-02-03T10:60:00Z", "2016-12-31T23:59:60Z", "2024-02-03T25:00"];

const rows: Readonly<Record<string, TypeRow>> = {
  Char: {
    field: char({ maxLength: 5 }),
    // A length counts characters: five emoji are ten UTF-16 units.
    accepted: unchanged("", "abcde", " a ", "😀😀😀😀😀", "a\u0301", "\u202eabc", "\u0001\n"),
    refused: [...noText, ...brokenText, ...refusedWith("must have at most 5 characters", "abcdef", "😀😀😀😀😀😀")],
  },
  "Char, required": { field: char({ required: true }), accepted: unchanged(" "), refused: [["", "must not be empty"]] },
  "Char, unless told": {
    field: char(),
    accepted: unchanged("x".repeat(255)),
    refused: [["x".repeat(256), "must have at most 255 characters"]],
  },
  Text: {
    field: text(),
    accepted: unchanged("", "\u0301".repeat(100_000), "a\r\nb\tc"),
    refused: [...noText, ...brokenText],
  },
  "Text, required": { field: text({ required: true }), accepted: [], refused: [["", "must not be empty"]] },
  Integer: {
    field: integer(),
    accepted: [...unchanged(0, -5, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER), [1e3, 1000], [-0, 0]],
    refused: [
      ...noWholeNumber,
      ...refusedWith(beyondExact, 1.5, 2 ** 53, -(2 ** 53), 2 ** 63, Number.NaN, Number.NEGATIVE_INFINITY),
    ],
  },
  Float: {
    field: float(),
    accepted: [
      ...unchanged(0.1, -1.5, 5e-324, 1.7976931348623157e308, 1e30),
      ["0.1", 0.1],
      ["1e30", 1e30],
      [-0, 0],
      ["-0", 0],
    ],
    refused: [
      ...noNumeral,
      ...refusedWith("must be a number, not", Number.NaN, Number.POSITIVE_INFINITY, true, [], {}, null),
    ],
  },
  "Float with a precision": {
    field: float({ precision: 3 }),
    accepted: [
      [1, "1.000"],
      ["0.0005", "0.001"],
      ["-0.0005", "-0.001"],
      ["0.00049999999999999999999", "0.000"],
      ["-0.0001", "0.000"],
    ],
    refused: [...noDecimal, ...notFinite],
  },
  Monetary: {
    field: monetary(),
    accepted: [
      [0, "0.00"],
      [-0, "0.00"],
      ["-0", "0.00"],
      ["-0.004", "0.00"],
      [99.99, "99.99"],
      [0.1 + 0.2, "0.30"],
      [1.005, "1.01"],
      ["1.005", "1.01"],
      ["-1.005", "-1.01"],
      ["2.675", "2.68"],
      ["+5", "5.00"],
      ["+5e+1", "50.00"],
      ["5.", "5.00"],
      [".5", "0.50"],
      ["007", "7.00"],
      ["1e3", "1000.00"],
      [1e3, "1000.00"],
      ["1.5E-1", "0.15"],
      ["123456789012345678901234.56", "123456789012345678901234.56"],
      [9999999999999.99, "9999999999999.99"],
    ],
    refused: [
      ...noDecimal,
      ...notFinite,
      ...refusedWith("send it as a text", 2 ** 53, JSON.parse("12345678901234567"), 99999999999999.98, 1e21),
      ...refusedWith("must be smaller than 10^24", "1e24", "-1e24", "1e99"),
    ],
  },
  "Monetary of three decimals": { field: monetary({ decimals: 3 }), accepted: [["1.0005", "1.001"]], refused: [] },
  "Monetary of no decimals": { field: monetary({ decimals: 0 }), accepted: [["-1.5", "-2"]], refused: [] },
  Boolean: {
    field: boolean(),
    accepted: unchanged(true, false),
    refused: refusedWith("must be true or false, not", 0, 1, "true", "", [], {}, null),
  },
  Date: {
    field: date(),
    accepted: unchanged("2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"),
    refused: [...noDate, ...refusedWith("must be a day that the calendar has", ...noCalendarDay)],
  },
  Datetime: {
    field: datetime(),
    accepted: [
      ["2024-02-29T10:00:00Z", "2024-02-29T10:00:00.000Z"],
      ["2024-02-29T10:00:00", "2024-02-29T10:00:00.000Z"],
      ["2024-02-29 10:00", "2024-02-29T10:00:00.000Z"],
      ["2024-02-29T10:00:00.123456789Z", "2024-02-29T10:00:00.123Z"],
      ["2024-02-29T10:00:00.5Z", "2024-02-29T10:00:00.500Z"],
      ["2024-01-01T00:30:00+02:00", "2023-12-31T22:30:00.000Z"],
      ["2024-01-01T00:30:00-0330", "2024-01-01T04:00:00.000Z"],
      ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
      ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
      // In Berlin this hour does not exist; with an offset the instant does.
      ["2024-03-31T02:30:00+01:00", "2024-03-31T01:30:00.000Z"],
    ],
    refused: [
      ...noInstant,
      ...refusedWith("must have a time of day", ...noTimeOfDay),
      ...refusedWith("must be a day that the calendar has", "2024-02-30T10:00:00Z", "0000-01-01T00:00:00Z"),
      ...refusedWith("must have an offset such as", "2024-02-03T10:00:00+99:99", "2024-02-03T10:00:00+24:00"),
      ...refusedWith("must lie in the years", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"),
    ],
  },
  Selection: {
    field: selection({ draft: "Draft", done: "Done" }),
    accepted: unchanged("draft", "done"),
    refused: [
      ...noText,
      ...refusedWith("must be one of draft, done", "", "Draft", "doen", "__proto__", "toString", "constructor"),
    ],
  },
  Binary: {
    field: binary({ maxSize: 4 }),
    accepted: [
      ["", Buffer.of()],
      ["AP8=", Buffer.of(0, 255)],
      ["++//", Buffer.of(0xfb, 0xef, 0xff)],
      ["AQIDBA==", Buffer.of(1, 2, 3, 4)],
    ],
    refused: [
      ...refusedWith(
        "must be bytes in base64",
        "AP8",
        "AP8==",
        "=",
        "====",
        "A===",
        "AP 8",
        "AP8=\n",
        "-_-_",
        "é===",
        5,
        [],
      ),
      ["AQIDBAU=", "must have at most 4 bytes"],
    ],
  },
  JSON: {
    field: json(),
    accepted: [
      [{ b: 1, a: [null, true, "x", { c: {} }] }, '{"b":1,"a":[null,true,"x",{"c":{}}]}'],
      [JSON.parse('{"__proto__":1,"constructor":2}'), '{"__proto__":1,"constructor":2}'],
      ["text", '"text"'],
      [0, "0"],
      [-0, "0"],
      [false, "false"],
      [[], "[]"],
      [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
      [nested(64), `${"[".repeat(64)}1${"]".repeat(64)}`],
    ],
    refused: [
      [nested(65), "must not be nested deeper than 64 levels"],
      [nested(5000), "must not be nested deeper than 64 levels"],
      ...brokenText,
      [{ "a\u0000": 1 }, "must not contain the NUL character"],
      [{ a: ["\ud800"] }, "half of a surrogate pair"],
      ...refusedWith("a number too large for JSON", JSON.parse('{"a":1e400}'), [Number.NaN]),
      ...refusedWith("nothing but what JSON can", new Date(), new Map(), 5n, { a: undefined }, [() => 1], Symbol("x")),
    ],
  },
  File: {
    field: file(),
    accepted: [
      [description, JSON.stringify(description)],
      [
        { ...description, name: "Angebot 2026 (ä).pdf", mimetype: "application/vnd.ms-excel_2" },
        JSON.stringify({ ...description, name: "Angebot 2026 (ä).pdf", mimetype: "application/vnd.ms-excel_2" }),
      ],
    ],
    refused: [
      ...refusedWith("must be an object with name, mimetype, size and hash", "x", 5, [], null),
      [{ ...description, path: "/etc" }, 'has no member "path"'],
      [{ ...description, name: undefined }, "name must be a text, not null"],
      ...refusedWith("name must be a plain file name", ...["", "../x", "a\\b", "a\nb", "x".repeat(256)].map(named)),
      [named("a\u0000"), "name must not contain the NUL character"],
      ...refusedWith(
        "mimetype must be a media type",
        ...["", "pdf", "text/", "text/html; charset=x", "a\r\nb/c"].map(typed),
      ),
      [{ ...description, mimetype: 5 }, "mimetype must be a text, not the number 5"],
      ...refusedWith("hash must be a SHA-256", ...["", "A".repeat(64), "a".repeat(63)].map(hashed)),
      ...refusedWith("size must be a number of bytes", ...[-1, 1.5, "12", 2 ** 53, undefined].map(sized)),
    ],
  },
  Password: {
    field: password(),
    accepted: unchanged("12345678", "correct horse", "é".repeat(512)),
    refused: [
      ...noText,
      ...brokenText.map(([given, message]) => [given, message] as const),
      ...refusedWith("must have at least 8 characters", "", "1234567", "😀😀😀😀"),
      ...refusedWith("must have at most 1024 bytes", "é".repeat(513), "x".repeat(1_000_000)),
    ],
  },
  ManyToOne: {
    field: new ManyToOneField("Contact", {}),
    accepted: [...unchanged(1, Number.MAX_SAFE_INTEGER), [{ id: 5 }, 5], [{ id: 5, display_name: "Office" }, 5]],
    refused: [
      ...refusedWith(
        "must be a record id",
        0,
        -1,
        1.5,
        2 ** 53,
        "1",
        "Office",
        true,
        [],
        [1],
        { id: "5" },
        {},
        Number.NaN,
      ),
      [{ id: 5, name: "x" }, 'takes {"id": ...} only, not "name"'],
      [JSON.parse('{"id":5,"__proto__":{}}'), 'takes {"id": ...} only, not "__proto__"'],
    ],
  },
};

function named(name: string): unknown {
  return { ...description, name };
}
function typed(mimetype: string): unknown {
  return { ...description, mimetype };
}
function hashed(text: string): unknown {
  return { ...description, hash: text };
}
function sized(size: unknown): unknown {
  return { ...description, size };
}

for (const [name, { field, accepted, refused }] of Object.entries(rows)) {
  test(`${name} takes what it should`, () => {
    for (const [given, stored] of accepted) expect(field.parse(given)).toStrictEqual(stored);
  });

  test(`${name} refuses the rest and says why`, () => {
    for (const [given, message] of refused) {
      const parse = () => field.parse(given);
      expect(parse, describe(given)).toThrow(ValueProblem);
      expect(parse, describe(given)).toThrow(message);
    }
  });
}

function describe(given: unknown): string {
  return typeof given === "string" ? JSON.stringify(given.slice(0, 50)) : typeof given;
}

test("operands of filters are not rounded and know no length", () => {
  expect(monetary().parseOperand("1.005")).toBe("1.005");
  expect(float({ precision: 1 }).parseOperand("1.05")).toBe("1.05");
  expect(char({ maxLength: 2 }).parseOperand("abc")).toBe("abc");
  expect(selection(["a"]).parseOperand("b")).toBe("b");
});

test("more choices join those that are there", () => {
  const field = selection(["draft", "in_progress"], { required: true }).withChoices({ lost: "Given up" });
  expect([...field.choices]).toEqual([
    ["draft", "Draft"],
    ["in_progress", "In progress"],
    ["lost", "Given up"],
  ]);
  expect(field.options.required).toBe(true);
});

test("a password is stored as a hash that is never the same", async () => {
  const field = password();
  const [first, second] = await Promise.all([field.conceal("correct horse"), field.conceal("correct horse")]);
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(first).not.toBe(second);
});
