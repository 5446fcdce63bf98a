/** What new orders, invoices and their lines take from the customer and the products, where whoever writes them says nothing. */
import { type Decimal, type Environment, today } from "fullfinity";
import { loadConversion } from "../core/currency-conversion.ts";

/** Values that somebody wants to write, not checked yet. */
export type Draft = Readonly<Record<string, unknown>>;

/** What prices of an order's lines are reckoned in. */
export interface PriceTerms {
  readonly currency: number;
  /** Whose currency the prices of products are in. */
  readonly company: number;
  /** `YYYY-MM-DD` */
  readonly date: string;
}

/** The id that a reference is written by; null for anything that is none, which is refused later. */
export function idOf(reference: unknown): number | null {
  const id = typeof reference === "object" && reference !== null && "id" in reference ? reference.id : reference;
  return typeof id === "number" && Number.isSafeInteger(id) ? id : null;
}

/** The values with those of `defaults` that they leave out. */
function completed(values: Draft, defaults: Draft): Draft {
  const added = Object.entries(defaults).filter(([name, value]) => values[name] === undefined && value !== null);
  return { ...values, ...Object.fromEntries(added) };
}

/** The company that whoever writes works for; the oldest one where that is nobody. */
export async function findCompany(env: Environment): Promise<number | null> {
  const { company_id } = env.names;
  if (typeof company_id === "number") return company_id;
  const [oldest] = await env.elevated().model("Company").order("id ASC").limit(1).all("id");
  return oldest?.id ?? null;
}

/** The currency of the company that whoever writes works for. */
export async function findCompanyCurrency(env: Environment): Promise<number | null> {
  return (await loadCompanyCurrencies(env)).get((await findCompany(env)) ?? 0) ?? null;
}

/** What an order takes from its customer. */
export interface CustomerTerms {
  readonly currency: number | null;
  readonly payment_term: number | null;
  readonly address: string | null;
}

/** Reads what orders take from these customers; those that the user may not see are missing. */
export async function loadCustomerTerms(
  env: Environment,
  contacts: readonly (number | null)[],
): Promise<ReadonlyMap<number, CustomerTerms>> {
  const ids = [...new Set(contacts.filter((id) => id !== null))];
  if (ids.length === 0) return new Map();
  const found = await env
    .model("Contact")
    .filter({ id__in: ids })
    .all("currency", "payment_term", "name", "full_address");
  return new Map(
    found.map(({ id, currency, payment_term, name, full_address }) => [
      id,
      {
        currency: currency?.id ?? null,
        payment_term: payment_term?.id ?? null,
        address: full_address === null ? null : `${name}\n${full_address}`,
      },
    ]),
  );
}

/**
 * Completes new orders or invoices: salesperson, company, currency, payment term and addresses, and the lines that come with them.
 *
 * @param drafts as they are written
 * @param addresses the fields that take the customer's address
 */
export async function completeDrafts(
  env: Environment,
  drafts: readonly Draft[],
  addresses: readonly string[],
): Promise<Draft[]> {
  const company = await findCompany(env);
  const customers = await loadCustomerTerms(
    env,
    drafts.map(({ contact }) => idOf(contact)),
  );
  const currencies = await loadCompanyCurrencies(env);
  const whole: Draft[] = [];
  for (const draft of drafts) {
    const customer = customers.get(idOf(draft.contact) ?? 0);
    const owner = idOf(draft.company) ?? company;
    const values = completed(draft, {
      company: owner,
      salesperson: env.access.userId,
      currency: customer?.currency ?? currencies.get(owner ?? 0) ?? null,
      payment_term: customer?.payment_term ?? null,
      ...Object.fromEntries(addresses.map((name) => [name, customer?.address ?? null])),
    });
    whole.push(await completeNestedLines(env, values, termsOf(env, values)));
  }
  return whole;
}

/** An order or invoice, as far as its lines go by it. */
export interface LineOwner {
  readonly id: number;
  readonly currency: { readonly id: number };
  readonly company: { readonly id: number };
  readonly date: string;
}

/** Completes the new lines that changes of orders or invoices bring. */
export async function completeChanges<Change extends { readonly id: number; readonly values: Draft }>(
  env: Environment,
  changes: readonly Change[],
  owners: readonly LineOwner[],
): Promise<{ id: number; values: Draft }[]> {
  const whole: { id: number; values: Draft }[] = [];
  for (const { id, values } of changes) {
    const owner = owners.find((each) => each.id === id);
    const terms = termsOf(env, { ...owner, ...values });
    whole.push({ id, values: await completeNestedLines(env, values, terms) });
  }
  return whole;
}

/** Completes new lines that are written by themselves and name their order or invoice. */
export async function completeDetachedLines(
  env: Environment,
  lines: readonly Draft[],
  ownerField: string,
  loadOwners: (ids: readonly number[]) => Promise<readonly LineOwner[]>,
): Promise<readonly Draft[]> {
  const ids = [...new Set(lines.map((line) => idOf(line[ownerField])).filter((id) => id !== null))];
  if (ids.length === 0) return lines;
  const whole = [...lines];
  for (const { id, currency, company, date } of await loadOwners(ids)) {
    const places = lines.flatMap((line, index) => (idOf(line[ownerField]) === id ? [index] : []));
    const mine = places.map((index) => lines[index] ?? {});
    const done = await completeLines(env, mine, { currency: currency.id, company: company.id, date });
    places.forEach((index, at) => {
      whole[index] = done[at] ?? {};
    });
  }
  return whole;
}

function termsOf(env: Environment, { currency, company, date }: Draft): PriceTerms | null {
  const ids = { currency: idOf(currency), company: idOf(company) };
  if (ids.currency === null || ids.company === null) return null;
  const day = typeof date === "string" && /^\d{4}-\d{2}-\d{2}$/.test(date) ? date : today(env.clock);
  return { currency: ids.currency, company: ids.company, date: day };
}

async function loadCompanyCurrencies(env: Environment): Promise<ReadonlyMap<number, number>> {
  const companies = await env.elevated().model("Company").all("currency");
  return new Map(companies.map(({ id, currency }) => [id, currency.id]));
}

/**
 * Completes the new lines among those that are written along with an order.
 *
 * @param terms null where the order is not fit to say: its lines stay as they are
 */
async function completeNestedLines(env: Environment, order: Draft, terms: PriceTerms | null): Promise<Draft> {
  const { lines } = order;
  if (terms === null || !Array.isArray(lines)) return order;
  const isNew = (line: unknown): line is Draft => isValues(line) && line.id === undefined;
  const fresh: Draft[] = lines.flatMap((line: unknown) =>
    Array.isArray(line) ? (line[0] === "C" && isValues(line[1]) ? [line[1]] : []) : isNew(line) ? [line] : [],
  );
  const whole = (await completeLines(env, fresh, terms)).values();
  const next = () => whole.next().value;
  return {
    ...order,
    lines: lines.map((line: unknown) =>
      Array.isArray(line) ? (line[0] === "C" && isValues(line[1]) ? ["C", next()] : line) : isNew(line) ? next() : line,
    ),
  };
}

function isValues(value: unknown): value is Draft {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a line takes from its product. */
export interface ProductTerms {
  readonly description: string;
  readonly unit_price: string;
  readonly uom: number | null;
  readonly taxes: readonly number[];
}

/** Completes new lines of one order with what their products say; the price in the order's currency. */
async function completeLines(env: Environment, lines: readonly Draft[], terms: PriceTerms): Promise<readonly Draft[]> {
  const ids = lines.map(({ product }) => idOf(product));
  // Only lines that leave the price out need a rate of exchange.
  const priced = ids.filter((_, index) => lines[index]?.unit_price === undefined);
  const products = await loadProductTerms(env, ids, priced.some((id) => id !== null) ? terms : null);
  return lines.map((line, index) => completed(line, { ...products.get(ids[index] ?? 0) }));
}

/**
 * Reads what lines take from these products; those that the user may not see are missing.
 *
 * @param terms null leaves the price as it stands in the catalogue
 * @throws UserError where the price cannot be converted for want of a rate
 */
export async function loadProductTerms(
  env: Environment,
  products: readonly (number | null)[],
  terms: PriceTerms | null,
): Promise<ReadonlyMap<number, ProductTerms>> {
  const ids = [...new Set(products.filter((id) => id !== null))];
  if (ids.length === 0) return new Map();
  const found = await env.model("Product").filter({ id__in: ids }).all("name", "price", "uom", "taxes");
  const convert = terms === null ? null : await loadPriceConversion(env, terms);
  return new Map(
    found.map(({ id, name, price, uom, taxes }) => [
      id,
      {
        description: name,
        unit_price: convert === null ? price : convert(price).toFixed(),
        uom: uom?.id ?? null,
        taxes: taxes.map((tax) => tax.id),
      },
    ]),
  );
}

async function loadPriceConversion(env: Environment, terms: PriceTerms): Promise<((price: string) => Decimal) | null> {
  const own = (await loadCompanyCurrencies(env)).get(terms.company);
  if (own === undefined || own === terms.currency) return null;
  // A currency that is not there is told at its field.
  if ((await env.model("Currency").filter({ id: terms.currency }).count()) === 0) return null;
  return (await loadConversion(env, own, terms.currency, terms.date)).convert;
}
