/** Lists that a client may also write as one text with commas. */
import { ValidationError } from "../errors.ts";

/** A list of paths, however it was written. */
export function toList(name: string, given: string | readonly string[] | undefined): readonly string[] | undefined {
  if (typeof given !== "string") return given;
  const parts = given.split(",").map((part) => part.trim());
  const empty = parts.indexOf("");
  if (empty !== -1) throw ValidationError.ofFields([{ path: `${name}[${empty}]`, message: "must not be empty" }]);
  return parts;
}
