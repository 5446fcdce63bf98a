/** The products module. */
import { defineModule } from "fullfinity";
import { CategoryBehaviour } from "./models/category-behaviour.ts";
import { ChangePricesBehaviour, ChangePricesWizard, PriceBehaviour } from "./models/change-prices.ts";
import { Category, Product } from "./models/product.ts";
import { UoM, UoMCategory } from "./models/uom.ts";
import { UoMBehaviour } from "./models/uom-behaviour.ts";

export default defineModule({
  models: [UoMCategory, UoM, Category, Product],
  behaviours: [CategoryBehaviour, UoMBehaviour, PriceBehaviour, ChangePricesBehaviour],
  wizards: [ChangePricesWizard],
});
