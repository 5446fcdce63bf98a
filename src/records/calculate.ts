/** Calculates values that are not stored, and puts them into answers: in one batch for each model, whatever the rows. */
import { ValidationError } from "../errors.ts";
import { type ColumnField, ValueProblem } from "../fields/field.ts";
import type { RunningEnvironment } from "../fields/known-model.ts";
import type { Calculate } from "../models/behaviour.ts";
import { type CalculatedField, fieldOf, type Model, modelOf } from "../models/model.ts";
import type { Rendering } from "../query/compile-member.ts";
import { fillPlaceholders, findPlaceholders, type Placeholder } from "../query/placeholder.ts";
import type { SqlValue } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { loadTexts, type Paths } from "./calculate-load.ts";
import { textOf } from "./json-bytes.ts";

/**
 * Puts calculated values into the JSON text of an answer.
 *
 * @param env of the reader: what is calculated is calculated from what the reader may see, unless the field is elevated
 * @param json an answer that holds placeholders, in UTF-8
 */
export async function completeBytes(env: BaseEnvironment, json: Buffer, rendering: Rendering): Promise<Buffer> {
  const [completed] = await completeTexts(env, [textOf(json)], rendering);
  return completed === undefined ? json : Buffer.from(completed);
}

/** Puts calculated values into several texts at once. */
export async function completeTexts(
  env: BaseEnvironment,
  texts: readonly string[],
  rendering: Rendering,
): Promise<readonly string[]> {
  const wanted = new Map<string, Map<string, Set<number>>>();
  for (const { model, field, id } of texts.flatMap(findPlaceholders)) {
    const fields = wanted.get(model) ?? new Map<string, Set<number>>();
    wanted.set(model, fields);
    fields.set(field, (fields.get(field) ?? new Set()).add(id));
  }
  if (wanted.size === 0) return texts;
  const values = new Map<string, ReadonlyMap<number, string>>();
  for (const [name, fields] of wanted) {
    const model = modelOf(env.registry, name);
    const all = [...fields].map(([field, ids]) => ({ field: fieldOf(model, field) as CalculatedField, ids }));
    for (const elevated of [false, true]) {
      const part = all.filter(({ field }) => field.calculation.elevated === elevated);
      if (part.length > 0) await calculateFields(elevated ? env.elevated() : env, model, part, rendering, values);
    }
  }
  const textOf = ({ model, field, id }: Placeholder) => values.get(`${model}.${field}`)?.get(id) ?? "null";
  return texts.map((text) => fillPlaceholders(text, textOf));
}

/** Calculates fields of one model for their records, with one statement for all that they depend on. */
async function calculateFields(
  env: BaseEnvironment,
  model: Model,
  wanted: readonly { readonly field: CalculatedField; readonly ids: ReadonlySet<number> }[],
  rendering: Rendering,
  values: Map<string, ReadonlyMap<number, string>>,
): Promise<void> {
  const ids = [...new Set(wanted.flatMap((each) => [...each.ids]))];
  const rows = await loadBatch(
    env,
    model,
    ids,
    wanted.map(({ field }) => field.calculation.paths),
  );
  for (const [index, { field, ids: own }] of wanted.entries()) {
    const there = [...own].filter((id) => rows.has(id));
    const records = there.map((id) => rows.get(id)?.[index] as object);
    const results = await runCalculation(env, model, field.name, field.calculation.calculate, records);
    const texts = results.map((value, place): [number, string] => [
      there[place] as number,
      printCalculated(field, value, records[place] ?? {}, rendering),
    ]);
    values.set(`${model.name}.${field.name}`, new Map(texts));
  }
}

/**
 * Loads records in one statement for each level of calculated fields that the paths lead to.
 *
 * @param env decides what is seen behind relations
 * @param parts the paths of each function, which are known to be right
 * @returns id -> what each function gets, in the order of `parts`; records that are not there are missing
 */
export async function loadBatch(
  env: BaseEnvironment,
  model: Model,
  ids: readonly number[],
  parts: readonly Paths[],
): Promise<ReadonlyMap<number, readonly object[]>> {
  const rows = await loadTexts(env, model, ids, parts);
  const texts = rows.flatMap((row) => parts.map((_, index) => row[`p${index}`] ?? "null"));
  const completed = await completeTexts(env, texts, "codeExpression");
  return new Map(
    rows.map(({ id }, index) => {
      const own = completed.slice(index * parts.length, (index + 1) * parts.length);
      return [id, own.map((text) => JSON.parse(text) as object)];
    }),
  );
}

/**
 * Runs the function of a calculated field.
 *
 * @throws Error when it does not give one value for each record: the module is wrong, not the request
 */
export async function runCalculation(
  env: BaseEnvironment,
  model: Model,
  name: string,
  calculate: Calculate,
  records: readonly object[],
): Promise<readonly unknown[]> {
  // Every environment that code runs in is one of which models can be asked.
  const running = env as RunningEnvironment;
  const values: unknown = records.length === 0 ? [] : await calculate(records as readonly never[], running);
  if (Array.isArray(values) && values.length === records.length) return values;
  const got = Array.isArray(values) ? `${values.length}` : "no list";
  throw new Error(
    `${model.name}.${name}: its calculation must give ${records.length} values, one for each record, not ${got}`,
  );
}

/**
 * Checks a calculated value and converts it to what is stored.
 *
 * @param record what the function got
 * @throws ValidationError at the field where the value does not fit it: it is made of what people have written
 */
export function parseCalculated(name: string, field: ColumnField, value: unknown, record: object): SqlValue {
  try {
    if (value !== null && value !== undefined) return field.settle(field.parse(value), record);
    if (field.options.required === true) throw new ValueProblem("must not be empty");
    return null;
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    throw ValidationError.ofFields([{ path: name, message: `its calculated value ${error.message}` }]);
  }
}

function printCalculated(
  { name, field }: CalculatedField,
  value: unknown,
  record: object,
  rendering: Rendering,
): string {
  const parsed = parseCalculated(name, field, value, record);
  if (parsed === null) return "null";
  return rendering === "wireExpression" ? field.wireText(parsed) : field.codeText(parsed);
}
