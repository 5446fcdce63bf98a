/** Turns whatever was thrown into the answer that the contract promises. The one place where errors become HTTP. */
import { STATUS_CODES } from "node:http";
import { inspect } from "node:util";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { ApplicationError, MissingError, PayloadTooLargeError, ValidationError } from "../errors.ts";
import { unsupportedMediaType } from "./body.ts";

/** The media type of answers. */
export const JSON_ANSWER = "application/json; charset=utf-8";

/** What the error answers of a server depend on. */
export interface ErrorContext {
  /** Adds tracebacks, which show the insides of the program. */
  readonly development: boolean;
  /** Largest body in bytes. */
  readonly bodyLimit: number;
}

/** An error as it goes out. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly text: string;
}

type Translate = (context: ErrorContext, request: FastifyRequest | null) => ApplicationError;

/** What the framework throws by itself, by its code. Everything else from there is a fault of ours. */
const frameworkErrors: ReadonlyMap<string, Translate> = new Map<string, Translate>([
  ["FST_ERR_CTP_INVALID_MEDIA_TYPE", (_, request) => unsupportedMediaType(request?.headers["content-type"])],
  ["FST_ERR_CTP_BODY_TOO_LARGE", ({ bodyLimit }) => tooLarge(bodyLimit)],
  [
    "FST_ERR_CTP_INVALID_CONTENT_LENGTH",
    () => new ValidationError("The body has another size than Content-Length says"),
  ],
  ["FST_ERR_BAD_URL", () => new ValidationError("The URL is malformed")],
  ["FST_ERR_MAX_PARAM_LENGTH", () => new MissingError("The path has a part that is too long")],
]);

function tooLarge(limit: number): PayloadTooLargeError {
  return new PayloadTooLargeError(`The body must have at most ${limit} bytes`, { extra: { limit } });
}

/** Finds the error that clients are told: an ApplicationError, with status 500 for everything that is no fault of theirs. */
export function toApplicationError(
  error: unknown,
  context: ErrorContext,
  request: FastifyRequest | null,
): ApplicationError {
  if (error instanceof ApplicationError) return error;
  const { code, statusCode } = (typeof error === "object" && error !== null ? error : {}) as Partial<FastifyError>;
  const translate = code === undefined ? undefined : frameworkErrors.get(code);
  if (translate !== undefined) return translate(context, request);
  // The stream of the body broke: the client went away or sent nonsense.
  if (statusCode === 400) return new ValidationError("The request is malformed", { cause: error });
  return new ApplicationError("Internal error", { cause: error });
}

/** Makes the answer for an error. */
export function describeError(error: ApplicationError, { development }: ErrorContext): ErrorAnswer {
  const { status, name, message, extra, headers, cause } = error;
  const traceback = status === 500 && cause !== undefined ? inspect(cause) : error.stack;
  const text = JSON.stringify({ detail: message, error: name, ...extra, ...(development ? { traceback } : {}) });
  return { status, headers, text };
}

/** Sends an error. */
export function sendError(reply: FastifyReply, error: ApplicationError, context: ErrorContext): void {
  const { status, headers, text } = describeError(error, context);
  // HTTP wants a 401 to say how to do better.
  if (status === 401) reply.header("www-authenticate", "Bearer");
  reply
    .code(status)
    .headers({ ...headers, "content-type": JSON_ANSWER })
    .send(text);
}

/** A whole HTTP answer, for what arrives so broken that there is no request to answer. */
export function rawErrorAnswer({ status, text }: Pick<ErrorAnswer, "status" | "text">, requestId: string): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${JSON_ANSWER}`,
    `content-length: ${Buffer.byteLength(text)}`,
    `x-request-id: ${requestId}`,
    "x-content-type-options: nosniff",
    "connection: close",
    "",
    text,
  ].join("\r\n");
}
