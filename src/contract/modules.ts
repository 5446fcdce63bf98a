/** The endpoints of modules: what is installed, and changing that. */
import { Type } from "typebox";
import { type Endpoint, endpoint, type RequestExample } from "./endpoint.ts";
import { strictObject } from "./schema.ts";

const SWITCH = (description: string) =>
  Type.Optional(Type.Unsafe<"true" | "false">({ type: "string", enum: ["true", "false"], description }));

export const listModules = endpoint({
  id: "listModules",
  method: "GET",
  path: "/api/modules",
  guard: "internal",
  tag: "Modules",
  summary: "List the modules",
  description:
    "The modules of the database and those that could be installed, dependencies first. `version` is the program's, " +
    "`installed_version` the database's.",
  query: null,
  body: null,
  answer: strictObject({
    data: Type.Array(
      strictObject({
        identifier: Type.String(),
        name: Type.String(),
        summary: Type.String(),
        version: Type.Union([Type.String(), Type.Null()]),
        installed_version: Type.Union([Type.String(), Type.Null()]),
        state: Type.Unsafe<string>({ type: "string", enum: ["installed", "uninstalled", "available", "upgradable"] }),
        dependencies: Type.Array(Type.String()),
      }),
    ),
  }),
  failures: ["404 MissingError", "503 MaintenanceError"],
  examples: [{ summary: "All of them" }],
});

/** Declares one way of changing a module. */
function change<const Action extends string>(
  action: Action,
  summary: string,
  description: string,
  examples: readonly RequestExample[],
) {
  return endpoint({
    id: `${action}Module`,
    method: "POST",
    path: `/api/modules/{name}/${action}` as const,
    guard: "internal",
    session: true,
    tag: "Modules",
    summary,
    description,
    query: strictObject({
      plan: SWITCH("`true`: only says what would be done."),
      allow_destructive: SWITCH("`true`: data may be lost."),
    }),
    body: null,
    answer: strictObject({
      message: Type.String(),
      plan: Type.Boolean({ description: "Whether this is only what would be done." }),
      modules: Type.Array(Type.String(), { description: "The modules concerned." }),
      operations: Type.Array(Type.String(), { description: "Every change to the tables, in words." }),
    }),
    failures: ["503 MaintenanceError"],
    examples,
  });
}

/** Works wherever the demo data is: no other module depends on this one. */
const PLAN_ONLY = [{ summary: "What would be done", path: { name: "crm" }, query: { plan: "true" } }];

const MEANWHILE =
  "Administrators only. Meanwhile the database answers 503 with `Retry-After: 5`; requests under way finish first, and other " +
  "databases notice nothing. It is one transaction: whatever happens, all of it is done or nothing.";

export const installModule = change(
  "install",
  "Install a module",
  `Installs a module and what it depends on. ${MEANWHILE}`,
  [],
);
export const upgradeModule = change(
  "upgrade",
  "Upgrade a module",
  `Brings a module to the version that the program has, along its ledger. What the ledger drops needs \`allow_destructive\`. ${MEANWHILE}`,
  PLAN_ONLY,
);
export const uninstallModule = change(
  "uninstall",
  "Uninstall a module",
  `Takes a module away on which no installed one depends. Its data stays, unless \`allow_destructive\` is given. ${MEANWHILE}`,
  PLAN_ONLY,
);

/** Those that change modules, by what they do. */
export const moduleChanges = { install: installModule, upgrade: upgradeModule, uninstall: uninstallModule } as const;

export const moduleEndpoints: readonly Endpoint[] = [listModules, installModule, upgradeModule, uninstallModule];
