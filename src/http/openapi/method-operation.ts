/** The operations of the methods that a caller may call: what comes before each, and the call itself with its own inputs. */
import { describeAction, executeMethod } from "../../contract/behaviour.ts";
import type { Endpoint } from "../../contract/endpoint.ts";
import type { ComposedMethod } from "../../models/composed-method.ts";
import { contextSchema, type InputView, inputsSchema } from "./input-schema.ts";
import { describeOperation } from "./operation.ts";

/** An operation at its path. */
export interface PlacedOperation {
  readonly path: string;
  readonly endpoint: Endpoint;
  readonly operation: Readonly<Record<string, unknown>>;
}

/** What is said of where a method works. */
const scopes: Readonly<Record<ComposedMethod["scope"], (model: string) => string>> = {
  records: (model) => `Works on the ${model} records of \`ids\`, at least one.`,
  wizard: (model) => `A button of the form. Works on the ${model} records that the form is about.`,
  model: () => "Works on no records: `ids` is left out.",
};

/**
 * Describes a method. There is no example: whether a call is accepted is for the method to say.
 *
 * @param owner the model or wizard that has it
 */
export function describeMethod(view: InputView, owner: string, method: ComposedMethod): PlacedOperation[] {
  const context = contextSchema(view, method);
  const inputs = inputsSchema(view, method);
  const asked = method.wizard !== null || method.confirm !== null;
  const called = place(executeMethod, owner, method, describeCall(method), {
    MethodInputs: inputs,
    MethodContext: context,
  });
  if (!asked) return [called];
  return [place(describeAction, owner, method, describeAction.description, { MethodContext: context }), called];
}

function place(
  endpoint: Endpoint,
  owner: string,
  { name, label, of, needs }: ComposedMethod,
  description: string,
  references: Parameters<typeof describeOperation>[1]["references"],
): PlacedOperation {
  const operation = describeOperation(
    { ...endpoint, description },
    {
      operationId: `${endpoint.id}_${owner}_${name}`,
      tag: of,
      summary: `${endpoint.summary}: ${label}`,
      filled: ["model", "method"],
      references,
      needs,
      examples: [],
    },
  );
  return { path: endpoint.path.replace("{model}", owner).replace("{method}", name), endpoint, operation };
}

function describeCall({ description, scope, of, readonly }: ComposedMethod): string {
  const sentences = [description.replace(/[^.!?]$/, "$&."), scopes[scope](of), readonly ? "Changes nothing." : ""];
  return sentences.filter((sentence) => sentence !== "").join(" ");
}
