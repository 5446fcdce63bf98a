/** The page that shows the OpenAPI document: Swagger UI from its npm package, and a sign-in box of our own. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { docsScript } from "./script.ts";

/** A file that the page loads. */
export interface DocsAsset {
  readonly name: string;
  /** Media type. */
  readonly type: string;
  load(): Promise<Buffer> | Buffer;
}

/** The page. It has no script and no style inside, so that its content security policy can forbid them. */
export const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fullfinity API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<form id="sign-in" autocomplete="on">
<span id="state" role="status"></span>
<input id="email" type="email" placeholder="E-mail" aria-label="E-mail" autocomplete="username" required>
<input id="password" type="password" placeholder="Password" aria-label="Password" autocomplete="current-password" required>
<button id="submit">Sign in</button>
<button id="sign-out" type="button" hidden>Sign out</button>
</form>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>
</body>
</html>
`;

const style = `body { margin: 0; background: #fafafa; }
#sign-in { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 10px 20px; background: #1f2937; }
#sign-in input, #sign-in button { font: 14px sans-serif; padding: 6px 10px; border: 1px solid #4b5563; border-radius: 4px; }
#state { flex: 1 1 240px; color: #f9fafb; font: 14px sans-serif; }
[hidden] { display: none !important; }
`;

/** The files that the page loads. */
export const docsAssets: readonly DocsAsset[] = [
  packaged("swagger-ui.css", "text/css; charset=utf-8"),
  packaged("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
  packaged("favicon-32x32.png", "image/png"),
  { name: "page.css", type: "text/css; charset=utf-8", load: () => Buffer.from(style) },
  { name: "page.js", type: "text/javascript; charset=utf-8", load: () => Buffer.from(docsScript) },
];

/** A file of Swagger UI, read when it is first asked for and kept. */
function packaged(name: string, type: string): DocsAsset {
  let content: Promise<Buffer> | undefined;
  return {
    name,
    type,
    load: () => {
      content ??= readFile(createRequire(import.meta.url).resolve(`@fastify/swagger-ui/static/${name}`));
      return content;
    },
  };
}
