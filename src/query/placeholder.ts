/**
 * Placeholders in the JSON text of an answer, where a value belongs that is calculated in process. The text is not parsed for
 * that, so that exact decimals beside it stay as they are.
 */
import { randomBytes } from "node:crypto";
import type { CalculatedField } from "../models/model.ts";
import { quoteLiteral } from "../sql/fragment.ts";
import type { Frame } from "./frame.ts";

/** Nobody outside this process can write a text that looks like a placeholder. */
const SECRET = randomBytes(18).toString("base64url");
const PLACEHOLDER = new RegExp(`"${SECRET} ([A-Za-z0-9]+) ([a-z0-9_]+) ([0-9]+)"`, "g");

/** Which value belongs in the place. */
export interface Placeholder {
  readonly model: string;
  readonly field: string;
  readonly id: number;
}

/** The expression that prints a placeholder for a calculated field. */
export function placeholderExpression(frame: Frame, { name }: CalculatedField): string {
  return `${quoteLiteral(`${SECRET} ${frame.model.name} ${name} `)} || ${frame.column("id")}`;
}

/** Whether a statement prints placeholders. */
export function printsPlaceholders(statement: string): boolean {
  return statement.includes(SECRET);
}

/** The placeholders of a text. */
export function findPlaceholders(text: string): Placeholder[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, model = "", field = "", id]) => ({ model, field, id: Number(id) }));
}

/** Puts JSON texts in the places. */
export function fillPlaceholders(text: string, textOf: (placeholder: Placeholder) => string): string {
  return text.replace(PLACEHOLDER, (_, model: string, field: string, id: string) =>
    textOf({ model, field, id: Number(id) }),
  );
}
