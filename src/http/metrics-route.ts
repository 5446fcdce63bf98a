/** The endpoint of measurements: only where its token is configured, and for whoever shows it. */
import { readMetrics } from "../contract/metrics.ts";
import { Metrics } from "./metrics.ts";
import { addProcessRoute, type RouteContext } from "./route.ts";
import { secretHook } from "./secret-hook.ts";

/** Binds it, and counts requests from now on. It has to come before all other routes. */
export function addMetricsRoute(context: RouteContext, token: string): void {
  const metrics = new Metrics(context.tenants);
  context.server.addHook("onResponse", (request, reply, done) => {
    metrics.count(request, reply);
    done();
  });
  const guard = secretHook(token, "The token of the measurements is required");
  addProcessRoute(
    context,
    readMetrics,
    async (_input, { reply }) => {
      reply.header("content-type", metrics.type);
      return metrics.text();
    },
    guard,
  );
}
