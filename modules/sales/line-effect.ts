/** What choosing a customer or a product does to a form, before anything is saved. */
import { type Environment, UserError } from "fullfinity";
import { findCompanyCurrency, loadCustomerTerms, loadProductTerms, type ProductTerms } from "./draft-defaults.ts";

/** What a form takes from its customer. */
export interface CustomerChange {
  readonly currency: number;
  readonly payment_term: number | null;
  readonly address: string | null;
}

/**
 * What a form of an order or invoice takes from the customer that has been chosen.
 *
 * @returns null where the user does not see the customer, or none is chosen: then the form stays as it is
 */
export async function findCustomerChange(
  env: Environment,
  contact: { readonly id: number } | null,
): Promise<CustomerChange | null> {
  if (contact === null) return null;
  const terms = (await loadCustomerTerms(env, [contact.id])).get(contact.id);
  if (terms === undefined) return null;
  const currency = terms.currency ?? (await findCompanyCurrency(env));
  return currency === null ? null : { ...terms, currency };
}

type Part = { readonly id: number } | null;

/** An order or invoice in a form, as far as its lines go by it. */
export interface FormOwner {
  readonly currency: Part;
  readonly company: Part;
  readonly date: string | null;
}

/** What a line in a form takes from its product. */
interface ProductChange {
  readonly values: Partial<ProductTerms>;
  /** Why the price is not among the values. */
  readonly problem: string | null;
  /** The category of the units that the line may be in; null where the product has no unit. */
  readonly units: number | null;
}

/** What the form of a line can be told. */
export interface LineForm {
  change(values: Partial<ProductTerms>): void;
  warn(field: "unit_price", message: string): void;
  narrow(field: "uom", filter: Readonly<Record<string, unknown>>): void;
}

/**
 * Tells the form of a line what its product brings: values, why there is no price, and units that convert into that of the product.
 *
 * @param owner null, or without currency, while nobody has said what the line belongs to: then the price is that of the catalogue
 */
export async function showProduct(
  env: Environment,
  product: Part,
  owner: FormOwner | null,
  { change, warn, narrow }: LineForm,
): Promise<void> {
  const { values, problem, units } = await findProductChange(env, product, owner);
  change(values);
  if (problem !== null) warn("unit_price", problem);
  if (units !== null) narrow("uom", { category: units });
}

async function findProductChange(env: Environment, product: Part, owner: FormOwner | null): Promise<ProductChange> {
  if (product === null) return { values: {}, problem: null, units: null };
  const { currency = null, company = null, date = null } = owner ?? {};
  const isKnown = currency !== null && company !== null && date !== null;
  const terms = isKnown ? { currency: currency.id, company: company.id, date } : null;
  const whole = (await loadProductTerms(env, [product.id], null)).get(product.id);
  const units = await findUnits(env, whole?.uom ?? null);
  try {
    return { values: { ...(await loadProductTerms(env, [product.id], terms)).get(product.id) }, problem: null, units };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { unit_price: _unknown, ...values } = { ...whole };
    return { values, problem: error.message, units };
  }
}

async function findUnits(env: Environment, uom: number | null): Promise<number | null> {
  if (uom === null) return null;
  const [unit] = await env.model("UoM").filter({ id: uom }).all("category");
  return unit?.category.id ?? null;
}
