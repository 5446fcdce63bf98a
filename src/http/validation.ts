/** Checks requests against the schemas of the contract and says in people's words what is wrong, all of it at once. */
import { Ajv2020, type ErrorObject, type Options } from "ajv/dist/2020.js";
import type { TSchema } from "typebox";
import { sharedSchemas } from "../contract/schema.ts";
import { type FieldError, ValidationError } from "../errors.ts";
import { describeValue } from "../fields/text-value.ts";
import { suggestName } from "../query/suggestion.ts";

/** Checks a value; throws a ValidationError that names every wrong place. */
export type Check = (value: unknown) => void;

/** Errors that one answer lists. */
const MOST_ERRORS = 100;
/** A list longer than this is not searched for all of its errors: the first one must do. */
const LONG_LIST = 1000;

const options: Options = {
  strict: true,
  allowUnionTypes: true,
  verbose: true,
  formats: { password: true, binary: true },
  schemas: { ...sharedSchemas },
};
const first = new Ajv2020(options);
const all = new Ajv2020({ ...options, allErrors: true });

/**
 * Compiles a schema.
 *
 * @param subject how a message calls the value as a whole, such as `The body`
 */
export function compileCheck(schema: TSchema, subject: string): Check {
  const isValid = first.compile(schema);
  return (value) => {
    if (isValid(value)) return;
    throw ValidationError.ofFields(
      describeErrors(isLong(value) ? (isValid.errors ?? []) : allErrors(schema, value), subject),
    );
  };
}

function allErrors(schema: TSchema, value: unknown): ErrorObject[] {
  const isValid = all.compile(schema);
  isValid(value);
  return isValid.errors ?? [];
}

function isLong(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > LONG_LIST;
  if (typeof value !== "object" || value === null) return false;
  const members = Object.values(value);
  return members.length > LONG_LIST || members.some((member) => Array.isArray(member) && member.length > LONG_LIST);
}

function describeErrors(errors: readonly ErrorObject[], subject: string): FieldError[] {
  const described = errors.slice(0, MOST_ERRORS).map((error) => describeError(error));
  return described.map(({ path, message }) =>
    path === "" ? { path, message: `${subject} ${message}` } : { path, message },
  );
}

function describeError(error: ErrorObject): FieldError {
  const path = writtenPath(error.instancePath);
  const describe = wordings.get(error.keyword);
  const wording = describe?.(error) ?? { message: "is not valid" };
  return { path: joinPath(path, wording.member), message: wording.message };
}

interface Wording {
  /** The member of the value that the message is about, where it is not the value itself. */
  readonly member?: string;
  readonly message: string;
}

interface RangeSchema {
  readonly type?: string | readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** What each keyword of a schema means to people. A schema with another keyword would get no words, so a test lists them. */
export const wordings: ReadonlyMap<string, (error: ErrorObject) => Wording> = new Map<
  string,
  (error: ErrorObject) => Wording
>([
  [
    "type",
    (error) => ({
      message: `must be ${expected(error.parentSchema as RangeSchema)}, not ${describeValue(error.data)}`,
    }),
  ],
  ["minimum", (error) => ({ message: `must be ${expected(error.parentSchema as RangeSchema)}, not ${error.data}` })],
  ["maximum", (error) => ({ message: `must be ${expected(error.parentSchema as RangeSchema)}, not ${error.data}` })],
  [
    "minLength",
    ({ params }) => ({
      message: params.limit === 1 ? "must not be empty" : `must have at least ${params.limit} characters`,
    }),
  ],
  ["pattern", ({ params }) => ({ message: `must match ${params.pattern}` })],
  ["const", ({ params }) => ({ message: `must be ${JSON.stringify(params.allowedValue)}` })],
  ["minItems", ({ params }) => ({ message: `must have at least ${params.limit} items` })],
  ["uniqueItems", () => ({ message: "must not have the same item twice" })],
  ["exclusiveMinimum", ({ params }) => ({ message: `must be greater than ${params.limit}` })],
  ["exclusiveMaximum", ({ params }) => ({ message: `must be less than ${params.limit}` })],
  ["multipleOf", ({ params }) => ({ message: `must be a multiple of ${params.multipleOf}` })],
  ["anyOf", () => ({ message: "is none of what is allowed here" })],
  ["maxLength", ({ params }) => ({ message: `must have at most ${params.limit} characters` })],
  ["maxItems", ({ params }) => ({ message: `must have at most ${params.limit} items` })],
  ["enum", ({ params }) => ({ message: `must be one of ${(params.allowedValues as unknown[]).join(", ")}` })],
  ["required", ({ params }) => ({ member: String(params.missingProperty), message: "is required" })],
  ["additionalProperties", describeUnknown],
]);

function describeUnknown({ params, parentSchema }: ErrorObject): Wording {
  const name = String(params.additionalProperty).slice(0, 100);
  const known = Object.keys((parentSchema as RangeSchema).properties ?? {});
  const allowed = known.length === 0 ? "; nothing is" : suggestName(name, known).replace("; it has", "; known are");
  return { member: name, message: `is not known here${allowed}` };
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  null: "null",
};

/** What a schema takes: its types, with the range where it has one. */
function expected({ type = [], minimum, maximum, description }: RangeSchema): string {
  if (type === "null") return `null (${description})`;
  const names = [type].flat().map((each) => typeNames[each] ?? each);
  const kinds = names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  if (minimum === undefined) return kinds;
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? `${kinds}, ${minimum} or more`
    : `${kinds} from ${minimum} to ${maximum}`;
}

/** `/lines/3/price` -> `lines[3].price` */
function writtenPath(pointer: string): string {
  if (pointer === "") return "";
  const parts = pointer.slice(1).split("/");
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")).reduce(joinPath, "");
}

function joinPath(path: string, part: string | undefined): string {
  if (part === undefined) return path;
  if (/^\d+$/.test(part)) return `${path}[${part}]`;
  return path === "" ? part : `${path}.${part}`;
}
