/** Says why a record was not changed: it is not there, it has another version, or it may not be changed. */
import { AccessError, VersionConflictError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { parseBytes } from "./json-bytes.ts";
import { fetchRecord } from "./read.ts";

interface Current {
  readonly write_uid: { readonly id: number } | null;
  readonly updated_date: string;
}

/**
 * Throws the reason for which a change found no record.
 *
 * @param version the version that the client asked for, if it did
 * @throws MissingError, VersionConflictError with the current state, or AccessError
 */
export async function refuseChange(
  env: BaseEnvironment,
  model: Model,
  id: number,
  version: number | undefined,
): Promise<never> {
  const fields = ["write_uid", "updated_date"].filter((name) => {
    const target = model.fields.get(name)?.relation?.target;
    const other = target === undefined ? undefined : env.registry.models.get(target);
    return other === undefined || env.access.canRead(other);
  });
  const { data, version: actual } = await fetchRecord(env, model.name, id, { fields });
  const current = parseBytes(data) as Current;
  if (version === undefined || actual === version) {
    throw new AccessError(`you may not change this ${model.name} record`);
  }
  throw new VersionConflictError(`the record has version ${actual}, not ${version}: somebody changed it meanwhile`, {
    extra: {
      current: {
        version: actual,
        write_uid: current.write_uid ?? null,
        updated_date: current.updated_date,
      },
    },
  });
}
