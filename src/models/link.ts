/** Second step of a composition: resolves relations, makes reverse sides, and names the tables of pairs. */
import type { Field } from "../fields/field.ts";
import {
  ManyToManyField,
  type ManyToManyOptions,
  OneToManyField,
  OneToOneField,
  ToOneField,
} from "../fields/relation.ts";
import type { DraftField, DraftModel } from "./collect.ts";
import { columnName } from "./column-name.ts";
import type { Conflict } from "./conflict.ts";
import type { LinkTable, Relation } from "./model.ts";
import { ReverseToOneField } from "./reverse.ts";
import { findPairs } from "./through.ts";

/** Every relation of a composition. */
export interface LinkResolution {
  /** Model -> field -> relation. */
  readonly relations: ReadonlyMap<string, ReadonlyMap<string, Relation>>;
  readonly tables: readonly LinkTable[];
}

/** A field that is being resolved, and the model that declares it. */
interface Subject extends DraftField {
  readonly owner: DraftModel;
  readonly name: string;
}

/** What is known so far, and where conflicts go. */
interface Resolving {
  readonly drafts: ReadonlyMap<string, DraftModel>;
  readonly relations: Map<string, Map<string, Relation>>;
  readonly tables: LinkTable[];
  report(subject: Subject, message: string): void;
}

/**
 * Resolves the relations of all models. Reverse sides are added to the drafts' fields.
 *
 * @param conflicts unknown targets, missing inverses and taken names are added to it
 */
export function resolveLinks(drafts: ReadonlyMap<string, DraftModel>, conflicts: Conflict[]): LinkResolution {
  const resolving: Resolving = {
    drafts,
    relations: new Map([...drafts.keys()].map((name) => [name, new Map<string, Relation>()])),
    tables: [],
    report: ({ owner, name, module, file }, message) =>
      conflicts.push({ module, file, subject: `${owner.name}.${name}`, message }),
  };
  // All declared fields first, since reverse sides are added to the drafts on the way.
  const subjects = [...drafts.values()].flatMap((owner) =>
    [...owner.fields].map(([name, entry]): Subject => ({ ...entry, owner, name })),
  );
  for (const subject of subjects) {
    const { field } = subject;
    if (field instanceof ToOneField) resolveToOne(resolving, subject, field);
    else if (field instanceof OneToManyField) resolveOneToMany(resolving, subject, field);
    else if (field instanceof ManyToManyField) resolveManyToMany(resolving, subject, field);
  }
  linkAudit(resolving);
  return resolving;
}

function targetOf(resolving: Resolving, subject: Subject, name: string): DraftModel | null {
  const target = resolving.drafts.get(name);
  if (target === undefined)
    resolving.report(subject, `refers to the model "${name}", which no installed module defines`);
  return target ?? null;
}

function setRelation(resolving: Resolving, model: DraftModel, name: string, relation: Relation): void {
  resolving.relations.get(model.name)?.set(name, relation);
}

function resolveToOne(resolving: Resolving, subject: Subject, field: ToOneField): void {
  const target = targetOf(resolving, subject, field.target);
  if (target === null) return;
  const { owner, name } = subject;
  const column = columnName(name, field);
  setRelation(resolving, owner, name, { target: target.name, many: false, link: { kind: "column", column } });
  const single = field instanceof OneToOneField;
  const reverse = single ? new ReverseToOneField(owner.name, name) : new OneToManyField(owner.name, name, {});
  const relation: Relation = { target: owner.name, many: !single, link: { kind: "reverse", column } };
  addReverse(resolving, subject, field.options.relatedName, target, reverse, relation);
}

function resolveOneToMany(resolving: Resolving, subject: Subject, field: OneToManyField): void {
  const target = targetOf(resolving, subject, field.target);
  if (target === null) return;
  const { owner, name } = subject;
  const inverse = target.fields.get(field.inverse)?.field;
  if (!(inverse instanceof ToOneField) || inverse.target !== owner.name || inverse.options.perCompany === true) {
    resolving.report(subject, `needs ${target.name}.${field.inverse} to be a to-one field to ${owner.name}`);
    return;
  }
  const column = columnName(field.inverse, inverse);
  setRelation(resolving, owner, name, { target: target.name, many: true, link: { kind: "reverse", column } });
}

function resolveManyToMany(resolving: Resolving, subject: Subject, field: ManyToManyField): void {
  const target = targetOf(resolving, subject, field.target);
  if (target === null) return;
  const { owner, name } = subject;
  const pairs = findPairs(resolving.drafts, owner, name, field, target);
  if (typeof pairs === "string") {
    resolving.report(subject, pairs);
    return;
  }
  const { table, source, target: other, owned } = pairs;
  if (owned) {
    const taken = [...resolving.tables, ...resolving.drafts.values()].some((each) => each.table === table);
    if (taken) {
      resolving.report(subject, `its table of links "${table}" is taken; the other side is declared by relatedName`);
      return;
    }
    const ends = { source: { column: source, model: owner.name }, target: { column: other, model: target.name } };
    resolving.tables.push({ table, ...ends });
  }
  setRelation(resolving, owner, name, {
    target: target.name,
    many: true,
    link: { kind: "through", table, source, target: other },
  });
  const options: ManyToManyOptions = { through: table };
  addReverse(resolving, subject, field.options.relatedName, target, new ManyToManyField(owner.name, options), {
    target: owner.name,
    many: true,
    link: { kind: "through", table, source: other, target: source },
  });
}

function addReverse(
  resolving: Resolving,
  subject: Subject,
  relatedName: string | undefined,
  target: DraftModel,
  field: Field,
  relation: Relation,
): void {
  if (relatedName === undefined) return;
  const other = target.fields.get(relatedName);
  if (other !== undefined) {
    const place = `${target.name}.${relatedName}, which module ${other.module} declares (${other.file})`;
    resolving.report(subject, `its related name is taken: ${place}`);
    return;
  }
  target.fields.set(relatedName, { field, module: subject.module, file: subject.file });
  setRelation(resolving, target, relatedName, relation);
}

/** Audit fields refer to users; a registry without users (as some tests compose) has no such relation. */
function linkAudit({ drafts, relations }: Resolving): void {
  if (!drafts.has("User")) return;
  for (const own of relations.values()) {
    for (const name of ["create_uid", "write_uid"]) {
      own.set(name, { target: "User", many: false, link: { kind: "column", column: name } });
    }
  }
}
