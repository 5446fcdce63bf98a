/**
 * What one caller may see, as the query layer needs it. Names resolve through a scope, so that what is hidden is unknown,
 * and no table is read without asking for its rule.
 */
import type { Model, ModelField, Registry } from "../models/model.ts";
import { parseFilter } from "../q/parse-filter.ts";
import type { Q } from "../q/tree.ts";

/** The rights of a caller on the way into SQL. Made by the access layer only. */
export interface Scope {
  readonly registry: Registry;
  /** Two scopes with the same key see the same; it is part of the key of every cached plan. */
  readonly key: string;
  /** Whether the caller may read the model at all. */
  canRead(model: Model): boolean;
  /** Whether the caller may read the field of a model that it may read. */
  canReadField(model: Model, field: ModelField): boolean;
  /** The filter that every record of the model must pass to be seen, or null where all may be. */
  readRule(model: Model): Q | null;
}

/**
 * The same registry seen without any restriction, for what the kernel itself reads: record rules look at fields and
 * records that the caller may not see.
 */
export function unrestricted(registry: Registry): Scope {
  return { registry, key: "unrestricted", canRead: () => true, canReadField: () => true, readRule: ownCompanyRule };
}

const OF_CURRENT_COMPANY = parseFilter("Q(company=cid)").q;

/** What holds for whoever asks: of the values of companies, those of the current one are there, and no right gives others. */
export function ownCompanyRule({ companyValues }: Model): Q | null {
  return companyValues ? OF_CURRENT_COMPANY : null;
}
