/** The invoicing module. */
import { defineModule } from "fullfinity";
import { CreateCreditNoteWizard, InvoiceCredit } from "./models/create-credit-note.ts";
import {
  CreateInvoiceBehaviour,
  CreateInvoiceWizard,
  CreateInvoiceWizardLine,
  SaleOrderBilling,
} from "./models/create-invoice.ts";
import { CreateInvoiceEffects } from "./models/create-invoice-effect.ts";
import { Invoice, InvoiceLine, SaleOrderInvoicing, SaleOrderLineInvoicing } from "./models/invoice.ts";
import { InvoiceBehaviour } from "./models/invoice-behaviour.ts";
import { InvoiceEffects, InvoiceLineEffects } from "./models/invoice-effect.ts";
import { InvoiceLineBehaviour } from "./models/invoice-line-behaviour.ts";
import { InvoiceMethods } from "./models/invoice-method.ts";
import { CreditAllocation, Payment, PaymentAllocation } from "./models/payment.ts";
import { PaymentAllocationBehaviour, PaymentBehaviour } from "./models/payment-behaviour.ts";
import { PaymentMethods } from "./models/payment-method.ts";
import { InvoicePayment, RegisterPaymentBehaviour, RegisterPaymentWizard } from "./models/register-payment.ts";
import {
  SaleOrderInvoicingBehaviour,
  SaleOrderLineInvoicingBehaviour,
} from "./models/sale-order-invoicing-behaviour.ts";

import { CurrencyInvoicingBehaviour, TaxInvoicingBehaviour } from "./models/tax-invoicing-behaviour.ts";

export default defineModule({
  models: [Invoice, InvoiceLine, Payment, PaymentAllocation, CreditAllocation],
  extensions: [SaleOrderInvoicing, SaleOrderLineInvoicing],
  wizards: [CreateInvoiceWizard, CreateInvoiceWizardLine, RegisterPaymentWizard, CreateCreditNoteWizard],
  behaviours: [
    InvoiceBehaviour,
    InvoiceMethods,
    InvoiceEffects,
    InvoiceLineEffects,
    InvoicePayment,
    RegisterPaymentBehaviour,
    InvoiceCredit,
    CreateInvoiceBehaviour,
    CreateInvoiceEffects,
    SaleOrderBilling,
    InvoiceLineBehaviour,
    PaymentBehaviour,
    PaymentMethods,
    PaymentAllocationBehaviour,
    SaleOrderInvoicingBehaviour,
    SaleOrderLineInvoicingBehaviour,
    TaxInvoicingBehaviour,
    CurrencyInvoicingBehaviour,
  ],
});
