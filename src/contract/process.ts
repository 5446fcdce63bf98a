/** The endpoints about the server itself: its health and its documentation. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { strictObject } from "./schema.ts";

export const checkLive = endpoint({
  id: "checkLive",
  method: "GET",
  path: "/health/live",
  guard: "public",
  tag: "Process",
  summary: "Is the process alive",
  description: "Answers as long as the process can answer at all.",
  query: null,
  body: null,
  answer: strictObject({ status: Type.Literal("live") }),
  failures: [],
  examples: [{ summary: "A probe" }],
});

export const checkReady = endpoint({
  id: "checkReady",
  method: "GET",
  path: "/health/ready",
  guard: "public",
  tag: "Process",
  summary: "Can the server do its work",
  description: "503 while the database is away, and from the moment on that the process has been told to stop.",
  query: null,
  body: null,
  answer: strictObject({ status: Type.Literal("ready") }),
  failures: ["503 MaintenanceError"],
  examples: [{ summary: "A probe" }],
});

export const readOpenApi = endpoint({
  id: "readOpenApi",
  method: "GET",
  path: "/openapi.json",
  guard: "public",
  tag: "Process",
  summary: "This document",
  description:
    "The OpenAPI 3.1 document. With a token it describes the models that the user may read; without one, the endpoints only.",
  query: null,
  body: null,
  answer: Type.Object({ openapi: Type.String() }),
  failures: ["404 MissingError", "503 MaintenanceError"],
  examples: [{ summary: "The document" }],
});

export const readDocs = endpoint({
  id: "readDocs",
  method: "GET",
  path: "/docs",
  guard: "public",
  tag: "Process",
  summary: "Swagger UI",
  description: "A page to read and try out the endpoints. It needs nothing from the internet.",
  query: null,
  body: null,
  answer: "text/html",
  failures: [],
  examples: [{ summary: "The page" }],
});
