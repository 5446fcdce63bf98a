/** Files that belong to records: what may be done with them is what may be done with the record. */
import { Readable } from "node:stream";
import { MissingError, ValidationError } from "../errors.ts";
import type { FileDescription } from "../fields/binary.ts";
import type { FileStore } from "../files/file-store.ts";
import { SNIFFED_BYTES, sniffType } from "../files/sniff-type.ts";
import { resolveField, resolveModel } from "../query/path.ts";
import type { Environment } from "../records/environment.ts";
import { parseBytes } from "../records/json-bytes.ts";
import { checkPresence } from "../records/presence.ts";
import { fetchRecord } from "../records/read.ts";
import { createRecord, deleteRecord, resolveWritable, updateRecord } from "../records/write.ts";

/** A file that has come with a request. */
export interface UploadedFile {
  /** Keeps its content in the store. */
  readonly store: () => Promise<FileDescription>;
  readonly bytes: () => Promise<Buffer>;
}

/** A file with its bytes. */
export interface OpenedFile {
  readonly name: string;
  readonly mimetype: string;
  readonly size: number;
  readonly stream: Readable;
}

const ATTACHMENT = "Attachment";

/**
 * Attaches a file to a record.
 *
 * @returns the JSON text of the answer
 * @throws MissingError, AccessError where the caller may not change the record
 */
export async function attachFile(env: Environment, modelName: string, id: number, file: UploadedFile): Promise<string> {
  await checkChangeable(env, modelName, id);
  const { name, mimetype, size, hash } = await file.store();
  const values = { name, model: modelName, record: id, mimetype, size, hash };
  const { id: attachment } = await createRecord(env.elevated(), ATTACHMENT, values);
  return JSON.stringify({ id: attachment, name, mimetype, size });
}

/** Opens an attachment. @throws MissingError where the caller does not see it, which is where its record is not to be seen */
export async function openAttachment(env: Environment, store: FileStore, id: number): Promise<OpenedFile> {
  const { name, mimetype, hash } = await loadAttachment(env, id);
  return { name, mimetype, ...(await store.read(hash)) };
}

/** Deletes an attachment of a record that the caller may change. */
export async function deleteAttachment(env: Environment, id: number): Promise<void> {
  const { model, record } = await loadAttachment(env, id);
  await checkChangeable(env, model, record);
  await deleteRecord(env.elevated(), ATTACHMENT, id);
}

/** Puts a file into a field of a record. @throws ValidationError where the field holds no files */
export async function storeInField(
  env: Environment,
  modelName: string,
  id: number,
  field: string,
  upload: UploadedFile,
): Promise<Buffer> {
  await checkChangeable(env, modelName, id);
  const holder = holderOf(env, modelName, field);
  const { data } = await updateRecord(env, modelName, id, { [field]: await holder.write(upload) });
  return data;
}

/** Opens the file in a field of a record. @throws MissingError where the record is not to be seen, or the field is empty */
export async function openField(
  env: Environment,
  store: FileStore,
  modelName: string,
  id: number,
  field: string,
): Promise<OpenedFile> {
  const holder = holderOf(env, modelName, field);
  const { data } = await fetchRecord(env, modelName, id, { fields: [field] });
  const value = (parseBytes(data) as Record<string, unknown>)[field] ?? null;
  if (value === null) throw new MissingError(`${modelName} ${id} has no file in "${field}"`);
  return holder.read(value, field, store);
}

/** How a type of fields keeps files. */
interface FileHolder {
  readonly write: (upload: UploadedFile) => Promise<unknown>;
  readonly read: (value: unknown, field: string, store: FileStore) => Promise<OpenedFile>;
}

/** The types of fields that keep files, by their names. */
const holders: Readonly<Record<string, FileHolder>> = {
  File: {
    write: async ({ store }) => store(),
    read: async (value, _field, store) => {
      const { name, mimetype, hash } = value as FileDescription;
      return { name, mimetype, ...(await store.read(hash)) };
    },
  },
  Binary: {
    write: async ({ bytes }) => (await bytes()).toString("base64"),
    read: async (value, field) => {
      const content = Buffer.from(String(value), "base64");
      const mimetype = sniffType(content.subarray(0, SNIFFED_BYTES), "");
      return { name: field, mimetype, size: content.length, stream: Readable.from([content]) };
    },
  },
};

function holderOf({ access }: Environment, modelName: string, name: string): FileHolder {
  const model = resolveModel(access, modelName);
  const { field } = resolveField(access, model, name, "field", name);
  const holder = holders[field.type];
  if (holder !== undefined) return holder;
  const message = `"${name}" is of the type ${field.type}; files are kept by ${Object.keys(holders).join(" and ")} fields`;
  throw ValidationError.ofFields([{ path: "field", message }]);
}

interface Owned {
  readonly name: string;
  readonly mimetype: string;
  readonly hash: string;
  readonly model: string;
  readonly record: number;
}

async function loadAttachment(env: Environment, id: number): Promise<Owned> {
  const fields = ["name", "mimetype", "hash", "model", "record"];
  const { data } = await fetchRecord(env, ATTACHMENT, id, { fields });
  return parseBytes(data) as Owned;
}

/** @throws MissingError, AccessError unless the caller may change the record */
async function checkChangeable(env: Environment, modelName: string, id: number): Promise<void> {
  const model = resolveWritable(env, modelName, "write");
  if (model.follows !== null) throw new ValidationError(`${model.name} records cannot have attachments`);
  await checkPresence(env, model, "write", [id]);
}
