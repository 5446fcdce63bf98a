/** The rules that every source file keeps by itself: size, name, opening comment, and what it must not contain. */
import { isTest, lineAt, type SourceFile, type SyntaxNode, walk } from "./source-file.ts";

/** A rule looks at one file and gives a line for each thing that is wrong. */
export type SourceRule = (file: SourceFile) => string[];

const longest = 400;

/** Names that say nothing; a file or folder is named for what it exports. */
const emptyNames = ["util", "helper", "common", "manager", "service", "types", "misc"];

/** Everything a program can reach without importing it, and the files that may. */
const ambient: readonly { readonly uses: RegExp; readonly allowed: (path: string) => boolean; readonly why: string }[] =
  [
    {
      uses: /^(globalThis\.)?process\.env$/,
      allowed: (path) => path === "src/config.ts" || path.startsWith("test/support/"),
      why: "the environment is read in src/config.ts only",
    },
    {
      uses: /^(globalThis\.)?(console|process\.(exit|stdout|stderr|stdin))$/,
      allowed: (path) =>
        !/^(src|modules)\//.test(path) || path === "src/main.ts" || path.startsWith("src/command/") || isTest(path),
      why: "library code does not print, prompt or exit",
    },
    {
      uses: /^((globalThis\.)?(eval|Function)|vm)$/,
      allowed: (path) => !/^(src|modules|web)\//.test(path),
      why: "no text becomes code: what is stored or sent is never evaluated",
    },
  ];

/** All rules by name. */
export const sourceRules: Readonly<Record<string, SourceRule>> = {
  "no file is longer than 400 lines": checkLength,
  "each file opens with a comment that says what it is for": checkOpening,
  "names are kebab-case and say something": checkName,
  "only src/index.ts is a barrel": checkBarrel,
  "no type is `any`": checkAny,
  "no checker is switched off": checkSuppressions,
  "no environment, no printing and no exit but at the edge; no text becomes code": checkAmbient,
};

function checkLength({ path, text }: SourceFile): string[] {
  const lines = text.trimEnd().split("\n").length;
  return lines > longest ? [`${path} has ${lines} lines; the most is ${longest}`] : [];
}

function checkOpening({ path, text }: SourceFile): string[] {
  const comment = /^(?:#!.*\n)?\/\*\*(.*?)\*\//s.exec(text)?.[1] ?? "";
  return /\w+\W+\w+/.test(comment) ? [] : [`${path}:1 does not open with /** what it is for */`];
}

function checkName({ path }: SourceFile): string[] {
  return path.split("/").flatMap((part) => {
    const stem = part.replace(/(\.test)?\.(ts|tsx|mjs)$/, "");
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem)) return [`${path}: ${part} is not kebab-case`];
    const empty = stem.split("-").find((word) => emptyNames.some((name) => word === name || word === `${name}s`));
    return empty === undefined ? [] : [`${path}: "${empty}" says nothing; name it for what it exports`];
  });
}

/** A file that has nothing of its own and hands on what others export. */
function checkBarrel({ path, statements }: SourceFile): string[] {
  const handsOn = (node: SyntaxNode): boolean =>
    node.type === "ExportAllDeclaration" || (node.type === "ExportNamedDeclaration" && node.declaration === null);
  const barrel =
    statements.some(handsOn) && statements.every((node) => node.type === "ImportDeclaration" || handsOn(node));
  return barrel && path !== "src/index.ts" ? [`${path} only re-exports; import the files themselves`] : [];
}

function checkAny(file: SourceFile): string[] {
  return linesOf(file, (node) => node.type === "TSAnyKeyword").map((at) => `${at} has the type any`);
}

/** Looks at comments only: text and patterns may name what comments may not do. */
function checkSuppressions(file: SourceFile): string[] {
  let text = file.text;
  walk(file.statements, ({ type, start, end }) => {
    if (!["Literal", "TemplateElement", "JSXText"].includes(type)) return;
    text = text.slice(0, start) + text.slice(start, end).replaceAll(/[^\n]/g, " ") + text.slice(end);
  });
  const forbidden = isTest(file.path)
    ? /@ts-(ignore|nocheck)|eslint-disable|biome-ignore/
    : /@ts-(ignore|nocheck|expect-error)|eslint-disable|biome-ignore/;
  return text.split("\n").flatMap((line, index) => {
    const found = forbidden.exec(line)?.[0];
    if (found === undefined || /biome-ignore(-all|-start|-end)? [\w/]+: \w+( \S+){2}/.test(line)) return [];
    const advice = found === "biome-ignore" ? "needs a rule and a reason" : "is not allowed";
    return [`${file.path}:${index + 1} ${found} ${advice}`];
  });
}

function checkAmbient(file: SourceFile): string[] {
  return ambient
    .filter(({ allowed }) => !allowed(file.path))
    .flatMap(({ uses, why }) =>
      linesOf(file, (node, parent) => usedNames(node, parent).some((name) => uses.test(name)), why),
    );
}

/** The dotted names that a node reaches into, also by taking a global or `node:process` apart. */
function usedNames(node: SyntaxNode, parent: SyntaxNode | undefined): string[] {
  if (node.type === "Identifier") {
    const isMember = (parent?.property === node && parent.computed === false) || parent?.key === node;
    return isMember ? [] : [nameOf(node)];
  }
  if (node.type === "MemberExpression") return [nameOf(node)];
  if (node.type === "VariableDeclarator" && node.init !== null) {
    const source = nameOf(node.init as SyntaxNode);
    const pattern = node.id as SyntaxNode;
    if (pattern.type !== "ObjectPattern") return [];
    return (pattern.properties as SyntaxNode[]).map(({ key }) => `${source}.${nameOf(key as SyntaxNode)}`);
  }
  if (node.type === "ImportDeclaration" && /^(node:)?vm$/.test(String((node.source as SyntaxNode).value)))
    return ["vm"];
  if (node.type === "ImportDeclaration" && /^(node:)?process$/.test(String((node.source as SyntaxNode).value))) {
    const specifiers = node.specifiers as SyntaxNode[];
    return specifiers.map(({ imported }) => `process.${nameOf(imported as SyntaxNode | undefined)}`);
  }
  return [];
}

/** `a.b` for names, their members and text; empty for everything else. */
function nameOf(node: SyntaxNode | undefined): string {
  if (node?.type === "Identifier") return String(node.name);
  if (node?.type === "Literal") return String(node.value);
  if (node?.type !== "MemberExpression") return "";
  return `${nameOf(node.object as SyntaxNode)}.${nameOf(node.property as SyntaxNode)}`;
}

/** The places of the nodes that `matches`, as `path:line`, each followed by `why` if that is given. */
function linesOf(
  file: SourceFile,
  matches: (node: SyntaxNode, parent: SyntaxNode | undefined) => boolean,
  why?: string,
): string[] {
  const lines: string[] = [];
  walk(file.statements, (node, parent) => {
    if (!matches(node, parent)) return;
    lines.push(`${file.path}:${lineAt(file.text, node.start)}${why === undefined ? "" : ` ${why}`}`);
  });
  return [...new Set(lines)];
}
