/** The endpoints for whole databases, for those who run the server and hold its master key. */
import { Type } from "typebox";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { strictObject } from "./schema.ts";

const NAME = (description: string) => Type.String({ minLength: 1, maxLength: 63, description });
const done = strictObject({ message: Type.String(), name: Type.String() });
const shared = { guard: "public", tag: "Process", failures: ["401 AuthenticationError", "404 MissingError"] } as const;

export const listAll = endpoint({
  ...shared,
  id: "listAllDatabases",
  method: "GET",
  path: "/databases",
  summary: "List the databases",
  description: "The names of all databases of this server.",
  query: null,
  body: null,
  answer: strictObject({ databases: Type.Array(Type.String()) }),
  examples: [],
});

export const createOne = endpoint({
  ...shared,
  id: "createDatabase",
  method: "POST",
  path: "/databases",
  summary: "Create a database",
  description: "With modules and all that they need; without `admin_password` one is made and given once.",
  query: null,
  body: strictObject({
    name: NAME("A small letter, then small letters, digits, - and _."),
    modules: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { maxItems: 1000 })),
    demo: Type.Optional(Type.Boolean()),
    admin_password: Type.Optional(Type.String({ minLength: 8, maxLength: 256 })),
  }),
  answer: strictObject({
    message: Type.String(),
    name: Type.String(),
    admin_password: Type.Union([Type.String(), Type.Null()]),
  }),
  examples: [],
});

export const dropOne = endpoint({
  ...shared,
  id: "dropDatabase",
  method: "DELETE",
  path: "/databases/{name}",
  summary: "Drop a database",
  description: "With all of its data and files, which `allow_destructive=true` has to allow.",
  query: strictObject({
    allow_destructive: Type.Optional(Type.Unsafe<"true" | "false">({ type: "string", enum: ["true", "false"] })),
  }),
  body: null,
  answer: done,
  examples: [],
});

const target = strictObject({ to: NAME("The new name.") });

export const renameOne = endpoint({
  ...shared,
  id: "renameDatabase",
  method: "POST",
  path: "/databases/{name}/rename",
  summary: "Rename a database",
  description: "Once requests under way are through. Tokens of its users are good for the old name only.",
  query: null,
  body: target,
  answer: done,
  examples: [],
});

export const duplicateOne = endpoint({
  ...shared,
  id: "duplicateDatabase",
  method: "POST",
  path: "/databases/{name}/duplicate",
  summary: "Copy a database",
  description: "With its files, as it is at this moment; it may be in use.",
  query: null,
  body: target,
  answer: done,
  examples: [],
});

export const backUpOne = endpoint({
  ...shared,
  id: "backUpDatabase",
  method: "POST",
  path: "/databases/{name}/backup",
  summary: "Back up a database",
  description: "Into a file in the folder `backups` of the server's data, which is then read back and checked.",
  query: null,
  body: null,
  answer: strictObject({
    message: Type.String(),
    name: Type.String(),
    file: Type.String(),
    size: Type.Integer(),
    rows: Type.Integer(),
    files: Type.Integer(),
  }),
  examples: [],
});

export const restoreOne = endpoint({
  ...shared,
  id: "restoreDatabase",
  method: "POST",
  path: "/databases/{name}/restore",
  summary: "Restore a database",
  description: "From a file in the folder `backups`. One that is there is replaced with `allow_destructive` only.",
  query: null,
  body: strictObject({
    file: Type.String({ minLength: 1, maxLength: 200, pattern: "^[A-Za-z0-9_-][A-Za-z0-9._-]*$" }),
    allow_destructive: Type.Optional(Type.Boolean()),
  }),
  answer: done,
  examples: [],
});

/** They are of the server, not of a database, and stand in no database's own documentation. */
export const databaseEndpoints: readonly Endpoint[] = [
  listAll,
  createOne,
  dropOne,
  renameOne,
  duplicateOne,
  backUpOne,
  restoreOne,
];
