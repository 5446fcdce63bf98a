/** The endpoints that read records. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { requestLimit, shared, strictObject, textList } from "./schema.ts";

const fields = textList(
  "Paths such as `name`, `category.name` or `lines.product.name`. Without it: every readable stored field that is neither " +
    "binary nor a list of records. `id` is always there.",
  requestLimit.paths,
);
const order = textList(
  'Steps such as `"name ASC"` or `"category.name DESC NULLS LAST"`. Without it the model\'s own order. `id` breaks ties.',
  requestLimit.orderSteps,
);
const limit = Type.Integer({
  minimum: 0,
  maximum: requestLimit.largestPage,
  description: `Most records of the answer; ${requestLimit.defaultPage} unless given. With 0 only the total is counted.`,
});
const offset = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: "Matching records that are passed over; 0 unless given.",
});
const count = Type.Unsafe<"exact" | "estimated" | "none">({
  type: "string",
  enum: ["exact", "estimated", "none"],
  description:
    "`exact` unless given. With `estimated`, what PostgreSQL's statistics say where the page does not show the total; with " +
    "`none` nothing is counted and `total` is null.",
});
const cursor = Type.String({
  maxLength: requestLimit.cursorLength,
  description:
    "The `next_cursor` of a page: the list goes on behind that page's last record, whatever was created or deleted meanwhile. " +
    "Filter and order must be the same as then.",
});
const groupBy =
  "Keys to group by: paths to fields and relations, or to dates with a part such as `created_date__month` " +
  "(day, week, month, quarter, year, in the user's time zone).";
const aggregates = textList(
  "What to compute of each group: a path and `__sum`, `__avg`, `__min`, `__max`, `__count` or `__count_distinct`. " +
    "Without `group_by`, of all records together.",
  requestLimit.aggregates,
);
const having =
  "A filter over `count` and aggregates, such as `Q(price__sum__gt=1000)`: only groups that meet it are given.";
const filterText = "A filter as text, or as JSON text where it begins with `{`.";
const anyFilter = (description: string) =>
  Type.Unsafe<string | object | null>({ type: ["string", "object", "null"], description });

const groupKeys = Type.Unsafe<string | string[] | null>({
  type: ["array", "string", "null"],
  items: { type: "string", minLength: 1, maxLength: requestLimit.pathLength },
  maxItems: requestLimit.groupKeys,
  maxLength: requestLimit.pathListLength,
  description: groupBy,
});

/** What can be asked of a list, whichever way it comes. */
export interface ListRequest {
  readonly fields?: string | string[];
  readonly q_filter?: unknown;
  readonly order_by?: string | string[];
  readonly limit?: number;
  readonly offset?: number;
  readonly count?: "exact" | "estimated" | "none";
  readonly cursor?: string;
  readonly group_by?: string | string[] | null;
  readonly aggregates?: string | string[];
  readonly having?: unknown;
}

const page = strictObject({
  data: Type.Array(Type.Unsafe<object>({ anyOf: [shared("Record"), shared("Group")] })),
  total: Type.Unsafe<number | null>({
    type: ["integer", "null"],
    minimum: 0,
    description: "All records, or groups, that match and that this user may see, whatever `limit` and `offset` are.",
  }),
  total_is_exact: Type.Optional(
    Type.Boolean({ description: "Accompanies an estimate: whether the total is exact after all." }),
  ),
  next_cursor: Type.Optional(
    Type.String({ description: "Where more records follow: pass it as `cursor` to get them." }),
  ),
});

const example = {
  path: { model: "Product" },
  fields: ["id", "name", "price", "category"],
  filter: "Q(active=True, price__gte=100)",
};

export const queryRecords = endpoint({
  id: "queryRecords",
  method: "POST",
  path: "/api/query/{model}",
  guard: "internal",
  needs: "read",
  tag: "Records",
  summary: "List records",
  description: "A page of the records that match a filter, in a given order, and how many there are altogether.",
  query: null,
  body: strictObject({
    fields: Type.Optional(fields),
    q_filter: Type.Optional(
      anyFilter('A filter as text, such as `Q(active=True)`, or as JSON, such as `{"active": true}`.'),
    ),
    order_by: Type.Optional(order),
    limit: Type.Optional(limit),
    offset: Type.Optional(offset),
    count: Type.Optional(count),
    cursor: Type.Optional(cursor),
    group_by: Type.Optional(groupKeys),
    aggregates: Type.Optional(aggregates),
    having: Type.Optional(anyFilter(having)),
  }),
  bodyOptional: true,
  answer: page,
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "Products from 100 upwards, the dearest first",
      path: example.path,
      body: { fields: example.fields, q_filter: example.filter, order_by: ["price DESC"], limit: 20, offset: 0 },
    },
    {
      summary: "The same filter as JSON, with the name of the category's parent",
      path: example.path,
      body: {
        fields: ["name", "category.parent.name"],
        q_filter: { and: [{ active: true }, { price__gte: 100 }] },
        count: "none",
        group_by: null,
      },
    },
    {
      summary: "How many products each category has and what they cost, the fullest first",
      path: example.path,
      body: { group_by: ["category"], aggregates: ["price__avg", "price__max"], order_by: ["count DESC"], limit: 5 },
    },
    {
      summary: "One row over everything",
      path: example.path,
      body: { group_by: null, aggregates: ["id__count", "price__sum"], q_filter: example.filter },
    },
  ],
});

export const queryRecordsByUrl = endpoint({
  id: "queryRecordsByUrl",
  method: "GET",
  path: "/api/query/{model}",
  guard: "internal",
  needs: "read",
  tag: "Records",
  summary: "List records, asked for in the URL",
  description: "The same as `POST`, with the members of the body as query parameters and lists written with commas.",
  query: strictObject({
    fields: Type.Optional(fields),
    q_filter: Type.Optional(Type.String({ description: filterText })),
    order_by: Type.Optional(order),
    limit: Type.Optional(limit),
    offset: Type.Optional(offset),
    count: Type.Optional(count),
    cursor: Type.Optional(cursor),
    group_by: Type.Optional(textList(groupBy, requestLimit.groupKeys)),
    aggregates: Type.Optional(aggregates),
    having: Type.Optional(Type.String({ description: `${having} ${filterText}` })),
  }),
  body: null,
  answer: page,
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "The first products by name",
      path: example.path,
      query: { fields: "id,name,price", q_filter: example.filter, order_by: "name ASC,id DESC", limit: 20 },
    },
    {
      summary: "Products created in each month",
      path: example.path,
      query: { group_by: "created_date__month", aggregates: "price__avg", count: "none" },
    },
  ],
});

export const fetchRecord = endpoint({
  id: "fetchRecord",
  method: "POST",
  path: "/api/fetch/{model}/{id}",
  guard: "internal",
  needs: "read",
  tag: "Records",
  summary: "Read one record",
  description: "The record itself. `ETag` holds its version, for `If-Match` of a later change.",
  query: null,
  body: strictObject({
    fields: Type.Optional(fields),
    related: Type.Optional(
      textList("Relations whose records come with all their default fields, such as `contact`.", requestLimit.paths),
    ),
  }),
  bodyOptional: true,
  answer: shared("Record"),
  etag: true,
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "A product and its category",
      path: { model: "Product", id: 1 },
      body: { fields: ["id", "name", "price", "category"], related: ["category"] },
    },
  ],
});
