/** A composed model: what a registry holds, with every relation resolved. Frozen; shared by all requests of a database. */
import type { ColumnField, Field } from "../fields/field.ts";
import type { Behaviour, Calculation } from "./behaviour.ts";
import type { Wizard } from "./composed-wizard.ts";
import type { CheckDeclaration, FollowedRecord, UniqueDeclaration } from "./definition.ts";
import type { DependencyGraph } from "./dependency.ts";
import type { ComposedRoute } from "./route.ts";

/** How the records on the other side of a relation are found. */
export type Link =
  /** The id stands in a column of this model's table. */
  | { readonly kind: "column"; readonly column: string }
  /** The id of this record stands in a column of the target's table. */
  | { readonly kind: "reverse"; readonly column: string }
  /** Pairs stand in a table of their own. */
  | { readonly kind: "through"; readonly table: string; readonly source: string; readonly target: string };

/** A relation of a model, seen from one side. */
export interface Relation {
  readonly target: string;
  readonly many: boolean;
  readonly link: Link;
}

/** What all fields of a composed model have. */
interface ComposedField {
  readonly name: string;
  readonly label: string;
  /** The module that brought the field; `kernel` for those that every model has. */
  readonly module: string;
  readonly field: Field;
  readonly relation: Relation | null;
  /** Clients may not write it. */
  readonly readonly: boolean;
  /** Identifiers of the groups that see it; null for everybody. */
  readonly readers: readonly string[] | null;
  /** Identifiers of the groups that write it, of those who see it; null for all of them. */
  readonly writers: readonly string[] | null;
  /** How the value is calculated; null where it is what somebody wrote. */
  readonly calculation: Calculation | null;
}

/** A field with a column of its own. */
export interface StoredField extends ComposedField {
  readonly kind: "stored";
  readonly field: ColumnField;
  readonly column: string;
  /** The column in which PostgreSQL keeps the text without case, for searches; null where it keeps none. */
  readonly folded: string | null;
  /** How the value gets its final form at the end of a write; null where what is written is that already. */
  readonly settled: Calculation | null;
}

/** A relation that is read through other tables. */
export interface LinkedField extends ComposedField {
  readonly kind: "linked";
  readonly relation: Relation;
}

/** The record's name, made of other columns when it is read. */
export interface NamingField extends ComposedField {
  readonly kind: "naming";
  readonly field: ColumnField;
}

/** A field without a column, whose value is calculated whenever it is read. */
export interface CalculatedField extends ComposedField {
  readonly kind: "calculated";
  readonly field: ColumnField;
  readonly calculation: Calculation;
}

/** A field of which each company has a value of its own, kept in the records of another model. */
export interface CompanyField extends ComposedField {
  readonly kind: "company";
  readonly field: ColumnField;
  /** From a record to what the current company says of it. */
  readonly way: LinkedField;
  /** The field there. */
  readonly value: StoredField;
}

export type ModelField = StoredField | LinkedField | NamingField | CalculatedField | CompanyField;

/** One step of a model's order. */
export interface OrderStep {
  readonly field: string;
  readonly descending: boolean;
}

/** A composed model. */
export interface Model {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly module: string;
  readonly table: string;
  readonly fields: ReadonlyMap<string, ModelField>;
  /** Stored fields whose texts name a record; empty where the id must do. */
  readonly displayName: readonly StoredField[];
  readonly order: readonly OrderStep[];
  readonly search: readonly StoredField[];
  /** Whether searches and lookups that ignore case ignore accents too. */
  readonly ignoreAccents: boolean;
  readonly unique: readonly UniqueDeclaration[];
  readonly checks: readonly CheckDeclaration[];
  /** The field and column that counts the changes of a record: `version`, unless the model has a field of that name. */
  readonly versionField: string;
  /** Fields whose changes are kept in the change history: stored ones, and many-to-many relations. */
  readonly tracked: readonly (StoredField | LinkedField)[];
  /** Written by nobody but code with all rights. */
  readonly readonly: boolean;
  /** Where its records say what they belong to; null where they stand for themselves. */
  readonly follows: FollowedRecord | null;
  /**
   * The fields that lead to a record's company: only records of the active companies, and of none, are there for a request.
   * Null where records are of no company.
   */
  readonly companyPath: readonly string[] | null;
  /** Whether its records hold what single companies say of records of another model. */
  readonly companyValues: boolean;
  /** Not to be reached through the API. */
  readonly internal: boolean;
  /** What its records do when they are written. */
  readonly behaviour: Behaviour;
}

/** A table of pairs that keeps a many-to-many relation and belongs to no model. */
export interface LinkTable {
  readonly table: string;
  readonly source: { readonly column: string; readonly model: string };
  readonly target: { readonly column: string; readonly model: string };
}

/** Which writes the change history keeps something of, by the names of models. */
export interface HistoryReach {
  readonly changes: ReadonlySet<string>;
  /** Models of which a record that goes changes records that are tracked, or takes them along. */
  readonly deletions: ReadonlySet<string>;
}

/** A record on the way from one end of a relation to its company. */
export interface CompanyStop {
  readonly model: Model;
  /** The field that leads on, at last to the company. */
  readonly step: StoredField;
}

/** A relation that must not lead from a record of one company to one of another. */
export interface CompanyBond {
  readonly field: ModelField;
  /** From the record that has the relation, itself first. */
  readonly from: readonly CompanyStop[];
  /** From the record that the relation leads to. */
  readonly to: readonly CompanyStop[];
}

/** The composed models of one database. Replaced as a whole, never changed. */
export interface Registry {
  readonly models: ReadonlyMap<string, Model>;
  readonly linkTables: readonly LinkTable[];
  /** What makes stored calculated values stale, and the order in which they are calculated again. */
  readonly dependencies: DependencyGraph;
  /** Forms without a table, by name; no model has the name of one. */
  readonly wizards: ReadonlyMap<string, Wizard>;
  /** Endpoints that modules bring. */
  readonly routes: readonly ComposedRoute[];
  /** Which writes the change history keeps something of. */
  readonly history: HistoryReach;
  readonly companyBonds: readonly CompanyBond[];
  /** Unique within the process: two registries never share it, so it may be part of a cache's key. */
  readonly serial: number;
}

/**
 * A field that is known to be there.
 *
 * @throws Error when it is not: the program is wrong, not the request
 */
export function fieldOf(model: Model, name: string): ModelField {
  const field = model.fields.get(name);
  if (field === undefined) throw new Error(`${model.name} has no field ${name}`);
  return field;
}

/**
 * A model that is known to be there, such as a relation's target.
 *
 * @throws Error when it is not: the program is wrong, not the request
 */
export function modelOf(registry: Registry, name: string): Model {
  const model = registry.models.get(name);
  if (model === undefined) throw new Error(`the registry has no model ${name}`);
  return model;
}
