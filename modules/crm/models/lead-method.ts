/** What people do with leads: win them, and take lost ones up again. */
import { action, implementModel, method, today, UserError } from "fullfinity";

export const CrmLeadMethods = implementModel("CrmLead", {
  methods: {
    mark_won: method(
      {
        scope: "records",
        needs: "write",
        label: "Won",
        description: "Moves leads to the first stage that is won.",
        reads: ["name", "active", "stage.is_won"],
      },
      async (leads, { env }) => {
        for (const { name, active, stage } of leads) {
          if (!active) throw new UserError(`The lead "${name}" is lost: reopen it first`);
          if (stage.is_won) throw new UserError(`The lead "${name}" is won already`);
        }
        const [won] = await env
          .elevated()
          .model("Stage")
          .filter({ is_won: true })
          .order("sequence ASC")
          .limit(1)
          .all("id");
        if (won === undefined) throw new UserError("There is no stage for leads that are won: mark one as such");
        await env
          .elevated()
          .model("CrmLead")
          .updateMany(
            leads.map(({ id }) => id),
            { stage: won.id, probability: 100, closed_date: today(env.clock) },
          );
        return action("notify", { message: `${leads.length} won`, color: "success" });
      },
    ),
    reopen: method(
      {
        scope: "records",
        needs: "write",
        description: "Takes lost leads up again, in the first stage.",
        reads: ["name", "active"],
      },
      async (leads, { env }) => {
        for (const { name, active } of leads) {
          if (active) throw new UserError(`The lead "${name}" is open`);
        }
        const [first] = await env.elevated().model("Stage").order("sequence ASC").limit(1).all("id");
        if (first === undefined) throw new UserError("There is no stage");
        await env
          .elevated()
          .model("CrmLead")
          .updateMany(
            leads.map(({ id }) => id),
            { active: true, stage: first.id, probability: 10, lost_reason: null, lost_notes: null, closed_date: null },
          );
        return action("notify", { message: `${leads.length} reopened` });
      },
    ),
  },
});

declare global {
  namespace Fullfinity {
    interface Behaviours {
      CrmLeadMethods: typeof CrmLeadMethods;
    }
  }
}
