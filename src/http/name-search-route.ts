/** The endpoint that finds records by their name. */
import { searchByName } from "../contract/searching.ts";
import { ValidationError } from "../errors.ts";
import { searchNames } from "../records/name-search.ts";
import { addUserRoute, type RouteContext } from "./route.ts";

/** Binds the search by name. */
export function addNameSearchRoute(context: RouteContext): void {
  addUserRoute(context, searchByName, async (env, { path, body }) => {
    const { term, limit, filter, q_filter } = body;
    if (isGiven(filter) && isGiven(q_filter)) {
      throw ValidationError.ofFields([{ path: "q_filter", message: "is the same as filter; give only one of them" }]);
    }
    const data = await searchNames(env, path.model, { term, limit, filter: filter ?? q_filter });
    return `{"data":${data}}`;
  });
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
