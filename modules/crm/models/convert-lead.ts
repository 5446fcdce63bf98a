/** Converting a lead: its customer becomes a contact, and where wanted a draft order is begun. */
import {
  action,
  boolean,
  char,
  defineWizard,
  type Environment,
  implementModel,
  manyToOne,
  method,
  UserError,
  ValidationError,
} from "fullfinity";
import { findCompany } from "../../sales/draft-defaults.ts";

export const ConvertLeadWizard = defineWizard("ConvertLeadWizard", {
  label: "Convert",
  fields: {
    contact: manyToOne("Contact", { hint: "An existing customer; a new one is made unless given" }),
    company_name: char({ hint: "Of the new customer" }),
    contact_name: char({ hint: "Of the person there" }),
    create_order: boolean({ default: true, hint: "Begins a draft order for the customer" }),
  },
});

export const CrmLeadConversion = implementModel("CrmLead", {
  methods: {
    convert: method(
      {
        scope: "records",
        needs: "write",
        description: "Makes a customer of a lead, and a draft order for it.",
        reads: [
          "name",
          "active",
          "contact.id",
          "company.id",
          "company_name",
          "contact_name",
          "email",
          "phone",
          "currency.id",
          "salesperson.id",
        ],
        wizard: "ConvertLeadWizard",
        defaults: async ([lead], { env }) => ({
          create_order: mayOrder(env),
          ...(lead === undefined
            ? {}
            : {
                contact: lead.contact?.id ?? (await findByEmail(env, lead.email)),
                company_name: lead.company_name,
                contact_name: lead.contact_name,
              }),
        }),
      },
      async ([lead, ...others], { env, inputs }) => {
        if (lead === undefined || others.length > 0) throw new UserError("Leads are converted one at a time");
        if (!lead.active) throw new UserError(`The lead "${lead.name}" is lost: reopen it first`);
        if (inputs.create_order && !mayOrder(env)) {
          const message = "takes the right to create sales orders";
          throw ValidationError.ofFields([{ path: "create_order", message }]);
        }
        const { company_name, contact_name } = inputs;
        const names = {
          company_name: company_name ?? lead.company_name,
          contact_name: contact_name ?? lead.contact_name,
        };
        const contact = inputs.contact?.id ?? lead.contact?.id ?? (await createCustomer(env, { ...lead, ...names }));
        await env.model("CrmLead").update(lead.id, { contact });
        if (!inputs.create_order) {
          return action("window_action", { identifier: "contacts.contact", record_id: contact });
        }
        const company = lead.company?.id ?? (await findCompany(env));
        if (company === null) throw new UserError("There is no company that could sell");
        const order = await env.model("SaleOrder").create({
          contact,
          company,
          lead: lead.id,
          currency: lead.currency.id,
          salesperson: lead.salesperson?.id ?? null,
          note: lead.name,
        });
        return action("window_action", { identifier: "sales.sale_order", record_id: order.id });
      },
    ),
  },
});

/** Whether whoever converts may make orders, too. */
function mayOrder({ access, registry }: Environment): boolean {
  const orders = registry.models.get("SaleOrder");
  return orders !== undefined && access.can(orders, "create");
}

interface Prospect {
  readonly name: string;
  readonly company_name: string | null;
  readonly contact_name: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly currency: { readonly id: number };
}

/** Makes the contacts of a customer: the company, and the person there; either where there is only one. */
async function createCustomer(env: Environment, lead: Prospect): Promise<number> {
  const contacts = env.model("Contact");
  const reach = { email: lead.email, phone: lead.phone };
  const currency = lead.currency.id;
  const { company_name, contact_name } = lead;
  if (company_name === null) {
    if (contact_name === null)
      throw new UserError(`The lead "${lead.name}" names no customer: give company_name or contact_name`);
    return (await contacts.create({ name: contact_name, currency, ...reach })).id;
  }
  const company = await contacts.create({
    name: company_name,
    is_company: true,
    currency,
    ...(contact_name === null ? reach : {}),
  });
  if (contact_name !== null) await contacts.create({ name: contact_name, parent: company.id, ...reach });
  return company.id;
}

/** The customer that is known under an address already; null where there is none, or more than one. */
async function findByEmail(env: Environment, email: string | null): Promise<number | null> {
  if (email === null) return null;
  const found = await env
    .model("Contact")
    .filter({ email__iendswith: email, active: true })
    .limit(2)
    .all("email", "parent");
  const same = found.filter((contact) => contact.email?.toLowerCase() === email.toLowerCase());
  const [contact] = same;
  return same.length === 1 && contact !== undefined ? (contact.parent?.id ?? contact.id) : null;
}

declare global {
  namespace Fullfinity {
    interface Wizards {
      ConvertLeadWizard: typeof ConvertLeadWizard;
    }
    interface Behaviours {
      CrmLeadConversion: typeof CrmLeadConversion;
    }
  }
}
