/** How clients show models: views, the windows that hold them, and the menu that leads there. */
import {
  boolean,
  char,
  defineModel,
  integer,
  json,
  manyToMany,
  manyToOne,
  positive,
  selection,
  text,
} from "fullfinity";

export const UiView = defineModel("UiView", {
  label: "View",
  order: ["model ASC", "type ASC", "priority ASC", "id ASC"],
  search: ["name", "identifier"],
  fields: {
    name: char({ required: true }),
    identifier: char({ required: true, unique: true, clone: false, hint: "Such as sales.order_list" }),
    model: char({ required: true, index: true }),
    type: selection(["list", "form", "kanban", "search"], { required: true }),
    priority: integer({ required: true, default: 10, hint: "Of several views of a type the lowest is shown first" }),
    content: json({ required: true, hint: "What is shown, and where" }),
    active: boolean({ default: true }),
  },
});

export const WindowAction = defineModel("WindowAction", {
  label: "Window",
  order: ["name ASC"],
  search: ["name", "identifier"],
  fields: {
    name: char({ required: true }),
    identifier: char({ required: true, unique: true, clone: false, hint: "What methods and menus open it by" }),
    model: char({ required: true, index: true }),
    view_types: json({
      required: true,
      default: ["list", "form"],
      hint: "Types of views, the first to be shown first",
    }),
    filter: text({ hint: "Only these records, such as Q(status='draft')" }),
    order: char({ hint: "Such as date DESC; the model's own unless given" }),
    defaults: json({ hint: "Values of new records" }),
    limit: integer({ required: true, default: 80, validators: [positive] }),
    help: text({ hint: "Shown where there is no record yet" }),
  },
});

export const UiMenu = defineModel("UiMenu", {
  label: "Menu item",
  order: ["sequence ASC", "id ASC"],
  fields: {
    name: char({ required: true }),
    identifier: char({ required: true, unique: true, clone: false }),
    parent: manyToOne("UiMenu", { relatedName: "children", onDelete: "CASCADE", index: true, acyclic: true }),
    sequence: integer({ required: true, sequence: true, default: 10 }),
    action: manyToOne("WindowAction", { onDelete: "CASCADE" }),
    icon: char({ maxLength: 40 }),
    groups: manyToMany("Group", { hint: "Who sees it; everybody inside unless given" }),
    active: boolean({ default: true }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      UiView: typeof UiView;
      WindowAction: typeof WindowAction;
      UiMenu: typeof UiMenu;
    }
  }
}
