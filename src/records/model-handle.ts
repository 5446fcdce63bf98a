/** A handle on a model for code: typed filters, reads and writes. */
import type { ModelName } from "../fields/known-model.ts";
import type { CallIds, CallInputs, MethodName } from "../models/method-type.ts";
import type {
  ChangedValues,
  Conditions,
  FieldsOf,
  NewValues,
  OrderableName,
  ReadableName,
  RecordOf,
} from "../models/record-type.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { parseBytes, textOf } from "./json-bytes.ts";
import { callMethod } from "./method.ts";
import { searchNames } from "./name-search.ts";
import { fetchAs, queryAs } from "./read.ts";
import type { GivenValues } from "./values.ts";
import { createRecord, deleteRecord, updateRecord, type WrittenRecord } from "./write.ts";
import { createRecords, deleteRecords, updateRecords } from "./write-bulk.ts";

type FieldName<Name extends ModelName> = keyof FieldsOf<Name> & ReadableName<Name> & string;
type OrderName<Name extends ModelName> = FieldName<Name> & OrderableName<Name>;
type OrderStep<Name extends ModelName> =
  | OrderName<Name>
  | `${OrderName<Name> | `${FieldName<Name>}__${string}`} ${"ASC" | "DESC"}`;

/** A record as a search by name gives it. */
export interface FoundName {
  readonly id: number;
  readonly display_name: string;
}

/** A written record as code gets it. */
export interface WrittenText extends Omit<WrittenRecord, "data"> {
  /** The JSON text that a client would get. */
  readonly data: string;
}

/** What a chain of calls has narrowed a read to. */
interface Narrowing {
  readonly filters: readonly Readonly<Record<string, unknown>>[];
  readonly order: readonly string[];
  readonly limit: number;
}

/** More records than memory holds, and as many as every integer of a statement can count. */
const UNLIMITED = 2 ** 31 - 2;
const EVERYTHING: Narrowing = { filters: [], order: [], limit: UNLIMITED };

/** A model within an environment, perhaps narrowed by filters. Each call gives a new handle. */
export class ModelHandle<Name extends ModelName> {
  readonly #env: BaseEnvironment;
  readonly #name: Name;
  readonly #narrowing: Narrowing;

  constructor(env: BaseEnvironment, name: Name, narrowing: Narrowing = EVERYTHING) {
    this.#env = env;
    this.#name = name;
    this.#narrowing = narrowing;
  }

  /** Keeps only records that meet the conditions: `{ name__icontains: "desk", category__parent: 5 }`. */
  filter<const Given extends Readonly<Record<string, unknown>>>(
    conditions: Given & Conditions<Name, Given>,
  ): ModelHandle<Name> {
    return this.#with({ filters: [...this.#narrowing.filters, conditions] });
  }

  /** Orders by these steps instead of the model's own order. */
  order(...steps: readonly OrderStep<Name>[]): ModelHandle<Name> {
    return this.#with({ order: steps });
  }

  /** Keeps the first records only. */
  limit(limit: number): ModelHandle<Name> {
    return this.#with({ limit });
  }

  /** Reads the records with the named fields; with all their default fields when none is named. */
  async all<const Key extends FieldName<Name> = OrderName<Name>>(
    ...fields: readonly Key[]
  ): Promise<RecordOf<Name, Key>[]> {
    const { filters, order, limit } = this.#narrowing;
    const page = await queryAs(
      this.#env,
      this.#name,
      { ...(fields.length === 0 ? {} : { fields }), q_filter: allOf(filters), order_by: order, limit, count: "none" },
      "codeExpression",
    );
    return parseBytes(page.data) as RecordOf<Name, Key>[];
  }

  /**
   * Finds records by their name as {@link searchNames} does: best matches first, none that is archived unless a filter names `active`.
   *
   * @param options `limit`: 10 when left out, at most 100; that of the chain does not count
   */
  async search(term: string, options: { readonly limit?: number } = {}): Promise<FoundName[]> {
    const request = { term, limit: options.limit, filter: allOf(this.#narrowing.filters) };
    return JSON.parse(await searchNames(this.#env, this.#name, request)) as FoundName[];
  }

  /** Counts the records. */
  async count(): Promise<number> {
    const request = { fields: ["id"], q_filter: allOf(this.#narrowing.filters), limit: 0 };
    return (await queryAs(this.#env, this.#name, request, "codeExpression")).total ?? 0;
  }

  /**
   * Reads one record by its id.
   *
   * @throws MissingError when it is not there for this user
   */
  async get<const Key extends FieldName<Name> = OrderName<Name>>(
    id: number,
    ...fields: readonly Key[]
  ): Promise<RecordOf<Name, Key>> {
    const request = fields.length === 0 ? {} : { fields };
    const { data } = await fetchAs(this.#env, this.#name, id, request, "codeExpression");
    return parseBytes(data) as RecordOf<Name, Key>;
  }

  /**
   * Creates a record.
   *
   * @throws ValidationError with every wrong field; AccessError when this user may not
   */
  async create(values: NewValues<Name>): Promise<WrittenText> {
    return withText(await createRecord(this.#env, this.#name, values));
  }

  /**
   * Creates records with a number of statements that does not depend on theirs: all of them or none, at most 10 000.
   *
   * @returns their ids, in the order of the records
   * @throws ValidationError with every wrong field, such as `records[4].name`; AccessError when this user may not
   */
  createMany(records: readonly NewValues<Name>[]): Promise<readonly number[]> {
    return createRecords(this.#env, this.#name, records);
  }

  /**
   * Changes a record.
   *
   * @throws MissingError when it is not there for this user; ValidationError with every wrong field
   */
  async update(id: number, values: ChangedValues<Name>): Promise<WrittenText> {
    return withText(await updateRecord(this.#env, this.#name, id, values));
  }

  /**
   * Gives records the same values: all of them or none, at most 10 000.
   *
   * @returns the ids, each once
   * @throws MissingError when one is not there for this user; ValidationError with every wrong field, such as `values.name`
   */
  updateMany(ids: readonly number[], values: ChangedValues<Name>): Promise<readonly number[]> {
    return updateRecords(this.#env, this.#name, ids, values);
  }

  /**
   * Deletes a record.
   *
   * @throws MissingError when it is not there for this user; ConflictError when others refer to it
   */
  delete(id: number): Promise<void> {
    return deleteRecord(this.#env, this.#name, id);
  }

  /**
   * Deletes records: all of them or none, at most 10 000.
   *
   * @returns the ids, each once
   * @throws MissingError when one is not there for this user; ConflictError when others refer to one of them
   */
  deleteMany(ids: readonly number[]): Promise<readonly number[]> {
    return deleteRecords(this.#env, this.#name, ids);
  }

  /**
   * Calls a declared method as a client would, with the rights of this environment: the same checks of records and inputs, and all that
   * other modules have put around it. Within a transaction it can fail alone.
   *
   * @param method of a behaviour that is announced in `Behaviours`
   * @param ids the records; `[]` for a method of the scope `model`
   * @param inputs what is left out has its default
   * @returns what clients get: plain JSON, or an action
   * @throws MissingError for a record that is not there for this user; AccessError; ValidationError with every wrong input; whatever the
   *   method throws
   */
  call<const Method extends MethodName<Name>>(
    method: Method,
    ids: CallIds<Name, Method>,
    ...[inputs]: CallInputs<Name, Method>
  ): Promise<unknown> {
    return callMethod(this.#env, this.#name, method, { ids, inputs: inputs as GivenValues | undefined });
  }

  #with(change: Partial<Narrowing>): ModelHandle<Name> {
    return new ModelHandle(this.#env, this.#name, { ...this.#narrowing, ...change });
  }
}

function allOf(filters: readonly Readonly<Record<string, unknown>>[]): unknown {
  return filters.length === 0 ? null : { and: filters };
}

function withText({ id, version, data }: WrittenRecord): WrittenText {
  return { id, version, data: textOf(data) };
}
