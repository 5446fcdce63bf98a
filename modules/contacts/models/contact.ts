/** Contacts: companies, and the people who work there. */
import {
  binary,
  boolean,
  char,
  defineModel,
  emailAddress,
  extendModel,
  integer,
  manyToMany,
  manyToOne,
  text,
} from "fullfinity";

export const ContactTag = defineModel("ContactTag", {
  label: "Contact tag",
  order: ["name ASC"],
  fields: {
    name: char({ required: true, unique: "ignore_case" }),
    color: integer({
      required: true,
      default: 0,
      validators: [(value) => (value >= 0 && value <= 11 ? null : "must be between 0 and 11")],
    }),
  },
});

export const Contact = defineModel("Contact", {
  label: "Contact",
  order: ["name ASC"],
  search: ["name", "email"],
  ignoreAccents: true,
  fields: {
    name: char({ required: true, index: "search" }),
    is_company: boolean({ label: "Is a company" }),
    parent: manyToOne("Contact", { label: "Company", relatedName: "children", index: true, acyclic: true }),
    email: char({ validators: [emailAddress], index: "search" }),
    phone: char({ maxLength: 40 }),
    street: char(),
    city: char({ maxLength: 100 }),
    zip: char({ maxLength: 20, label: "ZIP" }),
    country: manyToOne("Country", { onDelete: "RESTRICT", index: true }),
    full_address: text({
      hint: "As it stands on an envelope",
      calculate: "full_address",
      dependsOn: ["street", "zip", "city", "country.name"],
      stored: false,
    }),
    currency: manyToOne("Currency", { onDelete: "RESTRICT" }),
    tags: manyToMany("ContactTag", { relatedName: "contacts" }),
    active: boolean({ default: true }),
    image: binary(),
    notes: text(),
  },
});

export const UserContact = extendModel("User", {
  fields: {
    contact: manyToOne("Contact", { onDelete: "SET NULL", relatedName: "users", index: true }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      ContactTag: typeof ContactTag;
      Contact: typeof Contact;
    }
    interface Extensions {
      UserContact: typeof UserContact;
    }
  }
}
