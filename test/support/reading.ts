/** Every place of a read that takes a path or a text, as requests over HTTP: what holds for one of them must hold for all. */

/** A request. */
export interface ReadRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
}

/** A place by name: the request that has something there. */
export type Place = readonly [name: string, request: (model: string, given: string) => ReadRequest];

const post = (endpoint: string, body: unknown): ReadRequest => ({ method: "POST", path: `/api/${endpoint}`, body });
const get = (model: string, query: Readonly<Record<string, string>>): ReadRequest => ({
  method: "GET",
  path: `/api/query/${model}?${new URLSearchParams(query)}`,
});
const spelt = (path: string) => path.replaceAll(".", "__");

/** Where a path may stand that is read or compared. */
export const pathPlaces: readonly Place[] = [
  ["fields", (model, path) => post(`query/${model}`, { fields: ["id", path] })],
  ["fields twice", (model, path) => post(`query/${model}`, { fields: [path, spelt(path)] })],
  ["fields in a URL", (model, path) => get(model, { fields: `id,${path}` })],
  ["fields of a record", (model, path) => post(`fetch/${model}/1`, { fields: [path] })],
  ["a filter", (model, path) => post(`query/${model}`, { q_filter: `Q(${spelt(path)}=None)` })],
  ["a denied filter", (model, path) => post(`query/${model}`, { q_filter: `~Q(id=1, ${spelt(path)}__isnull=True)` })],
  ["a filter as JSON", (model, path) => post(`query/${model}`, { q_filter: { or: [{ id: 1 }, { [path]: null }] } })],
  ["a filter in a URL", (model, path) => get(model, { q_filter: `Q(${spelt(path)}__isnotnull=True)` })],
  [
    "a filter of groups",
    (model, path) => post(`query/${model}`, { group_by: "id", q_filter: `Q(${spelt(path)}=None)` }),
  ],
  ["a filter of a count", (model, path) => post(`query/${model}`, { q_filter: `Q(${spelt(path)}=None)`, limit: 0 })],
  [
    "a filter of an estimate",
    (model, path) => post(`query/${model}`, { q_filter: { [path]: null }, count: "estimated" }),
  ],
  ["a filter of names", (model, path) => post(`name_search/${model}`, { term: "a", filter: `Q(${spelt(path)}=None)` })],
  ["a filter of no name", (model, path) => post(`name_search/${model}`, { q_filter: { [path]: null } })],
  ["an order", (model, path) => post(`query/${model}`, { order_by: [`${path} ASC`] })],
  ["an order in a URL", (model, path) => get(model, { order_by: `id,${path} desc nulls last` })],
  ["a key", (model, path) => post(`query/${model}`, { group_by: [path] })],
  ["a key in a URL", (model, path) => get(model, { group_by: path })],
  ["an aggregate", (model, path) => post(`query/${model}`, { group_by: null, aggregates: [`${path}__min`] })],
  ["an aggregate in a URL", (model, path) => get(model, { aggregates: `${path}__count_distinct` })],
  [
    "a condition over groups",
    (model, path) => post(`query/${model}`, { group_by: "id", having: `Q(${spelt(path)}__min=None)` }),
  ],
  ["an order of groups", (model, path) => post(`query/${model}`, { group_by: "id", order_by: [`${path}__max DESC`] })],
];

/** Where a relation may stand whose records come whole. */
export const relatedPlace: Place = ["related", (model, path) => post(`fetch/${model}/1`, { related: [path] })];

const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const compared = ["eq", "neq", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "gte"];

/** Where any text may stand that is looked up among names: each must take it as it is. */
export const textPlaces: readonly Place[] = [
  ...compared.map(
    (lookup): Place => [
      `${lookup} in a filter`,
      (model, text) => post(`query/${model}`, { fields: ["name"], q_filter: `Q(name__${lookup}=${quoted(text)})` }),
    ],
  ),
  ["in a list", (model, text) => post(`query/${model}`, { q_filter: { name__in: [text, `${text}x`] } })],
  ["between", (model, text) => post(`query/${model}`, { q_filter: { name__between: [text, text] } })],
  ["a filter in a URL", (model, text) => get(model, { q_filter: JSON.stringify({ name: text }) })],
  ["an estimate", (model, text) => post(`query/${model}`, { q_filter: { name: text }, limit: 0, count: "estimated" })],
  ["groups", (model, text) => post(`query/${model}`, { group_by: "name", q_filter: { name__contains: text } })],
  ["groups' condition", (model, text) => post(`query/${model}`, { group_by: "id", having: { name__min: text } })],
  ["a term", (model, text) => post(`name_search/${model}`, { term: `long enough ${text}` })],
  ["a filter of names", (model, text) => post(`name_search/${model}`, { term: "abc", filter: { name: text } })],
];

/** Where only names of ours may stand, so that any other text is an error which no statement has seen. */
export const namePlaces: readonly Place[] = [
  ["fields", (model, text) => post(`query/${model}`, { fields: [text] })],
  ["an order", (model, text) => post(`query/${model}`, { order_by: [text] })],
  ["a direction", (model, text) => post(`query/${model}`, { order_by: [`name ${text}`] })],
  ["a key", (model, text) => post(`query/${model}`, { group_by: [text] })],
  ["a part of a date", (model, text) => post(`query/${model}`, { group_by: [`created_date__${text}`] })],
  ["an aggregate", (model, text) => post(`query/${model}`, { aggregates: [text] })],
  ["a function", (model, text) => post(`query/${model}`, { aggregates: [`id__${text}`] })],
  ["a condition's name", (model, text) => post(`query/${model}`, { q_filter: { [text]: 1 } })],
  ["a lookup", (model, text) => post(`query/${model}`, { q_filter: { [`name__${text}`]: 1 } })],
  ["a condition over groups", (model, text) => post(`query/${model}`, { group_by: "id", having: { [text]: 1 } })],
  ["a relation", (model, text) => post(`fetch/${model}/1`, { related: [text] })],
  ["a cursor", (model, text) => post(`query/${model}`, { cursor: text })],
  ["a count", (model, text) => post(`query/${model}`, { count: text })],
  ["a filter", (model, text) => post(`query/${model}`, { q_filter: text })],
  ["a filter of names", (model, text) => post(`name_search/${model}`, { filter: text })],
];
