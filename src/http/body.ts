/** Request bodies: JSON in UTF-8 of limited size, and nothing else. */
import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { UnsupportedMediaTypeError, ValidationError } from "../errors.ts";
import { checkJsonText } from "./json-text.ts";

/** The media type of bodies. */
export const JSON_TYPE = "application/json";

/** Makes the server take JSON bodies only. The body of a request is their text, which whoever knows what belongs into it has to parse. */
export function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(JSON_TYPE, { parseAs: "buffer" }, (request, body, done) => {
    try {
      done(null, readText(request, body));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** The error for a body of another media type. */
export function unsupportedMediaType(given: string | undefined): UnsupportedMediaTypeError {
  const not = given === undefined ? "" : `, not ${JSON.stringify(given.slice(0, 100))}`;
  return new UnsupportedMediaTypeError(`The body must be ${JSON_TYPE}${not}`, { headers: { accept: JSON_TYPE } });
}

function readText(request: FastifyRequest, body: Buffer): string {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new UnsupportedMediaTypeError(
      `The body must not be compressed, and is ${JSON.stringify(encoding.slice(0, 100))}`,
      {
        headers: { "accept-encoding": "identity" },
      },
    );
  }
  if (body.length === 0) throw new ValidationError("The body is empty; it must be JSON");
  const text = body.toString("utf8");
  // What is no UTF-8 is read as this character, which may also be meant.
  if (text.includes("\ufffd") && !isUtf8(body)) throw new ValidationError("The body must be JSON in UTF-8");
  return text;
}

/**
 * Parses the text of a body.
 *
 * @throws ValidationError where it is no JSON, or has what no body may have
 */
export function parseBody(text: string): unknown {
  checkJsonText(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ValidationError(`The body is not valid JSON: ${describeSyntax(error)}`);
  }
}

/** The place of a mistake, without the parts of the body that the parser's message repeats. */
function describeSyntax(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined ? "it ends too early or is malformed" : `malformed at character ${position}`;
}
