/** Reads YAML as plain data, and checks the keys of its mappings. */
import { LineCounter, parseDocument } from "yaml";

/** A mapping of a YAML file. */
export type YamlMap = Readonly<Record<string, unknown>>;

/**
 * Parses a YAML text.
 *
 * @param file for messages
 * @param problems one line is added to it for each mistake
 * @returns plain data; undefined when there were mistakes
 */
export function parseYaml(text: string, file: string, problems: string[]): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  for (const error of [...document.errors, ...document.warnings]) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    problems.push(`${file}:${line}:${col} is not valid YAML: ${error.message}`);
  }
  if (document.errors.length + document.warnings.length > 0) return undefined;
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    problems.push(`${file} is not valid YAML: ${error.message}`); // an alias without its anchor, or too many
    return undefined;
  }
}

/** What a key must hold. */
export type KeyCheck = (value: unknown) => string | null;

/** Key -> what it must hold; `optional` keys may be left out. */
export type KeyTable = Readonly<Record<string, { readonly check: KeyCheck; readonly optional?: boolean }>>;

/**
 * Checks that a value is a mapping with the keys of a table and no others.
 *
 * @param place names the mapping in messages
 * @param problems one line is added to it for each key that is wrong, missing or unknown
 */
export function checkKeys(value: unknown, table: KeyTable, place: string, problems: string[]): value is YamlMap {
  if (!isMap(value)) {
    problems.push(`${place}: must be a mapping with the keys ${Object.keys(table).join(", ")}`);
    return false;
  }
  const found: string[] = [];
  for (const [key, { check, optional }] of Object.entries(table)) {
    if (!Object.hasOwn(value, key)) {
      if (optional !== true) found.push(`${place}: ${key} is missing`);
      continue;
    }
    const problem = check(value[key]);
    if (problem !== null) found.push(`${place}: ${key} ${problem}`);
  }
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(table, key)) {
      found.push(`${place}: ${key} is not a key; there are ${Object.keys(table).join(", ")}`);
    }
  }
  problems.push(...found);
  return found.length === 0;
}

/** Whether a value of YAML is a mapping. */
export function isMap(value: unknown): value is YamlMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text of a form. */
export function textOf(form: RegExp, words: string): KeyCheck {
  return (value) => (typeof value === "string" && form.test(value) ? null : `must be ${words}`);
}

/** A list of texts of a form, each once. */
export function listOf(form: RegExp, words: string): KeyCheck {
  return (value) => {
    if (!Array.isArray(value)) return `must be a list of ${words}`;
    const wrong = value.find((item) => typeof item !== "string" || !form.test(item));
    if (wrong !== undefined) return `must be a list of ${words}; ${JSON.stringify(wrong)} is none`;
    const twice = value.find((item, index) => value.indexOf(item) !== index);
    return twice === undefined ? null : `has ${JSON.stringify(twice)} twice`;
  };
}
