/** The text form: rows of filters with their trees, and of faults with their messages. */
import { describe, expect, test } from "vitest";
import { ValidationError } from "../errors.ts";
import { parseDateExpression } from "./date-expression.ts";
import { lookupNames } from "./lookup.ts";
import { parseQ } from "./parse-text.ts";
import { and, condition, decimal, group, type Literal, name, not, or, type Q } from "./tree.ts";

const a = group([condition(["a"], "eq", 1, "a")]);
const b = group([condition(["b"], "eq", 2, "b")]);
const c = group([condition(["c"], "eq", 3, "c")]);

describe("structure", () => {
  test.each<[text: string, tree: Q]>([
    ["Q()", group([])],
    [" \t\r\nQ ( ) ", group([])],
    ["Q(a=1)", a],
    ["Q ( a = 1 )", a],
    ["(((Q(a=1))))", a],
    ["Q(Q(a=1))", a],
    ["Q(a=1, b=2)", group([...a.conditions, ...b.conditions])],
    ["Q(a=1) & Q(b=2)", and([a, b])],
    ["Q(a=1)|Q(b=2)", or([a, b])],
    ["Q(a=1) | Q(b=2) & Q(c=3)", or([a, and([b, c])])],
    ["(Q(a=1) | Q(b=2)) & Q(c=3)", and([or([a, b]), c])],
    ["(Q(a=1) & Q(b=2)) & Q(c=3)", { kind: "and", items: [a, b, c] }],
    ["Q(a=1) | (Q(b=2) | Q(c=3))", { kind: "or", items: [a, b, c] }],
    ["~Q(a=1) & Q(b=2)", and([not(a), b])],
    ["~~Q(a=1)", not(not(a))],
    ["~(Q(a=1) | Q(b=2))", not(or([a, b]))],
    ["Q(Q(a=1) | Q(b=2), c=3)", and([c, or([a, b])])],
    ["Q(a=1, ~Q(b=2), (Q(c=3)))", and([a, not(b), c])],
    ["Q(~Q(a=1))", not(a)],
  ])("%s", (text, tree) => {
    expect(parseQ(text)).toEqual(tree);
  });

  test("trees are frozen through and through", () => {
    const isFrozen = (value: unknown): boolean =>
      typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(parseQ('Q(a=1) & ~(Q(b__in=[1, None], d=D("today-1d")) | Q(u=uid, e=1e400))'))).toBe(true);
  });
});

describe("paths and lookups", () => {
  test.each<[text: string, path: string[], lookup: string]>([
    ["name", ["name"], "eq"],
    ["name__eq", ["name"], "eq"],
    ["a__b__c", ["a", "b", "c"], "eq"],
    ["a.b.c", ["a", "b", "c"], "eq"],
    ["a.b__c__gte", ["a", "b", "c"], "gte"],
    ["first_name__gte", ["first_name"], "gte"],
    ["a1_2_b", ["a1_2_b"], "eq"],
    ["name_", ["name_"], "eq"],
    ["gte", ["gte"], "eq"],
    ["gte__gte", ["gte"], "gte"],
    ["a__gte__gte", ["a", "gte"], "gte"],
    ["a__gte__eq", ["a", "gte"], "eq"],
    ["a.gte", ["a", "gte"], "eq"],
    ["a__like", ["a", "like"], "eq"],
    ["constructor", ["constructor"], "eq"],
  ])("%s", (source, path, lookup) => {
    expect(parseQ(`Q(${source}=1)`)).toEqual({ kind: "group", conditions: [{ path, lookup, value: 1, source }] });
  });

  test.each(lookupNames)("%s is a lookup", (lookup) => {
    const value = /null/.test(lookup)
      ? "True"
      : /in$|between/.test(lookup) && !/contain/.test(lookup)
        ? "[1, 2]"
        : "'x'";
    expect(parseQ(`Q(a__${lookup}=${value})`)).toMatchObject({ conditions: [{ path: ["a"], lookup }] });
  });

  test.each([
    "_a",
    "a___b",
    "a__",
    "a.",
    ".a",
    "a..b",
    "a__.b",
    "a.__b",
    "Name",
    "nAme",
    "a__B",
    "__proto__",
    "1a",
    "a__1b",
  ])("%s is no path", (path) => {
    expect(() => parseQ(`Q(${path}=1)`)).toThrow(ValidationError);
  });
});

const text17 = "12345678901234567";

describe("values", () => {
  test.each<[text: string, value: Literal]>([
    ["'x'", "x"],
    ['"x"', "x"],
    ["''", ""],
    ['"it\'s"', "it's"],
    [String.raw`'a\\b\'c\"d\n\r\te\u00e9\u00E9'`, "a\\b'c\"d\n\r\teéé"],
    [String.raw`'\ud83d\ude00'`, "😀"],
    ["'😀 \u202e \u0001'", "😀 \u202e \u0001"],
    ["'Q(a=1) & ~('", "Q(a=1) & ~("],
    ["0", 0],
    ["-0", 0],
    ["-0.0e5", 0],
    ["12", 12],
    ["-1.5", -1.5],
    ["1e3", 1000],
    ["1.5E-2", 0.015],
    ["1e+2", 100],
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ["9007199254740992", decimal("9007199254740992")],
    ["0.123456789012345", 0.123456789012345],
    ["0.1234567890123456", decimal("0.1234567890123456")],
    ["100.000000000000000000", 100],
    [text17, decimal(text17)],
    [`${text17}.0`, decimal(`${text17}.0`)],
    ["1e400", decimal("1e400")],
    ["1e-400", decimal("1e-400")],
    ["1e300", decimal("1e300")],
    ["9".repeat(1000), decimal("9".repeat(1000))],
    ["True", true],
    ["true", true],
    ["False", false],
    ["false", false],
    ["uid", name("uid")],
    ["cid", name("cid")],
    ["company_id", name("company_id")],
    ["contact_id", name("contact_id")],
    ['D("today-7d")', { kind: "date", text: "today-7d", expression: parseDateExpression("today-7d") }],
    ["D ( 'now' )", { kind: "date", text: "now", expression: parseDateExpression("now") }],
  ])("%s", (text, value) => {
    expect(parseQ(`Q(a=${text})`)).toEqual(group([condition(["a"], "eq", value, "a")]));
  });

  test.each<[text: string, value: Literal]>([
    ["[]", []],
    ["()", []],
    ["[1]", [1]],
    ["(1,)", [1]],
    ["[1, 'x', None, null, True, uid, -1.5,]", [1, "x", null, null, true, name("uid"), -1.5]],
    ["cids", name("cids")],
  ])("in %s", (text, value) => {
    expect(parseQ(`Q(a__in=${text})`)).toEqual(group([condition(["a"], "in", value, "a__in")]));
  });

  test.each([
    ["a=None", "isnull", true],
    ["a__eq=null", "isnull", true],
    ["a__neq=None", "isnotnull", true],
    ["a__isnull=False", "isnull", false],
    ["a__isnotnull=false", "isnotnull", false],
  ])("%s", (text, lookup, value) => {
    const source = text.slice(0, text.indexOf("="));
    expect(parseQ(`Q(${text})`)).toEqual({ kind: "group", conditions: [{ path: ["a"], lookup, value, source }] });
  });
});

describe("faults say where and what", () => {
  test.each<[text: string, message: string]>([
    ["", 'column 1: expected "Q(", "(" or "~", found the end'],
    ["   ", "column 4: expected"],
    ["active=True", 'column 1: expected "Q(", "(" or "~", found "a"'],
    ["Q", 'column 2: expected "(" after "Q", found the end'],
    ["q(a=1)", "column 1: expected"],
    ["Q(a=1", 'column 6: expected "," or ")", found the end'],
    ["Q(a=1))", 'column 7: expected "&", "|" or the end, found ")"'],
    ["Q(a=1) Q(b=2)", 'column 8: expected "&", "|" or the end, found "Q"'],
    ["Q(a=1) &", "column 9: expected"],
    ["Q(a=1) && Q(b=2)", 'column 9: expected "Q(", "(" or "~", found "&"'],
    ["Q(a=1) and Q(b=2)", 'column 8: expected "&", "|" or the end, found "a"'],
    ["()", "column 2: expected"],
    ["(Q(a=1)", 'column 8: expected "&", "|" or ")", found the end'],
    ["Q(a=1,)", "column 7: expected a condition"],
    ["Q(,a=1)", "column 3: expected a condition"],
    ["Q(a=1 & b=2)", 'column 7: expected "," or ")", found "&"'],
    ["Q(a==1)", 'column 5: expected a value, found "="'],
    ["Q(a>1)", 'column 4: expected "=" after "a", found ">"'],
    ["Q(a)", 'column 4: expected "=" after "a", found ")"'],
    ["Q(a=)", 'column 5: expected a value, found ")"'],
    ["Q(a=1x)", 'column 6: expected "," or ")", found "x"'],
    ["Q(Name=1)", "column 3: expected a condition"],
    ["Q(a__B=1)", 'column 3: "a__B" is not a path'],
    ["Q(__proto__=1)", 'column 3: "__proto__" is not a path'],
    ["Q(а=1)", 'column 3: expected a condition such as name="x", "Q(", "(" or "~", found "а"'],
    ["Q(a=draft)", 'column 5: "draft" is not a value: text needs quotes'],
    ["Q(a=d('today'))", 'column 5: "d" is not a value'],
    ["Q(a=+1)", 'column 5: expected a value, found "+"'],
    ["Q(a=.5)", 'column 5: ".5" is not a value'],
    ["Q(a=1.)", 'column 5: expected a digit after "."'],
    ["Q(a=-)", 'column 5: expected a digit after "-"'],
    ["Q(a=007)", "column 5: a number has no leading zeros"],
    ["Q(a=1e)", "column 5: expected the digits of an exponent"],
    ["Q(a=1e1001)", "column 5: an exponent is at most 1000"],
    [`Q(a=1e${"9".repeat(400)})`, "column 5: an exponent is at most 1000"],
    [`Q(a=${"9".repeat(1001)})`, "column 5: a number has at most 1000 characters"],
    ["Q(a=NaN)", 'column 5: "NaN" is not a value'],
    ["Q(a=Infinity)", 'column 5: "Infinity" is not a value'],
    ["Q(a=0x10)", 'column 6: expected "," or ")", found "x"'],
    ["Q(a='x)", "column 5: this text has no closing quote"],
    ["Q(a='x\\", "column 7: unknown escape"],
    ["Q(a='x\\')", "column 5: this text has no closing quote"],
    [String.raw`Q(a='\x41')`, "column 6: unknown escape"],
    [String.raw`Q(a='\u12')`, "column 6: unknown escape"],
    [String.raw`Q(a='\u00zz')`, "column 6: unknown escape"],
    [String.raw`Q(a='\U0041')`, "column 6: unknown escape"],
    ["Q(a='\0')", "column 5: text must not contain the NUL character"],
    [String.raw`Q(a='x\u0000')`, "column 5: text must not contain the NUL character"],
    ["Q(a='\ud83d')", "column 5: text must not contain half of a surrogate pair"],
    [String.raw`Q(a='\ude00\ud83d')`, "column 5: text must not contain half of a surrogate pair"],
    ["Q(a=\ud83d)", 'column 5: expected a value, found "\\ud83d"'],
    ["Q(a=1)\0", 'column 7: expected "&", "|" or the end, found "\\u0000"'],
    ["Q(a=D)", 'column 6: expected "(" after "D", found ")"'],
    ["Q(a=D(today))", "column 7: expected quoted text"],
    ["Q(a=D('today')", 'column 15: expected "," or ")", found the end'],
    ["Q(a=D('today'", 'column 14: expected ")", found the end'],
    ["Q(a=D('2024-02-30'))", 'column 7: D("2024-02-30"): there is no day 30 in 2024-02'],
    ["Q(a__in=[[1]])", "column 10: a list cannot contain a list"],
    ["Q(a__in=[(1)])", "column 10: a list cannot contain a list"],
    ["Q(a__in=[cids])", "column 10: cids is a list already"],
    ["Q(a__in=[gids])", "column 10: gids is a list already"],
    ["Q(a__in=[1 2])", 'column 12: expected "," or "]", found "2"'],
    ["Q(a__in=[1)", 'column 11: expected "," or "]", found ")"'],
    ["Q(a__in=(1])", 'column 11: expected "," or ")", found "]"'],
    ["Q(a__in=[,])", 'column 10: expected a value, found ","'],
    ["Q(a__in=[1,,2])", 'column 12: expected a value, found ","'],
    ["Q(a__in=1)", 'column 9: "in" takes a list such as [1, 2]'],
    ["Q(a__nin=uid)", 'column 10: "nin" takes a list'],
    ["Q(a=[1])", 'column 5: "eq" takes one value, not a list'],
    ["Q(a__gt=cids)", 'column 9: "gt" takes one value, not a list'],
    ["Q(a__gt=None)", 'column 9: "gt" cannot compare with None'],
    ["Q(a__isnull=1)", 'column 13: "isnull" takes True or False'],
    ["Q(a__isnotnull='True')", 'column 16: "isnotnull" takes True or False'],
    ["Q(a__between=[1])", 'column 14: "between" takes a list of two values'],
    ["Q(a__between=[1,2,3])", 'column 14: "between" takes a list of two values'],
    ["Q(a__between=[1,None])", 'column 14: "between" takes a list of two values, none of them None'],
    ["Q(a__between=cids)", 'column 14: "between" takes a list of two values'],
    ["Q(a__contains=1)", 'column 15: "contains" takes text'],
    ["Q(a__icontains=None)", 'column 16: "icontains" takes text'],
    ["Q(a__startswith=['x'])", 'column 17: "startswith" takes text'],
  ])("%j", (text, message) => {
    expect(() => parseQ(text)).toThrow(ValidationError);
    expect(() => parseQ(text)).toThrow(`Filter, ${message}`);
  });

  test("a message shows only the start of a long name", () => {
    const long = `Q(${"A".repeat(10)}${"a".repeat(60_000)}=1)`;
    const longKey = `Q(a__A${"a".repeat(60_000)}=1)`;
    for (const text of [long, longKey]) {
      expect(() => parseQ(text)).toThrow(expect.objectContaining({ message: expect.stringMatching(/^.{20,250}$/s) }));
    }
  });
});
