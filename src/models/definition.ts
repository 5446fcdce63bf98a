/** How a module declares models and extends those of other modules. Declarations are frozen data; nothing runs here. */
import type { FieldMap } from "../fields/field.ts";
import type { ModelName } from "../fields/known-model.ts";
import type { Choices } from "../fields/selection.ts";
import type { ModelBehaviour } from "./behaviour.ts";
import { callerFile } from "./caller-file.ts";
import type { ModuleRoute } from "./route.ts";
import type { WizardDefinition, WizardExtension } from "./wizard.ts";

/** A unique constraint over several fields, or over the records that `where` names. */
export interface UniqueDeclaration<Name extends string = string> {
  readonly fields: readonly Name[];
  /** A condition in SQL over the table's own columns. Written by the module's author, never by a user. */
  readonly where?: string;
  /** What is told to whoever breaks it. */
  readonly message: string;
}

/** A check constraint of the database. */
export interface CheckDeclaration {
  /** Unique within the model; part of the constraint's name. */
  readonly name: string;
  /** The condition in SQL over the table's own columns. Written by the module's author, never by a user. */
  readonly sql: string;
  /** The field that the message is shown at. */
  readonly field: string;
  readonly message: string;
}

/** Where a record says what it belongs to: names of its own stored fields. */
export interface FollowedRecord<Name extends string = string> {
  /** Holds the name of a model. */
  readonly model: Name;
  /** Holds the id of a record of that model. */
  readonly record: Name;
  /** Holds the name of a field of that model, which must be seen too. Without it they belong to the record as a whole, and go with it. */
  readonly field?: Name;
}

/** Everything about a model but its fields. */
export interface ModelOptions<Name extends string = string> {
  readonly label: string;
  readonly description?: string;
  /** Table name, where the one made from the model's name reads badly. */
  readonly table?: string;
  /** Fields whose texts, joined by a space, name a record; `name` unless told. */
  readonly displayName?: readonly Name[];
  /** Order of lists unless a request says otherwise, such as `["sequence ASC", "name ASC"]`. */
  readonly order?: readonly `${Name} ${"ASC" | "DESC"}`[];
  /** Fields that a search by name looks at; those of `displayName` unless told. */
  readonly search?: readonly Name[];
  /** Searches by name, and lookups that ignore case such as `icontains`, ignore accents in the model's fields too. */
  readonly ignoreAccents?: boolean;
  readonly unique?: readonly UniqueDeclaration<Name>[];
  readonly checks?: readonly CheckDeclaration[];
  /** The changes of its records are kept in the change history: of all stored fields and many-to-many links without `track: false`. */
  readonly track?: boolean;
  /** Nobody writes its records but code with all rights, whatever a user's rights are. */
  readonly readonly?: boolean;
  /** Its records belong to those of other models and are seen only by who sees these. */
  readonly follows?: FollowedRecord<Name>;
  /**
   * Its records are of companies: it has a field `company`, and a request sees and changes only those of its active companies
   * and those of none. A field of that name that the model declares itself is used. The name of a to-one field in place of
   * `true`: its records are of the company of the one that they name there.
   */
  readonly companyScoped?: boolean | Name;
  /** Made by the kernel: its records hold what single companies say of records of another model. */
  readonly companyValues?: boolean;
  /** Kept by the kernel for itself: the API does not know the model, whatever a user's rights are. */
  readonly internal?: boolean;
}

/** A model as one module declares it. */
export interface ModelDefinition<Name extends string = string, Fields extends FieldMap = FieldMap> {
  readonly model: Name;
  readonly fields: Fields;
  readonly options: ModelOptions;
  /** The source file, for messages about conflicts. */
  readonly file: string;
}

/** What a module adds to a model that another module (or itself) declares. */
export interface ModelExtension<Name extends string = string, Fields extends FieldMap = FieldMap> {
  readonly extends: Name;
  readonly fields: Fields;
  /** Selection field -> choices that are added to it. */
  readonly choices: Readonly<Record<string, Choices>>;
  readonly file: string;
}

type DeclaredName<Fields> = NoInfer<keyof Fields & string> | "id" | "created_date" | "updated_date";

/**
 * Declares a model.
 *
 * The name must be announced to the compiler, so that relations and code can refer to it:
 * `declare global { namespace Fullfinity { interface Models { SaleOrder: typeof SaleOrder } } }`.
 *
 * @param model PascalCase
 * @param declaration its fields and options
 */
export function defineModel<const Name extends ModelName, const Fields extends FieldMap>(
  model: Name,
  declaration: ModelOptions<DeclaredName<Fields>> & { readonly fields: Fields },
): ModelDefinition<Name, Fields> {
  const { fields, ...options } = declaration;
  return Object.freeze({ model, fields: Object.freeze({ ...fields }), options, file: callerFile() });
}

/**
 * Adds fields and choices to a model.
 *
 * Announce it under a name of its own: `interface Extensions { ContactSales: typeof ContactSales }`.
 *
 * @param model the model that is extended
 */
export function extendModel<const Name extends ModelName, const Fields extends FieldMap>(
  model: Name,
  declaration: { readonly fields?: Fields; readonly choices?: Readonly<Record<string, Choices>> },
): ModelExtension<Name, Fields> {
  const fields = Object.freeze({ ...declaration.fields }) as Fields;
  return Object.freeze({ extends: model, fields, choices: declaration.choices ?? {}, file: callerFile() });
}

/** What one module brings into a registry. */
export interface ModuleDefinition {
  readonly models: readonly ModelDefinition[];
  readonly extensions: readonly ModelExtension[];
  /** What {@link ./behaviour.ts} declares. */
  readonly behaviours?: readonly ModelBehaviour[];
  /** What {@link ./wizard.ts} declares. */
  readonly wizards?: readonly (WizardDefinition | WizardExtension)[];
  /** Endpoints of its own, as {@link ./route.ts} declares them. */
  readonly routes?: readonly ModuleRoute[];
}

/** Declares a module: the default export of its `module.ts`. */
export function defineModule(module: {
  readonly models?: readonly ModelDefinition[];
  readonly extensions?: readonly ModelExtension[];
  readonly behaviours?: readonly ModelBehaviour[];
  readonly wizards?: readonly (WizardDefinition | WizardExtension)[];
  readonly routes?: readonly ModuleRoute[];
}): ModuleDefinition {
  const { models = [], extensions = [], behaviours = [], wizards = [], routes = [] } = module;
  return Object.freeze({ models, extensions, behaviours, wizards, routes });
}
