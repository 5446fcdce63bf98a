/** The names under which the unique declarations of a model stand in the database. */
import type { UniqueDeclaration } from "../models/definition.ts";
import { fieldOf, type Model } from "../models/model.ts";
import { constraintName } from "./name.ts";

/** A unique declaration with its columns and the name of its index. */
export interface NamedUnique {
  readonly name: string;
  readonly declaration: UniqueDeclaration;
  readonly columns: readonly string[];
}

/** Every unique declaration of a model. One that holds for some records only has a name of its own for that. */
export function uniqueNames(model: Model): NamedUnique[] {
  return model.unique.map((declaration) => {
    const columns = declaration.fields.map((name) => {
      const field = fieldOf(model, name);
      return field.kind === "stored" ? field.column : name;
    });
    const parts = declaration.where === undefined ? columns : [...columns, "partial"];
    return { declaration, columns, name: constraintName(model.table, parts, "key") };
  });
}
