/** Reads the project's source files and finds their imports, with the parser that comes with the test runner. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { parseAst } from "vitest/node";

/** A node of a syntax tree; which further members there are depends on `type`. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** One import, re-export, `import()` or `import("...")` type. */
export interface Import {
  /** As written; undefined where an `import()` computes it. */
  readonly specifier: string | undefined;
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A parsed file; `path` is relative to the project, with `/` between its parts. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly statements: readonly SyntaxNode[];
  readonly imports: readonly Import[];
}

/** The folders that hold code; what does not exist (yet) is passed over. */
export const sourceFolders = ["src", "modules", "web", "test", "bench", "scripts"];

/**
 * Reads and parses every `.ts`, `.tsx` and `.mjs` file of the project.
 *
 * @param root the project's folder
 * @returns the files, sorted by path
 */
export function loadSourceFiles(root: string): SourceFile[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && sourceFolders.includes(entry.name))
    .flatMap(({ name }) =>
      readdirSync(join(root, name), { recursive: true, encoding: "utf8" }).map((path) => join(name, path)),
    )
    .map((path) => path.split(sep).join("/"))
    .filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !/\/(node_modules|dist)\//.test(path))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
}

/**
 * Parses one file.
 *
 * @param path where the file is; its ending decides the language
 * @param text what is in it
 * @throws when the text is not valid code
 */
export function parseSource(path: string, text: string): SourceFile {
  const lang = path.endsWith(".tsx") ? "tsx" : path.endsWith(".ts") ? "ts" : "js";
  const statements = nodesIn(parseAst(text, { lang }, path).body);
  const imports: Import[] = [];
  walk(statements, (node) => {
    const found = importOf(node);
    if (found !== undefined) imports.push({ ...found, line: lineAt(text, node.start) });
  });
  return { path, text, statements, imports };
}

/**
 * Calls `visit` for each of the nodes and everything under them, parents first, and tells each node's parent.
 */
export function walk(
  nodes: readonly SyntaxNode[],
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined) => void,
  parent?: SyntaxNode,
): void {
  for (const node of nodes) {
    visit(node, parent);
    for (const member of Object.values(node)) walk(nodesIn(member), visit, node);
  }
}

/** The 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/**
 * Follows a relative specifier.
 *
 * @returns the path of the file it names, or undefined for a package
 */
export function resolveSpecifier(from: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : undefined;
}

/** Tests may reach wherever they need to. */
export function isTest(path: string): boolean {
  return path.startsWith("test/") || /\.test\.tsx?$/.test(path);
}

function importOf(node: SyntaxNode): Omit<Import, "line"> | undefined {
  switch (node.type) {
    case "ImportDeclaration":
      return { specifier: textOf(node.source), typeOnly: node.importKind === "type" };
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      if (!isNode(node.source)) return undefined;
      return { specifier: textOf(node.source), typeOnly: node.exportKind === "type" };
    case "ImportExpression":
      return { specifier: textOf(node.source), typeOnly: false };
    case "TSImportType":
      return { specifier: textOf(node.source), typeOnly: true };
    default:
      return undefined;
  }
}

/** The value of a text literal or of a template without holes. */
function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  const [piece, ...more] = node.type === "TemplateLiteral" ? nodesIn(node.quasis) : [];
  if (piece === undefined || more.length > 0) return undefined;
  return (piece.value as { cooked: string }).cooked;
}

function nodesIn(member: unknown): SyntaxNode[] {
  return (Array.isArray(member) ? member : [member]).filter(isNode);
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
