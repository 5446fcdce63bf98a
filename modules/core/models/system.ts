/** What the platform keeps about itself: installed modules, the records that data files made, and sign-in sessions. */
import {
  boolean,
  char,
  datetime,
  defineModel,
  file,
  implementModel,
  integer,
  json,
  manyToOne,
  selection,
  text,
  UserError,
} from "fullfinity";

export const Module = defineModel("Module", {
  label: "Module",
  order: ["identifier ASC"],
  fields: {
    name: char({ required: true, readonly: true }),
    identifier: char({ required: true, unique: true, readonly: true }),
    version: char({ required: true, readonly: true, maxLength: 32 }),
    state: char({ required: true, readonly: true, default: "installed", maxLength: 32 }),
    dependencies: json({ readonly: true, hint: "Identifiers of the modules that this one needs" }),
    fingerprint: char({ readonly: true, maxLength: 64, hint: "Hash of the data files that were applied last" }),
  },
});

export const RegistryState = defineModel("RegistryState", {
  label: "Registry state",
  description: "Which models the database serves, so that every process can tell whether it has the same ones.",
  internal: true,
  displayName: ["fingerprint"],
  fields: {
    revision: integer({ required: true, default: 0, hint: "Counts up whenever modules, tables or data files change" }),
    fingerprint: char({ maxLength: 64, hint: "Hash of the tables and data files that the database was brought to" }),
  },
});

export const DataIdentifier = defineModel("DataIdentifier", {
  label: "Data identifier",
  description: "Which record an entry of a data file has become.",
  internal: true,
  displayName: ["identifier"],
  fields: {
    identifier: char({ required: true, unique: true }),
    module: char({ required: true, index: true }),
    model: char({ required: true, maxLength: 64 }),
    record: integer({ required: true, index: true }),
    apply_once: boolean(),
  },
});

export const RefreshToken = defineModel("RefreshToken", {
  label: "Refresh token",
  description: "Sign-in sessions. Only a hash of each token is kept.",
  internal: true,
  displayName: ["family"],
  fields: {
    user: manyToOne("User", { required: true, onDelete: "CASCADE", index: true }),
    family: char({ required: true, index: true, maxLength: 36, hint: "All tokens that follow from one sign-in" }),
    hash: char({ required: true, unique: true, maxLength: 64 }),
    stamp: char({ maxLength: 64, hint: "Hash of the password hash that the session was begun with" }),
    expires: datetime({ required: true }),
    used: datetime(),
  },
});

export const ApiKey = defineModel("ApiKey", {
  label: "API key",
  description: "What programs show in place of a sign-in. Only a hash of each key is kept.",
  order: ["id ASC"],
  fields: {
    user: manyToOne("User", { required: true, readonly: true, onDelete: "CASCADE", index: true }),
    name: char({ required: true, maxLength: 100, hint: "What the key is for" }),
    prefix: char({
      required: true,
      readonly: true,
      maxLength: 16,
      hint: "How the key begins, for its owner to know it again",
    }),
    // Members of no group at all: nobody sees it.
    hash: char({ required: true, readonly: true, unique: true, maxLength: 64, groups: [] }),
    expires: datetime({ required: true, readonly: true }),
    read_only: boolean({ readonly: true }),
    models: json({ readonly: true, hint: "Names of the only models that the key is for" }),
  },
});

export const ApiKeyBehaviour = implementModel("ApiKey", {
  hooks: {
    beforeCreate: () => {
      throw new UserError("an API key is made by POST /auth/api-keys, whose answer alone shows it");
    },
  },
});

export const IdempotencyKey = defineModel("IdempotencyKey", {
  label: "Idempotency key",
  description: "Requests that clients may send again without repeating what they did, and how they were answered.",
  internal: true,
  displayName: ["hash"],
  fields: {
    user: manyToOne("User", { required: true, onDelete: "CASCADE", index: true }),
    hash: char({ required: true, unique: true, maxLength: 64, hint: "Of user and key" }),
    request: char({ required: true, maxLength: 64, hint: "Hash of the request" }),
    answer: text({ required: true }),
    status: integer({ hint: "Of the answer; 200 where it is not told" }),
    etag: char({ maxLength: 32 }),
    location: char({ maxLength: 255 }),
    used: datetime({ required: true, index: true }),
  },
});

export const Attachment = defineModel("Attachment", {
  label: "Attachment",
  description:
    "Files that belong to records. Whoever may see the record sees them; they come and go by requests of their own.",
  order: ["id ASC"],
  readonly: true,
  follows: { model: "model", record: "record" },
  fields: {
    name: char({ required: true, readonly: true }),
    model: char({ required: true, readonly: true, maxLength: 64, hint: "The model of the record" }),
    record: integer({ required: true, readonly: true, index: true, hint: "The id of the record" }),
    mimetype: char({ required: true, readonly: true, maxLength: 127 }),
    size: integer({ required: true, readonly: true, hint: "Bytes" }),
    hash: char({ required: true, readonly: true, maxLength: 64, index: true, hint: "SHA-256 of the content" }),
  },
});

export const Job = defineModel("Job", {
  label: "Job",
  description: "Long work that goes on without anybody waiting for it: the queue, and what became of each.",
  internal: true,
  displayName: ["kind"],
  fields: {
    user: manyToOne("User", { required: true, onDelete: "CASCADE", index: true }),
    kind: char({ required: true, maxLength: 64 }),
    state: selection(["queued", "running", "done", "failed", "cancelled"], {
      required: true,
      default: "queued",
      index: true,
    }),
    input: json({ required: true, hint: "What is to be done" }),
    caller: json({ required: true, hint: "The companies and limits with which it was asked for" }),
    source: file({ hint: "The file that it works on" }),
    done: integer({ required: true, default: 0, hint: "Rows so far" }),
    total: integer({ hint: "Rows in all; empty while nobody knows" }),
    checkpoint: json({ hint: "Where to go on after the server has ended" }),
    result: json(),
    file: file({ hint: "The file that it has made" }),
    error: json(),
    cancelled: boolean(),
    attempt: integer({ required: true, default: 0, hint: "How often it was begun" }),
    lease: datetime({ hint: "Until then whoever works at it must have been heard of" }),
    started: datetime(),
    finished: datetime({ index: true }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      Module: typeof Module;
      RegistryState: typeof RegistryState;
      DataIdentifier: typeof DataIdentifier;
      RefreshToken: typeof RefreshToken;
      ApiKey: typeof ApiKey;
      IdempotencyKey: typeof IdempotencyKey;
      Job: typeof Job;
      Attachment: typeof Attachment;
    }
  }
}
