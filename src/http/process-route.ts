/** The endpoints about the server itself: health, the OpenAPI document and the page that shows it. */
import { checkLive, checkReady, readDocs, readOpenApi } from "../contract/process.ts";
import { identifyCaller, tenantOf } from "./caller.ts";
import { docsAssets, docsPage } from "./docs/page.ts";
import { guestApiText, openApiText } from "./openapi/document-cache.ts";
import type { Readiness } from "./readiness.ts";
import { addProcessRoute, addPublicRoute, environmentOf, type RouteContext } from "./route.ts";

/** Everything that the page loads comes from this server; it runs no script of anybody else. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Binds the endpoints of the process. */
export function addProcessRoutes(context: RouteContext, readiness: Readiness): void {
  const { server, authenticator } = context;
  addProcessRoute(context, checkLive, () => '{"status":"live"}');
  addProcessRoute(context, checkReady, async () => {
    await readiness.check();
    return '{"status":"ready"}';
  });
  addPublicRoute(context, readOpenApi, async (_input, { request }) => {
    const tenant = tenantOf(request);
    const caller = await identifyCaller(authenticator, request);
    return caller === null ? guestApiText(tenant.registry) : openApiText(environmentOf(tenant, caller, authenticator));
  });
  addProcessRoute(context, readDocs, (_input, { reply }) => {
    reply.headers({ "content-type": "text/html; charset=utf-8", "content-security-policy": PAGE_POLICY });
    return docsPage;
  });
  for (const { name, type, load } of docsAssets) {
    server.get(`${readDocs.path}/${name}`, { config: { endpoint: readDocs.id } }, async (_request, reply) => {
      reply.headers({ "content-type": type, "cache-control": "public, max-age=3600" });
      return load();
    });
  }
}
