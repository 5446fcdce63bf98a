/** A filter tree written back as text, in the one canonical spelling. */
import { type Condition, isList, type Literal, type Q } from "./tree.ts";

/**
 * Writes a filter as text that parses back to the same tree.
 *
 * Paths are joined by `__` and the lookup is always written; how the client spelt a path (`Condition.source`) is not kept.
 */
export function formatQ(q: Q): string {
  if (q.kind === "group") return `Q(${q.conditions.map(formatCondition).join(", ")})`;
  if (q.kind === "not") return `~${formatInner(q.item)}`;
  return q.items.map(formatInner).join(q.kind === "and" ? " & " : " | ");
}

function formatInner(q: Q): string {
  return q.kind === "and" || q.kind === "or" ? `(${formatQ(q)})` : formatQ(q);
}

function formatCondition(condition: Condition): string {
  return `${condition.path.join("__")}__${condition.lookup}=${formatLiteral(condition.value)}`;
}

function formatLiteral(literal: Literal): string {
  if (literal === null) return "None";
  if (literal === true) return "True";
  if (literal === false) return "False";
  if (typeof literal === "number") return String(literal);
  if (typeof literal === "string") return formatText(literal);
  if (isList(literal)) return `[${literal.map(formatLiteral).join(", ")}]`;
  if (literal.kind === "decimal") return literal.text;
  return literal.kind === "name" ? literal.name : `D(${formatText(literal.text)})`;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["'", "\\'"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

function formatText(text: string): string {
  let result = "'";
  for (const character of text) {
    const isControl = character < " " || character === "\u007f";
    result +=
      escapes.get(character) ?? (isControl ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : character);
  }
  return `${result}'`;
}
