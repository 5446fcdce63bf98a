/** A module for tests that there are several versions of, with the ledger between them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { char, defineModel, defineModule, extendModel, integer, manyToOne } from "../../src/index.ts";
import { discoverModules } from "../../src/installer/discover-modules.ts";
import { type LoadedModule, loadModules, modulesFolder } from "../../src/installer/load-modules.ts";
import { ModuleLibrary } from "../../src/installer/module-library.ts";
import { unannounced } from "../fixtures/filter-registry.ts";

const wheel = defineModel(unannounced("Wheel"), { label: "Wheel", fields: { name: char() } });

const first = defineModule({
  models: [
    wheel,
    defineModel(unannounced("Car"), {
      label: "Car",
      displayName: ["plate"] as never,
      fields: {
        plate: char({ required: true, unique: true, index: "search" }),
        seats: char(),
        colour: char(),
        wheel: manyToOne(unannounced("Wheel")),
      },
    }),
  ],
  extensions: [extendModel(unannounced("Currency"), { fields: { car_count: integer(), wheel_count: integer() } })],
});

const second = defineModule({
  models: [
    defineModel(unannounced("Vehicle"), {
      label: "Vehicle",
      displayName: ["number_plate"] as never,
      fields: {
        number_plate: char({ required: true, unique: true, index: "search" }),
        seats: integer(),
      },
    }),
  ],
  extensions: [extendModel(unannounced("Currency"), { fields: { car_count: integer() } })],
});

const LEDGER = `
- version: 2.0.0
  rename_model: { from: Car, to: Vehicle }
- version: 2.0.0
  rename_field: { model: Vehicle, from: plate, to: number_plate }
- version: 2.0.0
  convert_field: { model: Vehicle, field: seats, using: "nullif(seats, '')::bigint" }
- version: 2.0.0
  drop_field: { model: Vehicle, field: colour }
- version: 2.0.0
  run: { description: "count the wheels that are lost", sql: ["UPDATE vehicle SET seats = seats + 0"] }
- version: 2.0.0
  drop_field: { model: Vehicle, field: wheel }
- version: 2.0.0
  drop_model: { model: Wheel }
`;

const ACCESS = (model: string) => `
- data_type: ModelAccess
  identifier: all
  values: { identifier: fleet_all, name: All, model: ${model}, group: core.core_internal, read_perm: true, create_perm: true }
`;

/** Two versions of the program: with the module \`fleet\` in version 1 and in version 2. */
export interface FleetLibraries {
  readonly first: ModuleLibrary;
  readonly second: ModuleLibrary;
  /** Either version with another data file. */
  withData(yaml: string, version?: 1 | 2): Promise<ModuleLibrary>;
  remove(): Promise<void>;
}

/** Makes them beside core. */
export async function makeFleetLibraries(): Promise<FleetLibraries> {
  const folder = await mkdtemp(join(tmpdir(), "fullfinity-fleet-"));
  const shipped = (await loadModules(await discoverModules(modulesFolder))).filter(
    ({ manifest }) => manifest.identifier === "core",
  );
  await writeFile(join(folder, "one.yaml"), ACCESS("Car"));
  await writeFile(join(folder, "two.yaml"), ACCESS("Vehicle"));
  await writeFile(join(folder, "ledger.yaml"), LEDGER);
  const of = (version: string, definition: LoadedModule["definition"], data: string[], ledger: string[]) =>
    ModuleLibrary.of([
      ...shipped,
      {
        manifest: {
          name: "Fleet",
          identifier: "fleet",
          version,
          summary: "Cars.",
          dependencies: ["core"],
          data,
          demo: [],
          ledger,
          folder,
        },
        definition,
      },
    ]);
  return {
    first: await of("1.0.0", first, ["one.yaml"], []),
    second: await of("2.0.0", second, ["two.yaml"], ["ledger.yaml"]),
    withData: async (yaml, version = 1) => {
      await writeFile(join(folder, "more.yaml"), yaml);
      return version === 1
        ? of("1.0.0", first, ["one.yaml", "more.yaml"], [])
        : of("2.0.0", second, ["two.yaml", "more.yaml"], ["ledger.yaml"]);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
