/** What an endpoint is: one declaration that validation, routing and the documentation are made from. */
import type { Static, TSchema } from "typebox";

/** Who may call: anyone, any signed-in user, or internal users (members of `core_internal`) only. */
export type Guard = "public" | "user" | "internal";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** One way in which an endpoint can fail: the status and the `error` member of the answer. */
export type Failure =
  | "400 ValidationError"
  | "400 UserError"
  | "401 AuthenticationError"
  | "403 AccessError"
  | "404 MissingError"
  | "405 MethodNotAllowed"
  | "409 ConflictError"
  | "412 VersionConflict"
  | "413 PayloadTooLarge"
  | "415 UnsupportedMediaType"
  | "429 TooManyAttempts"
  | "500 InternalError"
  | "503 MaintenanceError"
  | "507 InsufficientStorage";

/** When each failure happens, for the documentation. */
export const failures: Readonly<Record<Failure, string>> = {
  "400 ValidationError": "The request is malformed, names something unknown, holds a bad value or breaks a constraint.",
  "400 UserError": "A rule of the business says no; `action` is what the client may do about it.",
  "401 AuthenticationError": "The token is missing, invalid, expired, revoked or of another database.",
  "403 AccessError": "The user is known but not allowed to do this.",
  "404 MissingError": "The model, record or database does not exist, or this user may not see it.",
  "405 MethodNotAllowed": "The path exists, the method does not; `Allow` says which do.",
  "409 ConflictError": "Other records refer to this one, or the same request is still under way.",
  "412 VersionConflict": "`If-Match` does not hold; `current` says what the record is like now.",
  "413 PayloadTooLarge": "The body is larger than the limit that the answer states.",
  "415 UnsupportedMediaType": "The body is not of the media type that the endpoint takes.",
  "429 TooManyAttempts": "Too many sign-ins failed, or too many are waiting; `Retry-After` says when to try again.",
  "500 InternalError": "A fault of the server. The log has the details under the answer's `X-Request-Id`.",
  "503 MaintenanceError":
    "The database is under maintenance, unreachable or exhausted; `Retry-After` says when to try again.",
  "507 InsufficientStorage": "The disk for files is full; nothing of what was sent has been kept.",
};

/** A request that shows the endpoint at work, and that works with the demo data. */
export interface RequestExample {
  readonly summary: string;
  readonly path?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** The type of an answer that is no JSON. */
export type MediaType = "text/html" | "text/plain" | "application/octet-stream";

/** An endpoint. */
export interface Endpoint<
  Path extends string = string,
  Query extends TSchema | null = TSchema | null,
  Body extends TSchema | null = TSchema | null,
> {
  /** Unique, camelCase: the `operationId` of the documentation. */
  readonly id: string;
  readonly method: Method;
  /** With parameters in braces: `/api/query/{model}`. `{id}` is a record id, everything else a name. */
  readonly path: Path;
  readonly guard: Guard;
  /** Takes an `Idempotency-Key` although it names no model whose records it changes: one of a module, one that queues jobs, or one of attachments. */
  readonly keyed?: true;
  /** What the user must be allowed to do with records of the model in the path; `declared` where its method says so. */
  readonly needs?: "read" | "create" | "write" | "delete" | "declared";
  /** Only for somebody who has signed in: API keys get a 403. */
  readonly session?: true;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  /** Members that the query string may have; null where it may have none. */
  readonly query: Query;
  readonly body: Body;
  /** The endpoint also answers a request without any body, as if it were `{}`. */
  readonly bodyOptional?: true;
  /** The body is a form, `multipart/form-data`: its member `file` is a file, all others are texts. */
  readonly upload?: true;
  /** The endpoint takes `If-Match`. */
  readonly ifMatch?: true;
  /** Schema of the answer with status 200, or its media type where it is no JSON. */
  readonly answer: TSchema | MediaType;
  /** The answer has an `ETag` with the record's version. */
  readonly etag?: true;
  /** Failures beyond those that every endpoint of its kind has. */
  readonly failures: readonly Failure[];
  readonly examples: readonly RequestExample[];
}

/** Groups of endpoints in the documentation. */
export const tags = {
  "Signing in": "Tokens from an e-mail address and a password.",
  Registry: "Which models there are and what their fields are like.",
  Records: "Reading and writing the records of any model.",
  Modules: "What the installed modules offer besides their models.",
  Methods: "What modules let clients do besides: methods, wizards, and the effects of a value in a form.",
  Jobs: "Long work that goes on without anybody waiting for it.",
  Process: "The state and the documentation of the server.",
} as const;

export type Tag = keyof typeof tags;

/** The names of the parameters of a path. */
type ParameterNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;

/** The parameters of a path: ids are numbers, everything else is text. */
export type PathParameters<Path extends string> = {
  readonly [Name in ParameterNames<Path>]: Name extends "id" ? number : string;
};

/** What a request to an endpoint holds once it is checked. */
export interface Input<E extends Endpoint> {
  readonly path: PathParameters<E["path"]>;
  readonly query: E["query"] extends TSchema ? Static<E["query"]> : Readonly<Record<string, never>>;
  readonly body: E["body"] extends TSchema ? Static<E["body"]> : null;
}

/** Declares an endpoint and keeps its exact type, so that its handler knows what it gets. */
export function endpoint<
  const Path extends string,
  const Query extends TSchema | null,
  const Body extends TSchema | null,
>(declaration: Endpoint<Path, Query, Body>): Endpoint<Path, Query, Body> {
  return Object.freeze(declaration);
}

/** Whether an endpoint takes an `Idempotency-Key`: whatever changes records does. */
export function takesIdempotencyKey({ method, needs, keyed }: Endpoint): boolean {
  return keyed === true || (method !== "GET" && needs !== undefined && needs !== "read");
}

/** Whether an endpoint leaves everything as it is, so that read-only API keys may call it. What does not say so may not. */
export function onlyReads({ method, needs }: Pick<Endpoint, "method" | "needs">): boolean {
  return method === "GET" || needs === "read";
}

/** Whether an endpoint reads records and does nothing else, so that a replica can answer it (`X-Read-From`). */
export function readsRecords({ needs }: Pick<Endpoint, "needs">): boolean {
  return needs === "read";
}

/** Every failure that an endpoint can answer with, in the order of their statuses. */
export function failuresOf(endpoint: Endpoint): Failure[] {
  const { guard, path, body, failures: own } = endpoint;
  const found = new Set<Failure>(["400 ValidationError", ...own, "500 InternalError"]);
  if (guard !== "public") found.add("401 AuthenticationError");
  if (guard !== "public") found.add("403 AccessError");
  if (takesIdempotencyKey(endpoint)) found.add("409 ConflictError");
  if (path.includes("{")) found.add("404 MissingError");
  if (body !== null) found.add("413 PayloadTooLarge").add("415 UnsupportedMediaType");
  return [...found].sort();
}
