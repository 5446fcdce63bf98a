/** A user with ten groups and five record rules, who may see everything all the same: what rights cost, and nothing else. */
import type { Ask } from "./row.ts";

/** The address that the user signs in with. */
export const LIMITED_USER = "limited@example.com";

const GROUPS = 10;

/** Rules that every record passes, though the database has to look at it for that. Only one of a model's need be met. */
const rules: readonly (readonly [model: string, rule: string])[] = [
  ["Product", "Q(create_uid=uid)"],
  ["Product", "Q(price__gte=0)"],
  ["Product", "Q(category__in=cids)"],
  ["Category", "Q(id__gte=1)"],
  ["Contact", "Q(create_uid=uid) | Q(id__gte=1)"],
];

/**
 * Makes the user.
 *
 * @param ask asks as the administrator
 */
export async function makeLimitedUser(ask: Ask, password: string): Promise<void> {
  const create = async (model: string, values: Readonly<Record<string, unknown>>): Promise<number> => {
    const { body } = await ask({ method: "POST", path: `/api/create/${model}`, body: values });
    return (body as { readonly id: number }).id;
  };
  const found = await ask({
    method: "POST",
    path: "/api/query/Group",
    body: { q_filter: "Q(identifier='core_internal')" },
  });
  const internal = (found.body as { readonly data: readonly { readonly id: number }[] }).data.map(({ id }) => id);
  const groups: number[] = [];
  for (let n = 1; n <= GROUPS; n += 1)
    groups.push(await create("Group", { name: `Bench ${n}`, identifier: `bench_${n}` }));
  for (const [place, group] of groups.entries()) {
    const model = ["Product", "Category", "Contact", "Country", "UoM"][place % 5];
    await create("ModelAccess", { name: `Bench ${place}`, model, group, read_perm: true });
  }
  for (const [place, [model, rule]] of rules.entries()) {
    await create("RecordRule", { name: `Bench ${place}`, model, rule, groups: [groups[place]] });
  }
  await create("User", { name: "Limited", email: LIMITED_USER, password, groups: [...internal, ...groups] });
}
