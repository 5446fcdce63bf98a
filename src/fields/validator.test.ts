/** The ready-made validators: what each lets pass, and that none takes longer than the length of a value asks for. */
import { expect, test } from "vitest";
import { emailAddress, matching, notNegative, positive, timeZone, webAddress } from "./validator.ts";

type Row = readonly [
  name: string,
  validate: (value: string) => string | null,
  fine: readonly string[],
  wrong: readonly string[],
];

const rows: readonly Row[] = [
  [
    "emailAddress",
    emailAddress,
    ["", "a@example.com", "a.b+c@xn--bcher-kva.example", "ä@bücher.example", "a@b.c", `${"a".repeat(64)}@b.example`],
    ["a", "@b.c", "a@", "a@b", "a@@b.c", "a b@c.d", "a@b..c", "a@-b.c", "a@b.c\n", "<a@b.c>", `${"a".repeat(65)}@b.c`],
  ],
  [
    "webAddress",
    webAddress,
    ["", "https://example.com", "http://localhost:8000/a?b#c"],
    ["example.com", "javascript:alert(1)", "ftp://a", "https://", "http://a b", " https://a"],
  ],
  ["matching", matching(/[A-Z]{3}|x/, "no"), ["ABC", "x"], ["", "ABCD", "xx", "abc", "ABC\n"]],
  ["matching, with flags", matching(/[a-z]+$/gimy, "no"), ["abc", "ABC", "abc"], ["abc\ndef", "abc\n"]],
  ["positive", positive, ["1", "0.000001"], ["0", "0.00", "-1"]],
  ["notNegative", notNegative, ["1", "0.00"], ["-0.01"]],
  [
    "timeZone",
    timeZone,
    ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"],
    ["", "Berlin", "Europe/Nowhere", "+02:00", "-0500", "../../etc/passwd"],
  ],
];

test.each(rows)("%s", (_name, validate, fine, wrong) => {
  for (const value of fine) expect([value, validate(value)]).toEqual([value, null]);
  for (const value of wrong) expect([value, validate(value)]).toEqual([value, expect.any(String)]);
});

test("a long value is answered like a short one", () => {
  // Were any of these patterns to backtrack, the test would never end.
  const long = [
    `${"a".repeat(200_000)}@`,
    `a@${"a.".repeat(200_000)}`,
    `https://${"a".repeat(200_000)} `,
    "@".repeat(200_000),
  ];
  for (const value of long)
    for (const [, validate] of rows.slice(0, 3)) expect(validate(value)).toEqual(expect.any(String));
});
