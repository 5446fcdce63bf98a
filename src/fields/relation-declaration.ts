/** How module authors declare relations. The target is checked by the compiler, so it must be a known model's name. */
import type { ModelName } from "./known-model.ts";
import {
  ManyToManyField,
  type ManyToManyOptions,
  ManyToOneField,
  OneToManyField,
  OneToOneField,
  type ToManyOptions,
  type ToOneOptions,
} from "./relation.ts";

/** Declares that many records refer to one record of `target`. */
export function manyToOne<const Name extends ModelName, const Options extends ToOneOptions>(
  target: Name,
  options?: Options,
): ManyToOneField<Name, Options> {
  return new ManyToOneField(target, options ?? ({} as Options));
}

/** Declares that at most one record refers to a record of `target`. */
export function oneToOne<const Name extends ModelName, const Options extends ToOneOptions>(
  target: Name,
  options?: Options,
): OneToOneField<Name, Options> {
  return new OneToOneField(target, options ?? ({} as Options));
}

/** Declares the records of `target` whose to-one field `inverse` refers to this model. */
export function oneToMany<
  const Name extends ModelName,
  const Inverse extends string,
  const Options extends ToManyOptions,
>(target: Name, inverse: Inverse, options?: Options): OneToManyField<Name, Inverse, Options> {
  return new OneToManyField(target, inverse, options ?? ({} as Options));
}

/** Declares records of `target` that are linked by pairs, in a table of their own or through a model. */
export function manyToMany<const Name extends ModelName, const Options extends ManyToManyOptions>(
  target: Name,
  options?: Options,
): ManyToManyField<Name, Options> {
  return new ManyToManyField(target, options ?? ({} as Options));
}
