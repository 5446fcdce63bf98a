/** Files that come with requests, as `multipart/form-data`: kept on disk while the request is worked on, and nowhere afterwards. */
import { createHash } from "node:crypto";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import multipart, { type MultipartFile } from "@fastify/multipart";
import type { FastifyInstance, FastifyRequest } from "fastify";
import {
  ApplicationError,
  type FieldError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
  ValidationError,
} from "../errors.ts";
import { translateFull } from "../files/file-store.ts";
import type { RouteContext } from "./route.ts";

/** The media type of bodies that bring a file. */
export const FORM_TYPE = "multipart/form-data";
/** The part of a form that holds the file. */
const FILE_PART = "file";
const MOST_PARTS = 100;
/** Bytes of one part that is no file. */
const LONGEST_PART = 1024 * 1024;

/** A file of a request. */
export interface Upload {
  /** The name that the client gave; data, never a path. */
  readonly name: string;
  /** The media type that the client gave. */
  readonly mimetype: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the content in lower-case hexadecimal. */
  readonly hash: string;
  /** The open file. It has no name any more, so that it is gone with the process at the latest. */
  readonly handle: FileHandle;
}

declare module "fastify" {
  interface FastifyRequest {
    /** The file that came with the request; null where it brought none. */
    upload: Upload | null;
  }
}

/**
 * Adds routes that take forms with a file. What the form says besides is the body of the request, as texts; its member `file` is the
 * hash of the file.
 *
 * @param limit bytes of a file
 * @param add binds the endpoints to the context that it gets
 */
export async function addUploadRoutes(
  context: RouteContext,
  limit: number,
  add: (context: RouteContext) => void,
): Promise<void> {
  await context.server.register(async (scope: FastifyInstance) => {
    const limits = { fileSize: limit, files: 1, parts: MOST_PARTS, fieldSize: LONGEST_PART };
    await scope.register(multipart, { limits, throwFileSizeLimit: false });
    scope.decorateRequest("upload", null);
    scope.addHook("preHandler", async (request) => receiveForm(request, limit));
    scope.addHook("onResponse", async (request) => closeUpload(request));
    add({ ...context, server: scope });
  });
}

/** The file of a request to an endpoint that takes one. */
export function uploadOf({ upload }: FastifyRequest): Upload {
  if (upload === null) throw new Error("the endpoint's body does not ask for a file");
  return upload;
}

async function receiveForm(request: FastifyRequest, limit: number): Promise<void> {
  if (!request.isMultipart()) {
    throw new UnsupportedMediaTypeError(`The body must be ${FORM_TYPE}, with a part "${FILE_PART}"`, {
      headers: { accept: FORM_TYPE },
    });
  }
  const fields: Record<string, unknown> = Object.create(null);
  const errors: FieldError[] = [];
  try {
    for await (const part of request.parts()) {
      const { fieldname } = part;
      if (Object.hasOwn(fields, fieldname)) errors.push({ path: fieldname, message: "is given twice" });
      if (part.type === "field") {
        if (part.valueTruncated) errors.push({ path: fieldname, message: `must have at most ${LONGEST_PART} bytes` });
        fields[fieldname] = typeof part.value === "string" ? part.value : JSON.stringify(part.value);
      } else if (fieldname !== FILE_PART) {
        errors.push({ path: fieldname, message: `must not be a file: the file is the part "${FILE_PART}"` });
        part.file.resume();
      } else {
        request.upload = await keepFile(part, limit);
        fields[fieldname] = request.upload.hash;
      }
    }
  } catch (error) {
    // What is still to come is read and thrown away: the connection serves the next request.
    request.raw.unpipe();
    request.raw.resume();
    await closeUpload(request);
    throw translateError(error);
  }
  if (Object.hasOwn(fields, FILE_PART) && request.upload === null) {
    errors.push({ path: FILE_PART, message: "must be a file, with a file name" });
  }
  if (errors.length === 0) {
    request.body = { ...fields };
    return;
  }
  await closeUpload(request);
  throw ValidationError.ofFields(errors);
}

async function closeUpload(request: FastifyRequest): Promise<void> {
  const { upload } = request;
  request.upload = null;
  await upload?.handle.close();
}

async function keepFile({ file, filename, mimetype }: MultipartFile, limit: number): Promise<Upload> {
  const handle = await openNameless();
  try {
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of file as AsyncIterable<Buffer>) {
      hash.update(chunk);
      await handle.appendFile(chunk);
      size += chunk.length;
    }
    if (file.truncated) {
      throw new PayloadTooLargeError(`${FILE_PART}: must have at most ${limit} bytes`, { extra: { limit } });
    }
    return { name: filename, mimetype, size, hash: hash.digest("hex"), handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A new file that nobody else can open, and that leaves nothing behind however the process ends. */
export async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), "fullfinity-upload-"));
  try {
    return await open(join(folder, "content"), "wx+", 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const LIMITS: readonly unknown[] = ["FST_PARTS_LIMIT", "FST_FILES_LIMIT", "FST_FIELDS_LIMIT"];

function translateError(error: unknown): unknown {
  const told = translateFull(error);
  if (told instanceof ApplicationError) return told;
  const { code } = error as NodeJS.ErrnoException;
  if (LIMITS.includes(code)) {
    return new PayloadTooLargeError(`The body may have one file and ${MOST_PARTS} parts`, { cause: error });
  }
  // A part with a name such as __proto__ is one that nobody asks for.
  if (code === "FST_PROTO_VIOLATION") return new ValidationError("The body has a part with a name that is not allowed");
  return new ValidationError(`The body is not well-formed ${FORM_TYPE}`, { cause: error });
}
