/** Losing leads, and why. */
import { action, defineWizard, implementModel, manyToOne, method, text, today, UserError } from "fullfinity";

export const MarkLostWizard = defineWizard("MarkLostWizard", {
  label: "Mark as lost",
  fields: {
    reason: manyToOne("LostReason", { required: true }),
    notes: text(),
  },
});

export const CrmLeadLoss = implementModel("CrmLead", {
  methods: {
    mark_lost: method(
      {
        scope: "records",
        needs: "write",
        label: "Lost",
        description: "Archives leads that will not be won, with the reason.",
        reads: ["name", "active", "stage.is_won"],
        wizard: "MarkLostWizard",
      },
      async (leads, { env, inputs }) => {
        for (const { name, active, stage } of leads) {
          if (!active) throw new UserError(`The lead "${name}" is lost already`);
          if (stage.is_won) throw new UserError(`The lead "${name}" is won`);
        }
        await env
          .elevated()
          .model("CrmLead")
          .updateMany(
            leads.map(({ id }) => id),
            {
              active: false,
              probability: 0,
              lost_reason: inputs.reason.id,
              lost_notes: inputs.notes,
              closed_date: today(env.clock),
            },
          );
        return action("close", { reload: true, notify: `${leads.length} lost` });
      },
    ),
  },
});

declare global {
  namespace Fullfinity {
    interface Wizards {
      MarkLostWizard: typeof MarkLostWizard;
    }
    interface Behaviours {
      CrmLeadLoss: typeof CrmLeadLoss;
    }
  }
}
