/** Reads the query string of a URL strictly: each parameter once, everything decodable. */
import { ValidationError } from "../errors.ts";

/**
 * Parses the query string.
 *
 * @param url path and query as the request line has them
 * @throws ValidationError naming a parameter that is malformed or given twice
 */
export function parseQueryText(url: string): Record<string, string> {
  const parameters: Record<string, string> = Object.create(null);
  const start = url.indexOf("?");
  if (start === -1 || start === url.length - 1) return parameters;
  for (const part of url.slice(start + 1).split("&")) {
    const equals = part.indexOf("=");
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    if (name === "") throw new ValidationError("The query string has a parameter without a name");
    if (name in parameters) throw ValidationError.ofFields([{ path: name.slice(0, 100), message: "is given twice" }]);
    parameters[name] = equals === -1 ? "" : decode(part.slice(equals + 1));
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new ValidationError(`The query string is malformed: ${JSON.stringify(text.slice(0, 100))} cannot be decoded`);
  }
}
