/** What a backup says of itself, and the shape of its tables as plain JSON. */
import { UserError } from "../errors.ts";
import { type Index, type Shape, shapeOf, type Table, tableOf } from "../schema/shape.ts";

/** A module that the database has. */
export interface BackedUpModule {
  readonly identifier: string;
  readonly version: string;
  readonly state: string;
}

/** The first section of a backup. */
export interface BackupManifest {
  readonly kind: "manifest";
  /** The database that it is of. */
  readonly database: string;
  /** ISO 8601. */
  readonly created: string;
  readonly modules: readonly BackedUpModule[];
}

/** The section that follows it: all tables, without what is in them. */
export interface ShapeSection {
  readonly kind: "shape";
  readonly folding: boolean;
  readonly tables: readonly PlainTable[];
}

interface PlainTable extends Pick<Table, "name" | "comment" | "counted"> {
  readonly columns: Table["columns"] extends ReadonlyMap<string, infer Column> ? readonly Column[] : never;
  readonly constraints: Table["constraints"] extends ReadonlyMap<string, infer Constraint>
    ? readonly Constraint[]
    : never;
  readonly indexes: readonly Index[];
}

/** Makes plain JSON of a shape. */
export function plainShape(shape: Shape): ShapeSection {
  const tables = [...shape.tables.values()].map(({ name, comment, counted, columns, constraints, indexes }) => ({
    name,
    ...(comment === undefined ? {} : { comment }),
    ...(counted === undefined ? {} : { counted }),
    columns: [...columns.values()],
    constraints: [...constraints.values()],
    indexes: [...indexes.values()],
  }));
  return { kind: "shape", folding: shape.search.folding, tables };
}

/** The shape that such JSON describes. An index of trigrams is not made where the server has none. */
export function parseShape(section: ShapeSection): Shape {
  const tables = section.tables.map(({ name, comment, counted, columns, constraints, indexes }) =>
    tableOf(name, {
      columns,
      constraints,
      comment,
      counted: counted === true,
      indexes: indexes.map((index) =>
        index.keys.some((key) => key.includes("gin_trgm_ops")) ? { ...index, trigrams: true } : index,
      ),
    }),
  );
  return shapeOf(tables, { folding: section.folding, trigrams: "missing" });
}

/**
 * Checks that the program has the modules of a backup, none of them older.
 *
 * @param versions of the program's modules
 * @param isOlder whether the first version is older than the second
 * @throws UserError naming all that do not fit
 */
export function checkModules(
  { modules }: BackupManifest,
  versions: ReadonlyMap<string, string>,
  isOlder: (one: string, other: string) => boolean,
): void {
  const problems = modules
    .filter(({ state }) => state === "installed")
    .flatMap(({ identifier, version }) => {
      const ours = versions.get(identifier);
      if (ours === undefined) return [`it has the module ${identifier}, which this program does not have`];
      return isOlder(ours, version) ? [`its module ${identifier} is ${version}, this program has ${ours} only`] : [];
    });
  if (problems.length > 0) throw new UserError(`the backup does not fit: ${problems.join("; ")}`);
}
