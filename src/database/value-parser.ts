/** How the text that PostgreSQL sends becomes JavaScript values: exact or not at all. */
import pg, { type CustomTypesConfig } from "pg";

type Parser = (text: string) => unknown;

const BYTEA = 17;
const TEXT_ARRAY = 1009;

/** The driver's own parsers; its declarations list the scalar types only. */
const driverParser = pg.types.getTypeParser as (oid: number, format: "text") => Parser;
const parseBytea = driverParser(BYTEA, "text");
const parseTextArray = driverParser(TEXT_ARRAY, "text") as (text: string) => unknown[];

const asText: Parser = (text) => text;
const parseBoolean: Parser = (text) => text === "t";

/** @throws RangeError for an integer that a JavaScript number cannot hold exactly */
function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError("a bigint of the database is outside the range of exact numbers; select it as text");
  }
  return value;
}

function arrayOf(parse: Parser): Parser {
  const parseMember = (member: unknown): unknown => {
    if (Array.isArray(member)) {
      return member.map(parseMember);
    }
    return member === null ? null : parse(member as string);
  };
  return (text) => parseTextArray(text).map(parseMember);
}

/** Type oid, oid of its array type, parser. Types that are not here (dates, times, numeric, uuid, ...) stay text. */
const PARSERS: readonly (readonly [oid: number, arrayOid: number, parse: Parser])[] = [
  [16, 1000, parseBoolean],
  [BYTEA, 1001, parseBytea],
  [19, 1003, asText], // name
  [20, 1016, parseSafeInteger], // bigint
  [21, 1005, Number], // smallint
  [23, 1007, Number], // integer
  [25, TEXT_ARRAY, asText],
  [26, 1028, parseSafeInteger], // oid
  [114, 199, JSON.parse],
  [700, 1021, Number], // real
  [701, 1022, Number], // double precision
  [1042, 1014, asText], // char(n)
  [1043, 1015, asText], // varchar
  [1082, 1182, asText], // date
  [1114, 1115, asText], // timestamp
  [1184, 1185, asText], // timestamptz
  [1700, 1231, asText], // numeric
  [2950, 2951, asText], // uuid
  [3802, 3807, JSON.parse], // jsonb
];

const BY_OID = new Map<number, Parser>(
  PARSERS.flatMap(([oid, arrayOid, parse]): [number, Parser][] => [
    [oid, parse],
    [arrayOid, arrayOf(parse)],
  ]),
);

/** The parsers of one connection, in the form that the driver takes. */
export const valueParsers: CustomTypesConfig = {
  getTypeParser: (oid: number) => BY_OID.get(oid) ?? asText,
};
