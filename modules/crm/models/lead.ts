/** Leads, the stages that they pass through, and why they are lost. */
import {
  boolean,
  char,
  currentCompany,
  date,
  defineModel,
  emailAddress,
  extendModel,
  float,
  integer,
  manyToMany,
  manyToOne,
  monetary,
  notNegative,
  selection,
  text,
} from "fullfinity";

export const Stage = defineModel("Stage", {
  label: "Stage",
  order: ["sequence ASC", "id ASC"],
  fields: {
    name: char({ required: true, unique: "ignore_case" }),
    sequence: integer({ sequence: true, default: 10 }),
    is_won: boolean({ label: "Won", hint: "Leads in this stage have been won" }),
    folded: boolean({ hint: "Shown folded in a board" }),
  },
});

export const LostReason = defineModel("LostReason", {
  label: "Reason for losing",
  order: ["name ASC"],
  fields: { name: char({ required: true, unique: "ignore_case" }), active: boolean({ default: true }) },
});

export const CrmTag = defineModel("CrmTag", {
  label: "Lead tag",
  order: ["name ASC"],
  fields: { name: char({ required: true, unique: "ignore_case" }) },
});

export const CrmLead = defineModel("CrmLead", {
  label: "Lead",
  companyScoped: true,
  order: ["sequence ASC", "id DESC"],
  search: ["name", "company_name", "contact_name", "email"],
  ignoreAccents: true,
  fields: {
    name: char({ required: true, index: "search", hint: "What it is about" }),
    contact: manyToOne("Contact", { label: "Customer", onDelete: "SET NULL", relatedName: "leads", index: true }),
    company: manyToOne("Company", {
      label: "Sold by",
      onDelete: "RESTRICT",
      index: true,
      default: currentCompany,
      hint: "Of our companies; empty: of all of them",
    }),
    company_name: char({ index: "search", hint: "Of a customer that is no contact yet" }),
    contact_name: char({ index: "search", hint: "Of a person that is no contact yet" }),
    email: char({ validators: [emailAddress], index: "search" }),
    phone: char({ maxLength: 40 }),
    stage: manyToOne("Stage", { required: true, onDelete: "RESTRICT", relatedName: "leads", index: true }),
    sequence: integer({ sequence: true, default: 10 }),
    salesperson: manyToOne("User", { onDelete: "SET NULL", index: true, hint: "Who creates it, unless given" }),
    currency: manyToOne("Currency", { required: true, onDelete: "RESTRICT" }),
    expected_revenue: monetary({ currency: "currency", required: true, default: 0, validators: [notNegative] }),
    probability: float({
      required: true,
      precision: 2,
      default: 10,
      hint: "Percent",
      validators: [(value) => (Number(value) >= 0 && Number(value) <= 100 ? null : "must be between 0 and 100")],
    }),
    weighted_revenue: monetary({
      currency: "currency",
      hint: "Expected revenue by its probability",
      calculate: "weighted_revenue",
      dependsOn: ["expected_revenue", "probability"],
    }),
    expected_closing: date({ clone: false }),
    priority: selection(["low", "medium", "high"], { required: true, default: "medium" }),
    tags: manyToMany("CrmTag", { relatedName: "leads" }),
    lost_reason: manyToOne("LostReason", { readonly: true, clone: false, onDelete: "RESTRICT" }),
    lost_notes: text({ readonly: true, clone: false }),
    closed_date: date({ readonly: true, clone: false, hint: "The day on which it was won or lost" }),
    active: boolean({ default: true, hint: "Lost leads are archived" }),
    notes: text(),
  },
});

export const SaleOrderCrm = extendModel("SaleOrder", {
  fields: {
    lead: manyToOne("CrmLead", { onDelete: "SET NULL", relatedName: "orders", index: true, clone: false }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      Stage: typeof Stage;
      LostReason: typeof LostReason;
      CrmTag: typeof CrmTag;
      CrmLead: typeof CrmLead;
    }
    interface Extensions {
      SaleOrderCrm: typeof SaleOrderCrm;
    }
  }
}
