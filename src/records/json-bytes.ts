/** JSON texts as they are sent: in UTF-8. */
import { isAscii } from "node:buffer";

/** An answer: JSON text, or the same in UTF-8 already. */
export type JsonAnswer = string | Buffer;

/** The text, for code that looks into it. Most is ASCII, of which the engine makes a text many times sooner. */
export function textOf(json: Buffer): string {
  return json.toString(isAscii(json) ? "latin1" : "utf8");
}

/** What the text stands for. */
export function parseBytes(json: Buffer): unknown {
  return JSON.parse(textOf(json));
}
