/** The CRM module. */
import { defineModule } from "fullfinity";
import { ConvertLeadWizard, CrmLeadConversion } from "./models/convert-lead.ts";
import { CrmLead, CrmTag, LostReason, SaleOrderCrm, Stage } from "./models/lead.ts";
import { CrmLeadBehaviour } from "./models/lead-behaviour.ts";
import { CrmLeadEffects } from "./models/lead-effect.ts";
import { CrmLeadMethods } from "./models/lead-method.ts";
import { CrmLeadLoss, MarkLostWizard } from "./models/mark-lost.ts";

export default defineModule({
  models: [Stage, LostReason, CrmTag, CrmLead],
  extensions: [SaleOrderCrm],
  wizards: [MarkLostWizard, ConvertLeadWizard],
  behaviours: [CrmLeadBehaviour, CrmLeadMethods, CrmLeadEffects, CrmLeadLoss, CrmLeadConversion],
});
