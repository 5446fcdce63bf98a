/** Keeps the texts of OpenAPI documents: they are large, and the same for all users with the same rights and records. */
import { LRUCache } from "lru-cache";
import type { Model, Registry } from "../../models/model.ts";
import type { Environment } from "../../records/environment.ts";
import { parseBytes } from "../../records/json-bytes.ts";
import { queryRecords } from "../../records/read.ts";
import { describeApi } from "./document.ts";
import { NOTHING, readableModels, type VisibleApi, visibleApi } from "./visible-model.ts";

/** Documents of a registry that are kept at a time. */
const MOST_DOCUMENTS = 16;
const VERSION = "0.1.0";

const texts = new WeakMap<Registry, LRUCache<string, string>>();

/** The document that a guest gets, who gets no models. Returns JSON text. */
export function guestApiText(registry: Registry): string {
  return keptText(registry, "guest", () => NOTHING);
}

/**
 * The document that a caller gets. Its examples speak of records that are there for this caller.
 *
 * @returns JSON text
 */
export async function openApiText(env: Environment): Promise<string> {
  const models = readableModels(env);
  const records = await loadFirstRecords(env, models);
  const key = `${env.access.key} ${JSON.stringify([...records])}`;
  return keptText(env.registry, key, () => visibleApi(env, models, records));
}

function keptText(registry: Registry, key: string, visible: () => VisibleApi): string {
  const known = texts.get(registry) ?? new LRUCache<string, string>({ max: MOST_DOCUMENTS });
  texts.set(registry, known);
  const text = known.get(key) ?? JSON.stringify(describeApi(registry, visible(), VERSION));
  known.set(key, text);
  return text;
}

/** The first record of each model that has one for the caller. */
async function loadFirstRecords(env: Environment, models: readonly Model[]): Promise<ReadonlyMap<string, number>> {
  const request = { fields: ["id"], order_by: ["id ASC"], limit: 1, count: "none" } as const;
  const pages = await Promise.all(models.map(({ name }) => queryRecords(env, name, request)));
  return new Map(
    models.flatMap(({ name }, index): [string, number][] => {
      const page = pages[index];
      const [first] = page === undefined ? [] : (parseBytes(page.data) as readonly { readonly id: number }[]);
      return first === undefined ? [] : [[name, first.id]];
    }),
  );
}
