/** The endpoints that give and take back tokens, and tell people who they are. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { shared, strictObject } from "./schema.ts";

/** A password, in characters; in bytes there is the same limit, which only the server can check. */
const givenPassword = Type.String({ minLength: 1, maxLength: 1024, format: "password" });

export const authenticate = endpoint({
  id: "authenticate",
  method: "POST",
  path: "/auth/authenticate",
  guard: "public",
  tag: "Signing in",
  summary: "Sign in",
  description:
    "Tokens for an e-mail address and its password. A wrong address and a wrong password cannot be told apart.",
  query: null,
  body: strictObject({
    email: Type.String({ minLength: 1, maxLength: 320 }),
    password: givenPassword,
  }),
  answer: shared("Tokens"),
  failures: ["401 AuthenticationError", "404 MissingError", "429 TooManyAttempts", "503 MaintenanceError"],
  examples: [{ summary: "The demo user", body: { email: "demo@example.com", password: "demo-demo" } }],
});

export const refresh = endpoint({
  id: "refresh",
  method: "POST",
  path: "/auth/refresh",
  guard: "public",
  tag: "Signing in",
  summary: "Get new tokens",
  description:
    "A new pair of tokens for a refresh token, which is used up by that. Used again later, it ends the whole session.",
  query: null,
  body: strictObject({ refresh_token: Type.String({ minLength: 1, maxLength: 4096 }) }),
  answer: shared("Tokens"),
  failures: ["401 AuthenticationError", "404 MissingError", "503 MaintenanceError"],
  examples: [],
});

export const signOut = endpoint({
  id: "signOut",
  method: "POST",
  path: "/auth/logout",
  guard: "user",
  session: true,
  tag: "Signing in",
  summary: "Sign out",
  description:
    "Ends the session of the access token: none of its tokens is good for anything any more, from the next request on. " +
    "With a refresh token of the same user, the session of that one ends too.",
  query: null,
  body: strictObject({ refresh_token: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })) }),
  bodyOptional: true,
  answer: strictObject({ message: Type.String() }),
  failures: ["404 MissingError", "503 MaintenanceError"],
  examples: [],
});

export const describeCaller = endpoint({
  id: "describeCaller",
  method: "GET",
  path: "/auth/me",
  guard: "user",
  tag: "Signing in",
  summary: "Who am I",
  description:
    "The user of the token, the identifiers of all groups that the user belongs to, the companies that the user may work " +
    "in, and those of this request.",
  query: null,
  body: null,
  answer: strictObject({
    user: Type.Object({
      id: Type.Integer({ minimum: 1 }),
      display_name: Type.String(),
      name: Type.String(),
      email: Type.String(),
      language: Type.String(),
      timezone: Type.String({ description: "IANA name." }),
      default_company: Type.Union([shared("Reference"), Type.Null()]),
    }),
    groups: Type.Array(Type.String()),
    companies: Type.Array(shared("Reference")),
    active_companies: Type.Array(Type.Integer({ minimum: 1 }), {
      description: "The companies of this request, the current one first.",
    }),
  }),
  failures: ["404 MissingError", "503 MaintenanceError"],
  examples: [{ summary: "The user of the token" }],
});

export const changePassword = endpoint({
  id: "changePassword",
  method: "POST",
  path: "/auth/change-password",
  guard: "user",
  session: true,
  tag: "Signing in",
  summary: "Change my password",
  description:
    "Gives the user another password. All sessions of the user end, that of the token too; the answer begins a new one. API keys stay.",
  query: null,
  body: strictObject({
    current_password: givenPassword,
    new_password: Type.String({ minLength: 8, maxLength: 1024, format: "password" }),
  }),
  answer: shared("Tokens"),
  failures: ["404 MissingError", "429 TooManyAttempts", "503 MaintenanceError"],
  examples: [],
});

export const listDatabases = endpoint({
  id: "listDatabases",
  method: "GET",
  path: "/auth/databases",
  guard: "public",
  tag: "Signing in",
  summary: "List the databases",
  description:
    "The names that `X-Database` may hold, while this server lets clients choose their database; else a 404.",
  query: null,
  body: null,
  answer: strictObject({ databases: Type.Array(Type.String()) }),
  failures: ["404 MissingError"],
  examples: [{ summary: "All of them" }],
});
