/** Forms with a file, as browsers send them, and servers that read files with the built program. */
import { fileURLToPath } from "node:url";
import { type ReaderSettings, TableReader } from "../../src/transfer/file/table-reader.ts";
import type { Answer, CallOptions, TestServer } from "./server.ts";
import { buildProgram } from "./server-process.ts";

const BOUNDARY = "----form-of-a-test";
const PROGRAM = fileURLToPath(new URL("../../dist/src/transfer/file/reader-process.js", import.meta.url));

/** A file of a form. */
export interface FormFile {
  readonly name?: string;
  readonly content: string | Uint8Array;
}

/** The headers and the body of a form. */
export function buildForm(
  fields: Readonly<Record<string, string>>,
  file: FormFile | null,
): { readonly type: string; readonly body: Buffer } {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const chunks = [Buffer.from(parts.join(""))];
  if (file !== null) {
    const { name = "file.csv", content } = file;
    const head = `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: application/octet-stream`;
    chunks.push(Buffer.from(`--${BOUNDARY}\r\n${head}\r\n\r\n`), Buffer.from(content), Buffer.from("\r\n"));
  }
  chunks.push(Buffer.from(`--${BOUNDARY}--\r\n`));
  return { type: `multipart/form-data; boundary=${BOUNDARY}`, body: Buffer.concat(chunks) };
}

/** Sends a form with a file. */
export function sendForm(
  api: TestServer,
  path: string,
  fields: Readonly<Record<string, string>>,
  content: string | Uint8Array,
  options: CallOptions = {},
): Promise<Answer> {
  const { type, body } = buildForm(fields, { content });
  return api.call("POST", path, body, { ...options, headers: { ...options.headers, "content-type": type } });
}

/** A reader that starts faster than from its sources. */
export function builtReader(settings: ReaderSettings = {}): TableReader {
  buildProgram();
  return new TableReader({ program: [PROGRAM], ...settings });
}
