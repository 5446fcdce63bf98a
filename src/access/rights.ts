/** The rights of one user: loaded from groups, model access and record rules in one statement, and turned into an access. */
import { createHash } from "node:crypto";
import type { Session } from "../database/session.ts";
import { fieldOf, type Link, type Model, modelOf, type Registry } from "../models/model.ts";
import { and, type Q } from "../q/tree.ts";
import { ownCompanyRule } from "../query/scope.ts";
import type { BindContext } from "../query/slot.ts";
import { identifier, type Sql, sql } from "../sql/fragment.ts";
import type { Access, RecordOperation } from "./access.ts";
import { canChangeField, canSeeField } from "./field-visibility.ts";
import { canChangeLinks } from "./link-right.ts";
import { combineRules, type RuleText } from "./record-rule.ts";

/** One row of model access, summed up over the user's groups. */
interface ModelRights {
  readonly model: string;
  readonly read: boolean;
  readonly create: boolean;
  readonly write: boolean;
  readonly delete: boolean;
}

/** One record rule that concerns the user. */
type RuleRights = ModelRights & RuleText;

/** What a user may do, and who the user is to filters and dates. */
export interface Rights {
  /** Null for guests. */
  readonly userId: number | null;
  readonly active: boolean;
  readonly email: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly groups: ReadonlySet<string>;
  readonly names: BindContext["names"];
  readonly models: readonly ModelRights[];
  readonly rules: readonly RuleRights[];
  /** Equal for users with equal rights, so that they share compiled plans. */
  readonly key: string;
}

/** The models whose records decide about rights, and about who may use those of whom. */
export const RIGHTS_MODELS: ReadonlySet<string> = new Set(["User", "Group", "ModelAccess", "RecordRule", "ApiKey"]);

interface Loaded {
  readonly email: string;
  readonly active: boolean;
  readonly timezone: string;
  readonly company: number | null;
  readonly contact: number | null;
  readonly groups: readonly string[];
  readonly groupIds: readonly number[];
  readonly companies: readonly number[];
  readonly models: readonly ModelRights[];
  readonly rules: readonly RuleRights[];
}

/** The group that everybody belongs to who has not signed in. */
const GUESTS = "core_public";

/**
 * Loads the rights of a user.
 *
 * @param session where to read
 * @param userId null for guests, who have the rights of the group `core_public`
 * @returns null when there is no such user
 */
export async function loadRights(session: Session, registry: Registry, userId: number | null): Promise<Rights | null> {
  const [row] = await session.rows<{ rights: Loaded }>(rightsStatement(registry, userId));
  if (row === undefined) return null;
  const { email, active, timezone, company, contact, groups, groupIds, companies, models, rules } = row.rights;
  const key = createHash("sha256")
    .update(JSON.stringify([groups, models, rules]))
    .digest("base64url")
    .slice(0, 22);
  return {
    userId,
    active,
    email,
    timeZone: timezone,
    groups: new Set(groups),
    names: {
      uid: userId,
      cid: company,
      company_id: company,
      cids: withDefault(companies, company),
      contact_id: contact,
      gids: groupIds,
    },
    models,
    rules,
    key,
  };
}

/** The company that a user works in by default is one that the user may work in. */
function withDefault(allowed: readonly number[], company: number | null): readonly number[] {
  return company === null || allowed.includes(company) ? allowed : [company, ...allowed];
}

function rightsStatement(registry: Registry, userId: number | null): Sql {
  const user = modelOf(registry, "User");
  const groups = pairs(user, "groups");
  const implied = pairs(modelOf(registry, "Group"), "implied_groups");
  const companies = pairs(user, "allowed_companies");
  const ruled = pairs(modelOf(registry, "RecordRule"), "groups");
  const group = table(registry, "Group");
  // The contact is added by a module that a database need not have.
  const contact = user.fields.has("contact") ? sql`u.contact_id` : sql`null::bigint`;
  const person =
    userId === null
      ? sql`select null::bigint, '', true, 'UTC', null::bigint, null::bigint`
      : sql`select u.id, u.email, u.active, u.timezone, u.default_company_id, ${contact}
    from ${identifier(user.table)} u where u.id = ${userId}::bigint`;
  const own =
    userId === null
      ? sql`select id from ${group} where identifier = ${GUESTS}`
      : sql`select ${groups.target} from ${groups.table} where ${groups.source} = ${userId}::bigint`;
  const access = table(registry, "ModelAccess");
  const rule = table(registry, "RecordRule");
  return sql`
with recursive person(id, email, active, timezone, company, contact) as (
  ${person}
), member(id) as (
  ${own}
  union select ${implied.target} from ${implied.table} join member on ${implied.source} = member.id
), model as (
  select model, bool_or(read_perm) as read, bool_or(create_perm) as "create", bool_or(write_perm) as write,
    bool_or(delete_perm) as delete
  from ${access} where group_id in (select id from member) group by model
), rule as (
  select r.id, r.model, r.rule, r.read_perm as read, r.create_perm as "create", r.write_perm as write, r.delete_perm as delete,
    not exists (select from ${ruled.table} where ${ruled.source} = r.id) as global
  from ${rule} r
  where not exists (select from ${ruled.table} where ${ruled.source} = r.id)
    or exists (select from ${ruled.table} where ${ruled.source} = r.id and ${ruled.target} in (select id from member))
)
select json_build_object(
  'email', u.email, 'active', u.active, 'timezone', u.timezone, 'company', u.company, 'contact', u.contact,
  'groups', (select coalesce(json_agg(g.identifier order by g.identifier), '[]') from ${group} g
    where g.id in (select id from member)),
  'groupIds', (select coalesce(json_agg(m.id order by m.id), '[]') from member m),
  'companies', (select coalesce(json_agg(${companies.target} order by 1), '[]') from ${companies.table}
    where ${companies.source} = u.id),
  'models', (select coalesce(json_agg(m order by m.model), '[]') from model m),
  'rules', (select coalesce(json_agg(r order by r.id), '[]') from rule r)
) as rights from person u`;
}

function table(registry: Registry, model: string): Sql {
  return identifier(modelOf(registry, model).table);
}

function pairs(model: Model, name: string): { table: Sql; source: Sql; target: Sql } {
  const link: Link | undefined = fieldOf(model, name).relation?.link;
  if (link?.kind !== "through") throw new Error(`${model.name}.${name} is no many-to-many relation`);
  const column = (part: string) => sql`${identifier(link.table)}.${identifier(part)}`;
  return { table: identifier(link.table), source: column(link.source), target: column(link.target) };
}

/** What holds for everybody where records are of companies: theirs is active, or there is none. */
function companyRule(registry: Registry, model: Model, path: readonly string[]): RuleText {
  const name = path.join("__");
  const active = `Q(${name}__in=cids)`;
  let at = model;
  const isAlways = path.every((step) => {
    const { field, relation } = fieldOf(at, step);
    if (relation !== null) at = modelOf(registry, relation.target);
    return field.options.required === true;
  });
  return { rule: isAlways ? active : `Q(${name}__isnull=True) | ${active}`, global: true };
}

/** The name by which a row of model access means every model. */
const EVERY_MODEL = "*";

/**
 * Turns rights into an access.
 *
 * What may not be seen may not be changed either: the rules for reading are part of those for every operation.
 */
export function accessOf(registry: Registry, rights: Rights): Access {
  const { groups, key, names, timeZone, userId } = rights;
  const byModel = new Map(rights.models.map((each) => [each.model, each]));
  const known = new Map<string, Q | null>();
  const can = (model: Model, operation: RecordOperation): boolean =>
    !model.internal &&
    (operation === "read" || !model.readonly) &&
    (byModel.get(EVERY_MODEL)?.[operation] === true || byModel.get(model.name)?.[operation] === true);
  const ownRule = (model: Model, operation: RecordOperation): Q | null => {
    const texts: RuleText[] = rights.rules.filter((each) => each.model === model.name && each[operation]);
    if (model.companyPath !== null) texts.push(companyRule(registry, model, model.companyPath));
    return combineRules(registry, model, texts, { names, clock: { now: new Date(), timeZone } });
  };
  const rule = (model: Model, operation: RecordOperation): Q | null => {
    const place = `${model.name} ${operation}`;
    let found = known.get(place);
    if (found === undefined) {
      const own = ownRule(model, operation);
      const read = operation === "read" ? null : rule(model, "read");
      found = own === null || read === null ? (own ?? read) : and([read, own]);
      known.set(place, found);
    }
    return found;
  };
  return {
    registry,
    key,
    userId,
    groups,
    belongsTo: (wanted) => wanted.some((group) => groups.has(group)),
    can,
    rule,
    canRead: (model) => can(model, "read"),
    canReadField: (_model, field) => canSeeField(registry, field, groups),
    canWriteField: (_model, field) =>
      !field.readonly &&
      canSeeField(registry, field, groups) &&
      canChangeField(registry, field, groups) &&
      canChangeLinks({ can }, registry, field),
    readRule: (model) => ownCompanyRule(model) ?? rule(model, "read"),
  };
}
