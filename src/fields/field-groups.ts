/** Which groups a field is for: one list for all, or one of those who see it and one of those who write it. */

/** Identifiers of groups. What is left out is for everybody. */
export interface SeparateGroups {
  /** The groups that see the field. */
  readonly read?: readonly string[];
  /** The groups that write the field, as far as they see it. */
  readonly write?: readonly string[];
}

/** A list says who sees a field, and who sees it may write it. */
export type FieldGroups = readonly string[] | SeparateGroups;

/** What is said of a field's groups. */
interface Grouped {
  readonly groups?: FieldGroups;
}

/** The groups whose members see a field; undefined for everybody. */
export function readersOf({ groups }: Grouped): readonly string[] | undefined {
  return isList(groups) ? groups : groups?.read;
}

/** The groups whose members write a field, of those who see it; undefined for all of them. */
export function writersOf({ groups }: Grouped): readonly string[] | undefined {
  return isList(groups) ? undefined : groups?.write;
}

/** Says what is wrong with the form of what a module declares, or null. */
export function groupsProblem({ groups }: Grouped): string | null {
  if (groups === undefined) return null;
  if (typeof groups !== "object" || groups === null) return "groups takes a list, or { read, write }";
  const unknown = isList(groups) ? undefined : Object.keys(groups).find((key) => key !== "read" && key !== "write");
  if (unknown !== undefined) return `groups takes read and write, not "${unknown}"`;
  const lists = isList(groups) ? [groups] : Object.values(groups).filter((list) => list !== undefined);
  const isText = (list: unknown) => Array.isArray(list) && list.every((each) => typeof each === "string");
  return lists.every(isText) ? null : "groups takes lists of identifiers";
}

function isList(groups: FieldGroups | undefined): groups is readonly string[] {
  return Array.isArray(groups);
}
