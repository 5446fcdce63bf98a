/** Errors that tell the person at the terminal what to do, without showing where in the program they come from. */
import { ConfigError } from "../config.ts";
import { ConnectionCheckError } from "../database/check-connection.ts";
import { EmbeddedError } from "../database/embedded/embedded-error.ts";
import { ApplicationError } from "../errors.ts";
import { InstallError } from "../installer/install-error.ts";
import { CompositionError } from "../models/conflict.ts";

/** A command cannot go on; the message says why. */
export class StartError extends Error {}

/** Errors whose message alone tells what to do. Every other one is a fault of ours and shows where it comes from. */
const READABLE = [
  StartError,
  ConfigError,
  ConnectionCheckError,
  EmbeddedError,
  InstallError,
  CompositionError,
  ApplicationError,
];

/** Whether an error's message is all that a person needs. */
export function isReadable(error: unknown): error is Error {
  return error instanceof Error && READABLE.some((kind) => error instanceof kind);
}
