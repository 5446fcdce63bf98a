/** What forms of leads do while people fill them in: the customer says how to be reached, a won stage is certain. */
import { effect, implementModel } from "fullfinity";

export const CrmLeadEffects = implementModel("CrmLead", {
  effects: {
    contact: effect({ reads: ["contact.email", "contact.phone", "contact.currency.id"] }, ({ contact }, { change }) => {
      if (contact === null) return;
      const { email, phone, currency } = contact;
      change({ email, phone, ...(currency === null ? {} : { currency: currency.id }) });
    }),
    stage: effect({ reads: ["stage.is_won"] }, ({ stage }, { change }) => {
      if (stage?.is_won === true) change({ probability: 100 });
    }),
  },
});
