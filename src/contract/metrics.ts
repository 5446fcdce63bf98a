/** The endpoint for programs that watch the server. */
import { endpoint } from "./endpoint.ts";

/** It is of the server, not of a database, and stands in no database's own documentation. */
export const readMetrics = endpoint({
  id: "readMetrics",
  method: "GET",
  path: "/metrics",
  guard: "public",
  tag: "Process",
  summary: "Measurements",
  description: "Of the process, its requests and its databases, in the text format of Prometheus.",
  query: null,
  body: null,
  answer: "text/plain",
  failures: ["401 AuthenticationError", "404 MissingError"],
  examples: [],
});
