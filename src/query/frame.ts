/** One FROM clause under construction: a table under an alias, and the to-one joins that expressions over it need. */
import {
  type Model,
  type ModelField,
  modelOf,
  type NamingField,
  type Registry,
  type StoredField,
} from "../models/model.ts";
import { identifier, join, joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";

/** A record rule over a table that stands under an alias: its condition, and the joins which that needs. */
export interface CompiledRule {
  readonly joins: Sql;
  readonly condition: Sql;
}

/** What all frames of one statement share. */
export interface Compilation {
  readonly registry: Registry;
  /** Every table that the statement reads so far. */
  readonly tables: Set<string>;
  /** An alias that is unique within the statement. */
  nextAlias(): string;
  /** The rule that the records of a model must pass where its table stands under `alias`; null where all may be seen. */
  rule(model: Model, alias: string): CompiledRule | null;
  /** The fields that a record's name is made of, without those that are hidden from the caller. */
  nameParts(model: Model): readonly StoredField[];
}

/** A table under an alias. */
export class Frame {
  readonly compilation: Compilation;
  readonly model: Model;
  readonly alias: string;
  readonly #joins = new Map<string, { readonly frame: Frame; readonly clause: Sql }>();

  constructor(compilation: Compilation, model: Model, alias: string = compilation.nextAlias()) {
    this.compilation = compilation;
    this.model = model;
    this.alias = alias;
    compilation.tables.add(model.table);
  }

  /** A frame over the target of a relation, not tied to this one yet. */
  target(field: ModelField): Frame {
    if (field.relation === null) throw new Error(`${field.name} is no relation`);
    return new Frame(this.compilation, modelOf(this.compilation.registry, field.relation.target));
  }

  /** The qualified column, as text that has passed through the quoting function. */
  column(name: string): string {
    return columnText(this.alias, name);
  }

  /** `FROM` without the keyword: the table and the joins asked for so far. */
  source(): Sql {
    return sql`${this.table()}${this.joins()}`;
  }

  /** The table under its alias. */
  table(): Sql {
    return sql`${identifier(this.model.table)} ${raw(this.alias)}`;
  }

  /** The joins asked for so far, and those behind them. */
  joins(): Sql {
    return joinOrEmpty(
      [...this.#joins.values()].map(({ clause, frame }) => sql`${clause}${frame.joins()}`),
      "",
    );
  }

  /** The frame behind a chain of to-one relations, joined once however often it is asked for. */
  through(hops: readonly ModelField[]): Frame {
    const [hop, ...rest] = hops;
    if (hop === undefined) return this;
    if (hop.kind === "company") return this.through([hop.way, hop.value, ...rest]);
    let joined = this.#joins.get(hop.name);
    if (joined === undefined) {
      const frame = this.target(hop);
      joined = { frame, clause: this.#joinClause(hop, frame) };
      this.#joins.set(hop.name, joined);
    }
    return joined.frame.through(rest);
  }

  #joinClause(hop: ModelField, frame: Frame): Sql {
    const rule = this.compilation.rule(frame.model, frame.alias);
    const tie = linkCondition(this, hop, frame);
    if (rule === null) return sql` left join ${frame.table()} on ${tie}`;
    const visible = sql`select ${raw(frame.alias)}.* from ${frame.table()}${rule.joins} where ${tie} and ${rule.condition}`;
    return sql` left join lateral (${visible}) ${raw(frame.alias)} on true`;
  }
}

/** The condition that ties a to-one relation's target to the frame that it starts from. */
function linkCondition(from: Frame, hop: ModelField, to: Frame): Sql {
  const link = hop.relation?.link;
  if (link?.kind === "column") return raw(`${to.column("id")} = ${from.column(link.column)}`);
  if (link?.kind === "reverse") return raw(`${to.column(link.column)} = ${from.column("id")}`);
  throw new Error(`${hop.name} is no to-one relation`);
}

/** A qualified column as text. */
export function columnText(alias: string, column: string): string {
  return join([raw(alias), identifier(column)], ".").sql;
}

/** The expression of a field over a frame, as text: its column, or the record's name put together. */
export function fieldText(frame: Frame, field: StoredField | NamingField): string {
  return field.kind === "stored" ? frame.column(field.column) : displayNameText(frame);
}

/** The expression of a record's name; never null. */
function displayNameText(frame: Frame): string {
  const parts = frame.compilation.nameParts(frame.model);
  const [only] = parts;
  const numbered = `'#' || ${frame.column("id")}`;
  if (only === undefined) return `(${numbered})`;
  const texts = parts.map((field) => frame.column(field.column));
  if (parts.length === 1 && only.field.lookupFamily === "text") {
    return only.field.options.required === true ? (texts[0] ?? "") : `coalesce(nullif(${texts[0]}, ''), ${numbered})`;
  }
  return `coalesce(nullif(concat_ws(' ', ${texts.join(", ")}), ''), ${numbered})`;
}
