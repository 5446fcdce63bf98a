/** What documents show: requests with their answers, and the files of the tutorial. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of the project, with a slash at its end. */
export const project = fileURLToPath(new URL("../../", import.meta.url));

/** A request of a document, with its answer. */
export interface Example {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly status: number;
  /** A value of JSON, or the text of an answer that is none. */
  readonly answer: unknown;
}

const EXAMPLE = /```http\n([\s\S]*?)\n```\n```(json|csv) (\d{3})\n([\s\S]*?)\n```/g;

/** A request is its first line, headers, an empty line and a body; the answer follows with its status. */
function parseExample([, request = "", format, status, answer = ""]: RegExpMatchArray): Example {
  const end = request.includes("\n\n") ? request.indexOf("\n\n") : request.length;
  const head = request.slice(0, end);
  const body = end === request.length ? undefined : request.slice(end + 2);
  const [first = "", ...lines] = head.split("\n");
  const [, method = "", path = ""] = /^(\w+) (.+)$/.exec(first) ?? [];
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(": ");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 2)];
  });
  return {
    title: first,
    method,
    path: encodeURI(path),
    headers: Object.fromEntries(headers),
    // A form is sent as it stands, with the line ends that forms have.
    body: body === undefined || head.includes("multipart/") ? body?.replaceAll("\n", "\r\n") : JSON.parse(body),
    status: Number(status),
    answer: format === "json" ? JSON.parse(answer) : `${answer}\n`,
  };
}

/** Values that are others each time; their place and type still count. */
const VOLATILE = /^(access_token|refresh_token|expires_at|next_cursor|created_date|updated_date|key|prefix)$/;

/** An answer without what is another each time. */
export function stable(value: unknown, key = ""): unknown {
  if (VOLATILE.test(key)) return typeof value;
  if (Array.isArray(value)) return value.map((item) => stable(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, stable(member, name)]));
}

/** The requests of a document, in its order. */
export function parseExamples(text: string): Example[] {
  return [...text.matchAll(EXAMPLE)].map(parseExample);
}

/** A file that a document shows: its path stands above it. */
export interface ShownFile {
  readonly path: string;
  readonly text: string;
}

/** The tutorial, as text. */
export const tutorial = readFileSync(`${project}docs/tutorial.md`, "utf8");

/** The files of the tutorial. What they import of the project they import by its whole path, wherever they are put. */
export const tutorialFiles: readonly ShownFile[] = [
  ...tutorial.matchAll(/^`(library\/[\w./-]+)`\n```\w+\n([\s\S]*?)\n```/gm),
].map(([, path = "", text = ""]) => ({ path, text: `${text.replaceAll("../../test/", `${project}test/`)}\n` }));
