/** The sales module. */
import { defineModule } from "fullfinity";
import { SaleOrder, SaleOrderLine } from "./models/sale-order.ts";
import { SaleOrderBehaviour } from "./models/sale-order-behaviour.ts";
import { SaleOrderEffects, SaleOrderLineEffects } from "./models/sale-order-effect.ts";
import { SaleOrderLineBehaviour } from "./models/sale-order-line-behaviour.ts";
import { SaleOrderMethods } from "./models/sale-order-method.ts";
import { ContactSales, PaymentTerm, ProductSales, Tax } from "./models/tax.ts";
import { CurrencySalesBehaviour, TaxBehaviour } from "./models/tax-behaviour.ts";

export default defineModule({
  models: [PaymentTerm, Tax, SaleOrder, SaleOrderLine],
  extensions: [ContactSales, ProductSales],
  behaviours: [
    SaleOrderBehaviour,
    SaleOrderMethods,
    SaleOrderEffects,
    SaleOrderLineEffects,
    SaleOrderLineBehaviour,
    TaxBehaviour,
    CurrencySalesBehaviour,
  ],
});
