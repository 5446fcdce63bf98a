/** What a method may answer with besides data: an action that the client carries out. */
import { type Static, Type } from "typebox";
import { strictObject } from "./schema.ts";

/** A path of this server, or a web address: nothing that a browser would run. */
const LINK = "^(/(?!/)|https?://)";
const MEDIA_TYPE = "^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+$";

type Color = "info" | "success" | "warning" | "danger";

/** The members of each action, by its type. */
export const actionSchemas = {
  close: strictObject(
    { reload: Type.Optional(Type.Boolean()), notify: Type.Optional(Type.String()), type: Type.Literal("close") },
    { description: "Closes the dialog; `reload` reads the records behind it again, `notify` is shown." },
  ),
  notify: strictObject(
    {
      type: Type.Literal("notify"),
      message: Type.String(),
      color: Type.Optional(Type.Unsafe<Color>({ type: "string", enum: ["info", "success", "warning", "danger"] })),
      action: Type.Optional(
        Type.Unsafe<Readonly<Record<string, unknown>>>({ type: "object", description: "Another action." }),
      ),
      action_label: Type.Optional(Type.String()),
    },
    { description: "Shows a message, with a button for another action where it has one." },
  ),
  window_action: strictObject(
    {
      type: Type.Literal("window_action"),
      identifier: Type.String({ minLength: 1 }),
      record_id: Type.Optional(Type.Integer({ minimum: 1 })),
    },
    { description: "Opens a window, on a record where one is given." },
  ),
  url: strictObject(
    { type: Type.Literal("url"), url: Type.String({ pattern: LINK }), new_tab: Type.Optional(Type.Boolean()) },
    { description: "Opens a page: a path of this server, or a web address." },
  ),
  file_download: strictObject(
    {
      type: Type.Literal("file_download"),
      filename: Type.String({ minLength: 1, maxLength: 255 }),
      content: Type.String({ description: "Base64.", contentEncoding: "base64" }),
      mimetype: Type.String({ pattern: MEDIA_TYPE }),
    },
    { description: "Saves a file." },
  ),
} as const;

/** The id of the record that a result opens, such as one that the method has made; null where it opens none. */
export function openedRecord(result: unknown): number | null {
  const { type, record_id: id } = Object(result) as { readonly type?: unknown; readonly record_id?: unknown };
  return type === "window_action" && typeof id === "number" ? id : null;
}

type ActionSchemas = typeof actionSchemas;
/** The types of actions. */
export type ActionType = keyof ActionSchemas;
/** An action that a client carries out. */
export type ActionResult = { [Type in ActionType]: Readonly<Static<ActionSchemas[Type]>> }[ActionType];
type MembersOf<Type extends ActionType> = Omit<Static<ActionSchemas[Type]>, "type">;

/**
 * Makes an action: the result of a method, or what an error offers.
 *
 * @param type what the client does
 * @param members what it needs for that
 */
export function action<const Type extends ActionType>(type: Type, members: MembersOf<Type>): ActionResult {
  return { ...members, type } as unknown as ActionResult;
}
