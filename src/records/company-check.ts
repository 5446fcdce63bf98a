/** Keeps companies apart: a record of one company refers to no record of another, whoever writes it. */
import { repeated } from "../database/repeated.ts";
import { type FieldError, ValidationError } from "../errors.ts";
import type { CompanyBond, CompanyStop, LinkedField, Model, Registry } from "../models/model.ts";
import { identifier, joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import type { NewValues } from "./company-value.ts";
import type { Membership } from "./relation-plan.ts";
import type { Change } from "./settlement.ts";
import { joinPath, MOST_ERRORS } from "./values.ts";

/** Pairs that a write has made. */
export interface NewPairs {
  readonly model: Model;
  readonly field: LinkedField;
  readonly joins: readonly Membership[];
}

/** A write at its end. */
interface BindingWrite {
  readonly env: BaseEnvironment;
  readonly written: ReadonlyMap<string, WrittenPart>;
  readonly paired: readonly NewPairs[];
  readonly valued: readonly NewValues[];
}

/** What it has done to records of one model. */
interface WrittenPart {
  readonly model: Model;
  readonly operation: "create" | "write";
  /** Id -> where the record stands in the request. */
  readonly paths: ReadonlyMap<number, string>;
  readonly fields: ReadonlySet<string>;
}

/** A table of the comparison, under its alias: `from0` is the record with the relation, `to0` the one that it leads to. */
type Place = CompanyStop & { readonly alias: string };

/** Two records of different companies, and the written one that has brought them together. */
interface Clash {
  readonly source: number;
  readonly target: number;
  readonly id: number;
}

/** Whether a write of these fields may bind records of different companies. */
export function bindsCompanies({ companyBonds }: Registry, change: Omit<Change, "ids">): boolean {
  return companyBonds.some((bond) => placesBy(bond, change).length > 0);
}

/**
 * Checks what a write has bound together, its values calculated.
 *
 * @param settled what has been calculated
 * @throws ValidationError at each relation that leads to a record of another company, and at what cannot change for that
 */
export async function checkCompanies(
  { env, written, paired, valued }: BindingWrite,
  settled: readonly Change[],
): Promise<void> {
  const errors = new Map<string, FieldError>();
  const add = (found: readonly FieldError[]) => {
    for (const error of found) errors.set(JSON.stringify(error), error);
  };
  for (const { model, operation, paths, fields } of written.values()) {
    const change = { model, operation, ids: [...paths.keys()], fields: [...fields] };
    add(await checkChange(env, change, paths));
  }
  for (const change of settled) add(await checkChange(env, change, new Map()));
  for (const { model, field, paths } of valued) {
    add(await checkChange(env, { model, operation: "write", ids: [...paths.keys()], fields: [field] }, paths));
  }
  for (const pairs of paired) add(await checkPairs(env, pairs));
  if (errors.size > 0) throw ValidationError.ofFields([...errors.values()].slice(0, MOST_ERRORS));
}

async function checkChange(
  env: BaseEnvironment,
  change: Change,
  paths: ReadonlyMap<number, string>,
): Promise<FieldError[]> {
  const due = env.registry.companyBonds.flatMap((bond) => placesBy(bond, change).map((place) => ({ bond, place })));
  if (due.length === 0) return [];
  await holdMembers(env, change);
  const errors: FieldError[] = [];
  for (const { bond, place } of due) {
    const { name } = bond.field;
    const isRelation = place.alias === "from0" && (change.operation === "create" || change.fields.includes(name));
    const message = isRelation
      ? FOREIGN
      : `cannot be: ${bond.from[0]?.model.name}.${name} would lead to another company`;
    for (const { id } of await findClashes(env, bond, place.alias, change.ids)) {
      errors.push({ path: joinPath(paths.get(id) ?? "", isRelation ? name : place.step.name), message });
    }
  }
  return errors;
}

const FOREIGN = "is a record of another company";

async function checkPairs(env: BaseEnvironment, { model, field, joins }: NewPairs): Promise<FieldError[]> {
  const errors: FieldError[] = [];
  for (const bond of env.registry.companyBonds) {
    const [own, given] = [bond.field.relation?.link, field.relation.link];
    if (own?.kind !== "through" || given.kind !== "through" || own.table !== given.table) continue;
    const isForward = own.source === given.source;
    const ids = joins.map(({ owner }) => owner);
    for (const { source, target } of await findClashes(env, bond, isForward ? "from0" : "to0", ids)) {
      const [owner, member] = isForward ? [source, target] : [target, source];
      const join = joins.find((each) => each.owner === owner && each.id === member);
      errors.push({ path: join?.path ?? field.name, message: `${FOREIGN} than the ${model.name} record` });
    }
  }
  return errors;
}

/** The places that a change moves. To a new record nothing leads yet. */
function placesBy(bond: CompanyBond, { model, operation, fields }: Omit<Change, "ids">): readonly Place[] {
  return placesOf(bond).filter((place) => {
    if (place.model !== model) return false;
    const isFirst = place.alias === "from0";
    if (operation === "create") return isFirst;
    return fields.includes(place.step.name) || (isFirst && fields.includes(bond.field.name));
  });
}

function placesOf({ from, to }: CompanyBond): readonly Place[] {
  const named = (stops: readonly CompanyStop[], end: string) =>
    stops.map((stop, index): Place => ({ ...stop, alias: `${end}${index}` }));
  return [...named(from, "from"), ...named(to, "to")];
}

/** Records that a relation binds to one of another company, among those that have this one of the ids at the place. */
async function findClashes(
  env: BaseEnvironment,
  bond: CompanyBond,
  alias: string,
  ids: readonly number[],
): Promise<Clash[]> {
  const places = placesOf(bond);
  const [from, to] = [places.slice(0, bond.from.length), places.slice(bond.from.length)];
  return env.session.rows<Clash>(
    repeated(
      sql`select distinct from0.id as source, to0.id as target, ${raw(alias)}.id as id
        from ${tableOf(from[0])} ${relationOf(bond)} ${waysOf(from)} ${waysOf(to)}
        where ${raw(alias)}.id = any(${[...ids]}::bigint[])
          and ${companyOf(to)} is not null and ${companyOf(to)} is distinct from ${companyOf(from)}`,
    ),
  );
}

function tableOf(place: Place | undefined): Sql {
  if (place === undefined) throw new Error("a way to a company has no beginning");
  return sql`${identifier(place.model.table)} ${raw(place.alias)}`;
}

/** From the one end of the relation to the other. */
function relationOf(bond: CompanyBond): Sql {
  const target = placesOf(bond)[bond.from.length];
  const link = bond.field.relation?.link;
  if (link?.kind === "column") return sql`join ${tableOf(target)} on to0.id = from0.${identifier(link.column)}`;
  if (link?.kind !== "through") throw new Error(`${bond.field.name} is declared on the other side`);
  return sql`join ${identifier(link.table)} pair on pair.${identifier(link.source)} = from0.id
    join ${tableOf(target)} on to0.id = pair.${identifier(link.target)}`;
}

/** From the first place to the record that has the company. */
function waysOf(places: readonly Place[]): Sql {
  const ways = places.slice(1).map((place, index) => {
    const before = places[index] as Place;
    return sql`left join ${tableOf(place)} on ${raw(place.alias)}.id = ${columnOf(before)}`;
  });
  return joinOrEmpty(ways, " ");
}

function columnOf({ alias, step }: Place): Sql {
  return sql`${raw(alias)}.${identifier(step.column)}`;
}

function companyOf(places: readonly Place[]): Sql {
  return columnOf(places.at(-1) as Place);
}

/**
 * Holds records whose company a change moves, with those that get theirs from them: who refers to one of them at the same moment waits here, or
 * is waited for.
 */
async function holdMembers(env: BaseEnvironment, { model, operation, ids, fields }: Change): Promise<void> {
  if (operation !== "write") return;
  const moved = new Map<Model, readonly Place[]>();
  for (const { from, to } of env.registry.companyBonds) {
    for (const stops of [from, to]) {
      const index = stops.findIndex((stop) => stop.model === model && fields.includes(stop.step.name));
      const [first] = stops;
      if (index < 0 || first === undefined) continue;
      moved.set(
        first.model,
        stops.slice(0, index + 1).map((stop, place) => ({ ...stop, alias: `from${place}` })),
      );
    }
  }
  for (const [, places] of [...moved].sort(([a], [b]) => (a.name < b.name ? -1 : 1))) {
    await env.session.run(
      sql`select from ${tableOf(places[0])} ${waysOf(places)} where ${raw(places.at(-1)?.alias ?? "")}.id = any(${[...ids]}::bigint[])
        order by from0.id for update of from0`,
    );
  }
}
