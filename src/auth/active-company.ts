/** The companies of a request: those that the header `X-Company-Ids` names, of those that the user may work in. */
import { AccessError, ValidationError } from "../errors.ts";
import type { BindContext } from "../query/slot.ts";

/** Companies that one request may name. */
const MOST_COMPANIES = 1000;
const LIST = /^[1-9]\d{0,14}(?: *, *[1-9]\d{0,14})*$/;

/**
 * Who the caller is to filters in the companies that a request names. The first of them is the current one.
 *
 * @param given the header, such as `1,3`; without it the user's default company is current and all allowed ones are active
 * @param names who the user is to filters
 * @throws ValidationError for a header that is no list of ids
 * @throws AccessError naming companies that the user may not work in; one that does not exist is such a company
 */
export function activeNames(
  given: string | readonly string[] | undefined,
  names: BindContext["names"],
): BindContext["names"] {
  if (given === undefined) return names;
  const text = typeof given === "string" ? given.trim() : given.join();
  if (!LIST.test(text))
    throw new ValidationError("X-Company-Ids: must be ids of companies with commas between them, such as 1,3");
  const ids = [...new Set(text.split(",").map(Number))];
  if (ids.length > MOST_COMPANIES) {
    throw new ValidationError(`X-Company-Ids: must name at most ${MOST_COMPANIES} companies`);
  }
  const allowed = new Set<unknown>(Array.isArray(names.cids) ? names.cids : []);
  const denied = ids.filter((id) => !allowed.has(id));
  if (denied.length > 0) {
    const subject = denied.length === 1 ? "the company" : "the companies";
    throw new AccessError(`X-Company-Ids: you may not work in ${subject} ${denied.slice(0, 10).join(", ")}`);
  }
  const current = ids[0] ?? null;
  return { ...names, cid: current, company_id: current, cids: ids };
}
