/** What a row of the benchmark is: what is asked of our server, and the same of the floor. */

/** One HTTP request with a JSON body. */
export interface BenchRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** The same wish, put to both servers. */
export interface RequestPair {
  readonly ours: BenchRequest;
  readonly floor: BenchRequest;
}

/** One line of the results. */
export interface BenchRow {
  readonly name: string;
  readonly title: string;
  /** Below this ratio the row is marked. */
  readonly aim: number;
  /** What an answer says has been written: a record to compare afterwards; absent in rows that only read. */
  readonly written?: (answer: unknown) => RequestPair;
  /** Clients at a time, where it is not the usual numbers. */
  readonly connections?: readonly number[];
  /** Different requests that each client sends, where they are so large that it cannot be the usual number. */
  readonly distinct?: number;
  /**
   * What ours is compared with: the floor unless told, our own server whose table counts no changes, or the administrator while
   * ours is asked by a user with ten groups and five rules.
   */
  readonly against?: "floor" | "uncounted" | "administrator";
  /** The request number `n`, counted from 0; rows that always ask the same give the same for each. */
  readonly request: (n: number) => RequestPair;
  /** What goes into each of our requests beside that, asked of our server before. */
  readonly prepare?: (ours: Ask) => Promise<Readonly<Record<string, unknown>>>;
  /** What another client sends without a pause meanwhile: the request number `n`. */
  readonly meanwhile?: (n: number) => RequestPair;
}

/** A parsed answer. */
export interface Answer {
  readonly body: unknown;
  readonly etag: string | null;
}

/** Sends a request; throws for every status but 200. */
export type Ask = (request: BenchRequest) => Promise<Answer>;

/** Records that the benchmark works on; their ids are 1 to this number. */
export const PRODUCTS = 100_000;
export const CATEGORIES = 50;
/** Companies, and the people of each. */
export const COMPANIES = 2000;
export const PEOPLE_EACH = 5;
/** Contact tags: the table that is only long. Their ids are 1 to this number. */
export const TAGS = 1_000_000;
/** Records of a page. */
export const LIMIT = 20;
/** Cheapest and dearest product differ by so much. */
export const PRICE_RANGE = 1000;
/** Far apart and without a common divisor with the number of products: neighbours in time are no neighbours on disk. */
export const STRIDE = 48_271;

export const listFields = ["id", "name", "code", "price", "active"];

export function list(path: string, body: object, fields: readonly string[], more: object): RequestPair {
  return {
    ours: {
      method: "POST",
      path: "/api/query/Product",
      body: { fields, order_by: ["name ASC"], limit: LIMIT, ...more },
    },
    floor: { method: "POST", path, body: { limit: LIMIT, ...body } },
  };
}

/** The id of the product that the request number `n` is about. */
export function productId(n: number): number {
  return 1 + ((n * STRIDE) % PRODUCTS);
}

/** The answer without where the list goes on, which the floor does not tell. */
export function withoutCursor(body: unknown): unknown {
  const { next_cursor: _, ...rest } = body as Readonly<Record<string, unknown>>;
  return rest;
}

/** Reads one product with everything that the rows write. */
export function fetchProduct(id: number): RequestPair {
  const fields = [...listFields, "description", "cost", "category"];
  return {
    ours: { method: "POST", path: `/api/fetch/Product/${id}`, body: { fields } },
    floor: { method: "GET", path: `/products/${id}` },
  };
}

/** Products of a price range, the active ones of them. */
export function listFiltered(from: number, to: number, total: boolean): RequestPair {
  const filter = `Q(active__eq=True, price__gte=${from}, price__lte=${to})`;
  const count = total ? "exact" : "none";
  return list("/products/filtered", { active: true, from, to, total }, listFields, { q_filter: filter, count });
}

export const DEEP = TAGS / 2;

/** Tags in the order of their ids. */
export function listTags(path: string, body: object, more: object): RequestPair {
  return {
    ours: {
      method: "POST",
      path: "/api/query/ContactTag",
      body: { fields: ["id", "name", "color"], order_by: ["id ASC"], limit: LIMIT, ...more },
    },
    floor: { method: "POST", path, body: { limit: LIMIT, ...body } },
  };
}

export function updatePrice(n: number): RequestPair {
  const body = { price: (n % PRICE_RANGE) + 0.25 };
  return {
    ours: { method: "PUT", path: `/api/update/Product/${productId(n)}`, body },
    floor: { method: "PUT", path: `/products/${productId(n)}`, body },
  };
}

/** A new product. */
export function createProduct(n: number): RequestPair {
  const body = newProduct(n);
  return {
    ours: { method: "POST", path: "/api/create/Product", body },
    floor: { method: "POST", path: "/products", body },
  };
}

/** Records of a bulk call. */
const BULK = 1000;

/** So many new products at once. */
export function createProducts(n: number): RequestPair {
  const body = { records: Array.from({ length: BULK }, (_, index) => newProduct(n * BULK + index)) };
  return {
    ours: { method: "POST", path: "/api/bulk-create/Product", body },
    floor: { method: "POST", path: "/products/bulk", body },
  };
}

function newProduct(n: number): Readonly<Record<string, unknown>> {
  return { name: `New product ${n}`, price: (n % PRICE_RANGE) + 0.75, category: 1 + (n % CATEGORIES) };
}

/** The record that an answer names. */
export function fetchWritten(answer: unknown): RequestPair {
  return fetchProduct((answer as { readonly id: number }).id);
}

/** The last of the records that an answer names. */
export function fetchLastWritten(answer: unknown): RequestPair {
  return fetchProduct((answer as { readonly ids: readonly number[] }).ids.at(-1) ?? 0);
}
