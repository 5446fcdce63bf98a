/** The rows of the benchmark, in groups that are measured together; those that write come last, for they leave the tables less tidy. */
import {
  type BenchRow,
  COMPANIES,
  createProduct,
  createProducts,
  DEEP,
  fetchLastWritten,
  fetchProduct,
  fetchWritten,
  LIMIT,
  list,
  listFields,
  listFiltered,
  listTags,
  productId,
  type RequestPair,
  STRIDE,
  updatePrice,
} from "./row.ts";

/** Rows that are measured in one run, and stand together in the results. */
export interface BenchGroup {
  readonly name: string;
  readonly title: string;
  /** What is to be known about its figures. */
  readonly note?: string;
  readonly rows: readonly BenchRow[];
}

/** A request of ours that both sides are sent. */
function alike({ ours }: RequestPair): RequestPair {
  return { ours, floor: ours };
}

/** The heading of what is measured without rows. */
export const SEARCHES_TITLE = "Searches in the names of 1 000 000 contacts";

/** All groups. */
export const groups: readonly BenchGroup[] = [
  {
    name: "lists",
    title: "Lists",
    rows: [
      {
        name: "list",
        title: "list 20 without total",
        aim: 0.9,
        request: () => list("/products/list", { total: false }, listFields, { count: "none" }),
      },
      {
        name: "list-category",
        title: "list 20 with category name",
        aim: 0.9,
        request: () => list("/products/with-category", {}, [...listFields, "category"], { count: "none" }),
      },
      {
        name: "list-filtered",
        title: "list 20 filtered by active and price",
        aim: 0.9,
        request: (n) => listFiltered((n * 37) % 900, ((n * 37) % 900) + 100, false),
      },
    ],
  },
  {
    name: "totals",
    title: "Totals",
    rows: [
      {
        name: "list-total",
        title: "list 20 with total",
        aim: 10,
        request: () => list("/products/list", { total: true }, listFields, {}),
      },
      {
        name: "list-total-busy",
        title: "list 20 with total while another writes",
        aim: 0.9,
        request: () => list("/products/list", { total: true }, listFields, {}),
        meanwhile: updatePrice,
      },
      {
        name: "list-filtered-total",
        title: "the same with total, each filter new",
        aim: 0.9,
        // Hundredths that do not come again for as long as a run lasts.
        request: (n) => listFiltered((n % 90_000) / 100, (n % 90_000) / 100 + 100, true),
      },
      {
        name: "million-total",
        title: "list 20 of 1 000 000 with total",
        aim: 10,
        request: () => listTags("/tags/list", { offset: 0, total: true }, {}),
      },
    ],
  },
  {
    name: "records",
    title: "Records with what belongs to them",
    rows: [
      {
        name: "fetch",
        title: "fetch one",
        aim: 0.9,
        request: (n) => fetchProduct(productId(n)),
      },
      {
        name: "fetch-lines",
        title: "fetch one with 5 lines",
        aim: 0.9,
        request: (n) => {
          const id = 1 + ((n * STRIDE) % COMPANIES);
          const fields = ["name", "city", "children.name", "children.email", "children.country"];
          return {
            ours: { method: "POST", path: `/api/fetch/Contact/${id}`, body: { fields } },
            floor: { method: "GET", path: `/companies/${id}` },
          };
        },
      },
      {
        name: "nested",
        title: "list 80 with 5 lines each",
        aim: 1.5,
        request: (n) => {
          const from = (n * 97) % (COMPANIES - 100);
          const fields = ["name", "children.name", "children.email", "children.country.name"];
          const body = {
            fields,
            q_filter: `Q(is_company=True, id__gt=${from})`,
            order_by: ["id ASC"],
            limit: 80,
            count: "none",
          };
          return {
            ours: { method: "POST", path: "/api/query/Contact", body },
            floor: { method: "POST", path: "/companies/list", body: { from, limit: 80 } },
          };
        },
      },
    ],
  },
  {
    name: "rights",
    title: "What rights cost",
    note: "In place of the floor: the same requests by the administrator. Ours: by a user with ten groups and five record rules.",
    rows: [
      {
        name: "rights-list",
        title: "list 20 without total",
        aim: 0.9,
        against: "administrator",
        request: () => alike(list("/products/list", { total: false }, listFields, { count: "none" })),
      },
      {
        name: "rights-category",
        title: "list 20 with category name",
        aim: 0.9,
        against: "administrator",
        request: () => alike(list("/products/with-category", {}, [...listFields, "category"], { count: "none" })),
      },
      {
        name: "rights-total",
        title: "list 20 with total",
        aim: 0.9,
        against: "administrator",
        request: () => alike(list("/products/list", { total: true }, listFields, {})),
      },
      {
        name: "rights-fetch",
        title: "fetch one",
        aim: 0.9,
        against: "administrator",
        request: (n) => alike(fetchProduct(productId(n))),
      },
    ],
  },
  {
    name: "places",
    title: "Far behind in 1 000 000 rows",
    rows: [
      {
        name: "million-offset",
        title: "list 20 behind 500 000, by offset",
        aim: 0.9,
        request: () => listTags("/tags/list", { offset: DEEP, total: false }, { offset: DEEP, count: "none" }),
      },
      {
        name: "million-cursor",
        title: "list 20 behind 500 000, by cursor",
        aim: 0.9,
        request: () => listTags("/tags/after", { after: DEEP }, { count: "none" }),
        prepare: async (ours) => {
          const page = { order_by: ["id ASC"], offset: DEEP - LIMIT, limit: LIMIT, count: "none" };
          const { body } = await ours({ method: "POST", path: "/api/query/ContactTag", body: page });
          return { cursor: (body as { readonly next_cursor: string }).next_cursor };
        },
      },
    ],
  },
  {
    name: "writes",
    title: "Writes",
    rows: [
      { name: "update", title: "update", aim: 0.7, request: updatePrice, written: fetchWritten },
      { name: "create", title: "create", aim: 0.7, request: createProduct, written: fetchWritten },
      {
        name: "bulk-create",
        title: "create 1 000 at once",
        aim: 0.8,
        request: createProducts,
        written: fetchLastWritten,
        connections: [1, 4],
        distinct: 3,
      },
    ],
  },
  {
    name: "counting",
    title: "What counting changes costs",
    note: "Here both sides are our own server; that in the columns of the floor has the trigger of the table switched off.",
    rows: [
      { name: "counted-update", title: "update", aim: 0.9, request: updatePrice, against: "uncounted" },
      { name: "counted-create", title: "create", aim: 0.9, request: createProduct, against: "uncounted" },
      {
        name: "counted-bulk",
        title: "create 1 000 at once",
        aim: 0.97,
        request: createProducts,
        connections: [1],
        distinct: 3,
        against: "uncounted",
      },
    ],
  },
];
