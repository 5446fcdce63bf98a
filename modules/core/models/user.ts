/** People who sign in, the groups they belong to, and what those groups may do. */
import {
  boolean,
  char,
  currentCompany,
  defineModel,
  emailAddress,
  manyToMany,
  manyToOne,
  password,
  selection,
  text,
  timeZone,
} from "fullfinity";

export const User = defineModel("User", {
  label: "User",
  track: true,
  order: ["name ASC"],
  search: ["name", "email"],
  fields: {
    name: char({ required: true }),
    email: char({ required: true, unique: "ignore_case", clone: false, validators: [emailAddress] }),
    password: password({ hint: "At least 8 characters" }),
    active: boolean({ default: true, hint: "An inactive user cannot sign in" }),
    groups: manyToMany("Group", { relatedName: "users" }),
    default_company: manyToOne("Company", {
      onDelete: "RESTRICT",
      default: currentCompany,
      hint: "Who belongs to no company sees no records of companies",
    }),
    allowed_companies: manyToMany("Company", { relatedName: "users" }),
    language: selection(
      { en: "English", de: "Deutsch", fr: "Français", es: "Español" },
      { required: true, default: "en" },
    ),
    timezone: char({
      required: true,
      default: "UTC",
      maxLength: 64,
      hint: "Such as Europe/Berlin",
      validators: [timeZone],
    }),
  },
});

export const Group = defineModel("Group", {
  label: "Group",
  track: true,
  order: ["category ASC", "name ASC"],
  fields: {
    name: char({ required: true }),
    identifier: char({ required: true, unique: true, clone: false }),
    category: char({ hint: "Groups of one category are shown together" }),
    exclusive: boolean({ hint: "A user has at most one exclusive group of a category" }),
    implied_groups: manyToMany("Group", {
      relatedName: "implied_by",
      hint: "Members of this group are members of those too",
    }),
  },
});

export const ModelAccess = defineModel("ModelAccess", {
  label: "Model access",
  description: "What the members of a group may do with the records of a model. What no row allows is denied.",
  track: true,
  order: ["model ASC", "id ASC"],
  fields: {
    identifier: char({ unique: true, clone: false }),
    name: char({ required: true }),
    model: char({ required: true, index: true, hint: 'A model, or "*" for all of them' }),
    group: manyToOne("Group", { required: true, onDelete: "CASCADE", index: true }),
    read_perm: boolean({ label: "Read" }),
    create_perm: boolean({ label: "Create" }),
    write_perm: boolean({ label: "Change" }),
    delete_perm: boolean({ label: "Delete" }),
  },
});

export const RecordRule = defineModel("RecordRule", {
  label: "Record rule",
  description: "Which records of a model may be seen or changed.",
  track: true,
  order: ["model ASC", "id ASC"],
  fields: {
    identifier: char({ unique: true, clone: false }),
    name: char({ required: true }),
    model: char({ required: true, index: true }),
    groups: manyToMany("Group", { hint: "Without a group the rule holds for everybody" }),
    rule: text({ required: true, hint: "A filter, such as Q(salesperson=uid)" }),
    read_perm: boolean({ label: "Read", default: true }),
    create_perm: boolean({ label: "Create", default: true }),
    write_perm: boolean({ label: "Change", default: true }),
    delete_perm: boolean({ label: "Delete", default: true }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      User: typeof User;
      Group: typeof Group;
      ModelAccess: typeof ModelAccess;
      RecordRule: typeof RecordRule;
    }
  }
}
