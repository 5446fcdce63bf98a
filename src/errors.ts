/** The one table of error classes: what clients may be told, with its HTTP status and wire name. */

import type { ActionResult } from "./contract/action-result.ts";

/** One wrong place in a request: `path` is written as a client would, such as `lines[3].price`. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/**
 * An error that is meant for the person who sent the request.
 *
 * Everything else that is thrown becomes a 500 without any detail.
 */
export class ApplicationError extends Error {
  /** HTTP status of the answer. */
  readonly status: number = 500;
  /** The `error` member of the answer. */
  override readonly name: string = "InternalError";
  /** Members that are added to the answer, next to `detail` and `error`. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Response headers that belong to the error, such as `Allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    detail: string,
    options: {
      extra?: Readonly<Record<string, unknown>>;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.extra = options.extra ?? {};
    this.headers = options.headers ?? {};
  }
}

/** 400: the request is malformed, names something unknown, or breaks a constraint. */
export class ValidationError extends ApplicationError {
  override readonly status = 400;
  override readonly name = "ValidationError";

  /**
   * Collects field errors into one error whose detail is readable by itself.
   *
   * @param fields at least one wrong place
   */
  static ofFields(fields: readonly FieldError[]): ValidationError {
    const detail = fields.map((field) => (field.path === "" ? field.message : `${field.path}: ${field.message}`));
    return new ValidationError(detail.join("; "), { extra: { fields } });
  }
}

/** 400: a business rule says no. */
export class UserError extends ApplicationError {
  override readonly status = 400;
  override readonly name = "UserError";

  /** @param options `action`: what the client may do about it, such as opening the record that is in the way */
  constructor(detail: string, options: { readonly action?: ActionResult; readonly cause?: unknown } = {}) {
    const { action, ...rest } = options;
    super(detail, action === undefined ? rest : { ...rest, extra: { action } });
  }
}

/** 401: no, wrong, expired or revoked credentials. */
export class AuthenticationError extends ApplicationError {
  override readonly status = 401;
  override readonly name = "AuthenticationError";
}

/** 403: a known user who is not allowed. */
export class AccessError extends ApplicationError {
  override readonly status = 403;
  override readonly name = "AccessError";
}

/** 404: an unknown model, method or database, or a record that is not there for this user. */
export class MissingError extends ApplicationError {
  override readonly status = 404;
  override readonly name = "MissingError";
}

/** 405: the path exists, the method does not; `Allow` says which do. */
export class MethodNotAllowedError extends ApplicationError {
  override readonly status = 405;
  override readonly name = "MethodNotAllowed";
}

/** 409: the change collides with other data or with a request under way. */
export class ConflictError extends ApplicationError {
  override readonly status = 409;
  override readonly name = "ConflictError";
}

/** 412: `If-Match` does not hold. */
export class VersionConflictError extends ApplicationError {
  override readonly status = 412;
  override readonly name = "VersionConflict";
}

/** 413: the body is larger than the limit that the detail states. */
export class PayloadTooLargeError extends ApplicationError {
  override readonly status = 413;
  override readonly name = "PayloadTooLarge";
}

/** 415: the body is not of a media type that the endpoint takes. */
export class UnsupportedMediaTypeError extends ApplicationError {
  override readonly status = 415;
  override readonly name = "UnsupportedMediaType";
}

/** 429: too many failed sign-ins, or too many waiting; `Retry-After` says when to try again. */
export class TooManyAttemptsError extends ApplicationError {
  override readonly status = 429;
  override readonly name = "TooManyAttempts";
}

/** 503: the database is under maintenance, unreachable or exhausted; `Retry-After` says when to try again. */
export class MaintenanceError extends ApplicationError {
  override readonly status = 503;
  override readonly name = "MaintenanceError";

  constructor(detail: string, options: { cause?: unknown } = {}) {
    super(detail, { ...options, headers: { "retry-after": "5" } });
  }
}

/** 507: the disk for files is full; nothing of what was sent has been kept. */
export class InsufficientStorageError extends ApplicationError {
  override readonly status = 507;
  override readonly name = "InsufficientStorage";
}
