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
export interface ProductChange {
  readonly values: Partial<ProductTerms>;
  /** Why the price is not among the values. */
  readonly problem: string | null;
}

/**
 * What a line in a form takes from the product that has been chosen; the price in the currency of its owner.
 *
 * @param owner null, or without currency, while nobody has said what the line belongs to: then the price is that of the catalogue
 */
export async function findProductChange(
  env: Environment,
  product: Part,
  owner: FormOwner | null,
): Promise<ProductChange> {
  if (product === null) return { values: {}, problem: null };
  const { currency = null, company = null, date = null } = owner ?? {};
  const isKnown = currency !== null && company !== null && date !== null;
  const terms = isKnown ? { currency: currency.id, company: company.id, date } : null;
  try {
    return { values: { ...(await loadProductTerms(env, [product.id], terms)).get(product.id) }, problem: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const found = (await loadProductTerms(env, [product.id], null)).get(product.id);
    const { unit_price: _unknown, ...values } = { ...found };
    return { values, problem: error.message };
  }
}
