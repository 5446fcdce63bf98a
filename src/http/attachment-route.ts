/** The endpoints of files that belong to records. */
import {
  attachFile,
  deleteAttachment,
  downloadFromField,
  readAttachment,
  uploadToField,
} from "../contract/attachment.ts";
import { type FileStore, storeContent } from "../files/file-store.ts";
import { SNIFFED_BYTES, sniffType } from "../files/sniff-type.ts";
import {
  attachFile as attach,
  openAttachment,
  openField,
  deleteAttachment as remove,
  storeInField,
  type UploadedFile,
} from "../transfer/attachment.ts";
import { tenantOf } from "./caller.ts";
import { plainName } from "./download.ts";
import { addDownloadRoute, addUserRoute, type RouteContext } from "./route.ts";
import { type Upload, uploadOf } from "./upload.ts";

/** Characters of a file's name. */
const LONGEST_NAME = 255;

/** Binds those that give and delete files. */
export function addAttachmentRoutes(context: RouteContext): void {
  addDownloadRoute(context, readAttachment, (env, { path: { id } }, { request }) =>
    openAttachment(env, tenantOf(request).files, id),
  );
  addUserRoute(context, deleteAttachment, async (env, { path: { id } }) => {
    await remove(env, id);
    return JSON.stringify({ id, deleted: true });
  });
  addDownloadRoute(context, downloadFromField, (env, { path: { model, id }, query }, { request }) =>
    openField(env, tenantOf(request).files, model, id, query.field),
  );
}

/** Binds those that take files, to a context that takes forms. */
export function addAttachmentUploads(context: RouteContext): void {
  addUserRoute(context, attachFile, (env, { path: { model, id } }, { request }) =>
    attach(env, model, id, uploadedFile(uploadOf(request), tenantOf(request).files)),
  );
  addUserRoute(context, uploadToField, (env, { path: { model, id }, query }, { request }) =>
    storeInField(env, model, id, query.field, uploadedFile(uploadOf(request), tenantOf(request).files)),
  );
}

function uploadedFile({ name, mimetype, handle }: Upload, files: FileStore): UploadedFile {
  const read = () => handle.createReadStream({ start: 0, autoClose: false });
  return {
    store: async () => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
      const type = sniffType(buffer.subarray(0, bytesRead), mimetype);
      return { name: cleanName(name), mimetype: type, ...(await storeContent(files, read())) };
    },
    bytes: async () => Buffer.concat(await read().toArray()),
  };
}

/** A name to show: without folders and control characters, and not longer than names are. */
function cleanName(given: string): string {
  const name = plainName(given)
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .trim()
    .slice(0, LONGEST_NAME)
    .toWellFormed();
  return /^\.*$/.test(name) ? "file" : name;
}
