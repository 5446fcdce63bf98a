/** The endpoints that describe the models. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { shared } from "./schema.ts";

/** An object whose members all look alike. */
function mapOf(name: "ModelDescription" | "FieldDescription") {
  return Type.Unsafe<Readonly<Record<string, unknown>>>({ type: "object", additionalProperties: shared(name) });
}

export const listModels = endpoint({
  id: "listModels",
  method: "GET",
  path: "/api/get_registry",
  guard: "internal",
  tag: "Registry",
  summary: "List the models",
  description: "The models that this user may read, and what the user may do with their records.",
  query: null,
  body: null,
  answer: mapOf("ModelDescription"),
  failures: ["503 MaintenanceError"],
  examples: [{ summary: "All of them" }],
});

export const describeModel = endpoint({
  id: "describeModel",
  method: "GET",
  path: "/api/get_registry/{model}",
  guard: "internal",
  needs: "read",
  tag: "Registry",
  summary: "Describe a model",
  description: "The fields that this user may read, each with its type and the options that differ from their default.",
  query: null,
  body: null,
  answer: mapOf("FieldDescription"),
  failures: ["503 MaintenanceError"],
  examples: [{ summary: "Products", path: { model: "Product" } }],
});
