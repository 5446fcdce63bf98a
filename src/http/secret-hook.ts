/** Guards endpoints of the server itself, which know no users: with a secret of its configuration. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { onRequestHookHandler } from "fastify";
import { AuthenticationError } from "../errors.ts";
import { bearerToken } from "./caller.ts";

/**
 * Makes the hook that lets only those pass who show the secret; how long the comparison takes says nothing about it.
 *
 * @param message what all others are told
 */
export function secretHook(secret: string, message: string): onRequestHookHandler {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(secret);
  return (request, _reply, done) => {
    const given = bearerToken(request);
    const isRight = given !== null && timingSafeEqual(digest(given), expected);
    done(isRight ? undefined : new AuthenticationError(message));
  };
}
