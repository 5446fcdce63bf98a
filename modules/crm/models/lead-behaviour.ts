/** What leads do: they begin in the first stage, weigh their revenue, and are certain once they are won. */
import { Decimal, type Environment, implementModel, today } from "fullfinity";
import { type Draft, findCompanyCurrency, idOf, loadCustomerTerms } from "../../sales/draft-defaults.ts";

export const CrmLeadBehaviour = implementModel("CrmLead", {
  calculate: {
    weighted_revenue: (leads) =>
      leads.map(({ expected_revenue, probability }) =>
        new Decimal(expected_revenue).times(probability).times("0.01").toFixed(),
      ),
  },
  hooks: {
    beforeCreate: async (leads, env, next) => next(await completeLeads(env, leads)),
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await followStage(env, ids);
    },
    afterUpdate: async (changes, env, next) => {
      await next(changes);
      const moved = changes.filter(({ values }) => "stage" in values).map(({ id }) => id);
      if (moved.length > 0) await followStage(env, moved);
    },
  },
});

async function completeLeads(env: Environment, leads: readonly Draft[]): Promise<Draft[]> {
  const [first] = await env.model("Stage").order("sequence ASC").limit(1).all("id");
  const currency = await findCompanyCurrency(env);
  const customers = await loadCustomerTerms(
    env,
    leads.map(({ contact }) => idOf(contact)),
  );
  return leads.map((lead) => ({
    stage: first?.id ?? null,
    salesperson: env.access.userId,
    currency: customers.get(idOf(lead.contact) ?? 0)?.currency ?? currency,
    ...lead,
  }));
}

/** Leads that come to a stage that is won are certain, and closed; those that leave it are open again. */
async function followStage(env: Environment, ids: readonly number[]): Promise<void> {
  const leads = env.model("CrmLead").filter({ id__in: ids });
  const won = await leads.filter({ stage__is_won: true, closed_date__isnull: true }).all("id");
  const open = await leads.filter({ stage__is_won: false, active: true, closed_date__isnull: false }).all("id");
  const kernel = env.elevated().model("CrmLead");
  const day = today(env.clock);
  if (won.length > 0)
    await kernel.updateMany(
      won.map(({ id }) => id),
      { probability: 100, closed_date: day },
    );
  if (open.length > 0)
    await kernel.updateMany(
      open.map(({ id }) => id),
      { closed_date: null },
    );
}
