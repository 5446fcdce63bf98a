/** The floor: the server that a good engineer would write by hand for exactly these requests, with nothing in between. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";

/** What the program is started with, as JSON in its first argument. */
export interface FloorSettings {
  readonly databaseUrl: string;
  readonly maxConnections: number;
  /** The only token that is let in. Comparing it is all there is to signing in here. */
  readonly token: string;
  /** Who is written into the audit columns. */
  readonly userId: number;
}

type Values = Readonly<Record<string, unknown>>;

interface Answer {
  readonly body: unknown;
  readonly version?: number;
}

const settings = JSON.parse(process.argv[2] ?? "") as FloorSettings;
const expected = `Bearer ${settings.token}`;

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.NUMERIC, Number);
const pool = new pg.Pool({ connectionString: settings.databaseUrl, max: settings.maxConnections });

const columns = "p.id, p.name, p.code, p.price, p.active";
const joined =
  "c.id as category_id, c.name as category_name from floor.product p left join floor.category c on c.id = p.category_id";
const written = "returning id, name, name as display_name, version";

async function run(name: string, text: string, values: readonly unknown[]): Promise<Values[]> {
  return (await pool.query<Values>({ name, text, values: [...values] })).rows;
}

async function list({ limit, total }: Values): Promise<Answer> {
  const rows = run("list", `select ${columns} from floor.product p order by p.name, p.id limit $1`, [limit]);
  if (total !== true) return { body: { data: await rows, total: null } };
  const [data, [counted]] = await Promise.all([rows, run("count", "select count(*) as total from floor.product", [])]);
  return { body: { data, total: counted?.total } };
}

async function listWithCategory({ limit }: Values): Promise<Answer> {
  const text = `select ${columns}, ${joined} order by p.name, p.id limit $1`;
  const rows = await run("with-category", text, [limit]);
  return { body: { data: rows.map(nestCategory), total: null } };
}

function nestCategory({ category_id: id, category_name: name, ...product }: Values): Values {
  return { ...product, category: id === null ? null : { id, display_name: name } };
}

async function listFiltered({ active, from, to, limit, total }: Values): Promise<Answer> {
  const matching = "from floor.product p where p.active = $1 and p.price >= $2 and p.price <= $3";
  const rows = run("filtered", `select ${columns} ${matching} order by p.name, p.id limit $4`, [
    active,
    from,
    to,
    limit,
  ]);
  if (total !== true) return { body: { data: await rows, total: null } };
  const counting = run("filtered-count", `select count(*) as total ${matching}`, [active, from, to]);
  const [data, [counted]] = await Promise.all([rows, counting]);
  return { body: { data, total: counted?.total } };
}

const people = "p.id, p.name, p.email, p.country_id, c.name as country_name";

/** A company and its people: two statements at a time. */
async function fetchCompany(id: number): Promise<Answer | null> {
  const [[company], children] = await Promise.all([
    run("company", "select id, name, city, version from floor.contact where id = $1", [id]),
    run(
      "people",
      `select ${people} from floor.contact p left join floor.country c on c.id = p.country_id where p.parent_id = $1 order by p.name, p.id`,
      [id],
    ),
  ]);
  if (company === undefined) return null;
  const { version, ...record } = company;
  return { body: { ...record, children: children.map(nestCountry) }, version: version as number };
}

function nestCountry({ country_id: id, country_name: name, ...person }: Values): Values {
  return { ...person, country: id === null ? null : { id, display_name: name } };
}

/** Companies with their people and their countries: the levels one after the other. */
async function listCompanies({ from, limit }: Values): Promise<Answer> {
  const companies = await run(
    "companies",
    "select id, name from floor.contact where is_company = true and id > $1 order by id limit $2",
    [from, limit],
  );
  const children = await run(
    "people-of-all",
    "select id, name, email, country_id, parent_id from floor.contact where parent_id = any($1) order by name, id",
    [companies.map(({ id }) => id)],
  );
  const ids = [...new Set(children.map(({ country_id: id }) => id))];
  const countries = await run("countries", "select id, name from floor.country where id = any($1)", [ids]);
  const names = new Map(countries.map(({ id, name }) => [id, name]));
  const peopleOf = new Map<unknown, Values[]>();
  for (const { country_id: id, parent_id: parent, ...person } of children) {
    const name = names.get(id);
    const list = peopleOf.get(parent) ?? [];
    list.push({ ...person, country: id === null ? null : { id, display_name: name, name } });
    peopleOf.set(parent, list);
  }
  const data = companies.map((company) => ({ ...company, children: peopleOf.get(company.id) ?? [] }));
  return { body: { data, total: null } };
}

async function listTags({ limit, offset, total }: Values): Promise<Answer> {
  const text = "select id, name, color from floor.contact_tag order by id limit $1 offset $2";
  const rows = run("tags", text, [limit, offset]);
  if (total !== true) return { body: { data: await rows, total: null } };
  const counting = run("tag-count", "select count(*) as total from floor.contact_tag", []);
  const [data, [counted]] = await Promise.all([rows, counting]);
  return { body: { data, total: counted?.total } };
}

async function listTagsAfter({ limit, after }: Values): Promise<Answer> {
  const text = "select id, name, color from floor.contact_tag where id > $2 order by id limit $1";
  return { body: { data: await run("tags-after", text, [limit, after]), total: null } };
}

async function fetchOne(id: number): Promise<Answer | null> {
  const text = `select ${columns}, p.description, p.cost, p.version, ${joined} where p.id = $1`;
  const [found] = await run("fetch", text, [id]);
  if (found === undefined) return null;
  const { version, ...record } = found;
  return { body: nestCategory(record), version: version as number };
}

async function update(id: number, { price }: Values): Promise<Answer | null> {
  const text = `update floor.product set price = $1, write_uid = $2, updated_date = now(), version = version + 1 where id = $3 ${written}`;
  return answerWritten(await run("update", text, [price, settings.userId, id]));
}

async function create({ name, price, category }: Values): Promise<Answer | null> {
  const text = `insert into floor.product (name, price, category_id, active, create_uid, write_uid) values ($1, $2, $3, true, $4, $4) ${written}`;
  return answerWritten(await run("create", text, [name, price, category, settings.userId]));
}

/** All records in one statement, each column as a list. */
async function createMany({ records }: { readonly records: readonly Values[] }): Promise<Answer> {
  const text = `insert into floor.product (name, price, category_id, active, create_uid, write_uid)
    select name, price, category, true, $4, $4 from unnest($1::text[], $2::numeric[], $3::bigint[]) as r (name, price, category)
    returning id`;
  const columns = ["name", "price", "category"].map((column) => records.map((record) => record[column]));
  const ids = (await run("create-many", text, [...columns, settings.userId])).map(({ id }) => id);
  return { body: { ids, count: ids.length } };
}

function answerWritten([row]: readonly Values[]): Answer | null {
  if (row === undefined) return null;
  const { version, ...body } = row;
  return { body, version: version as number };
}

async function route(request: IncomingMessage): Promise<Answer | null> {
  const { method, url = "" } = request;
  if (method === "GET" && url.startsWith("/companies/")) return fetchCompany(Number(url.slice("/companies/".length)));
  if (method === "GET") return fetchOne(Number(url.slice("/products/".length)));
  const body = JSON.parse(await readText(request)) as Values;
  if (method === "PUT") return update(Number(url.slice("/products/".length)), body);
  if (url === "/products/list") return list(body);
  if (url === "/products/with-category") return listWithCategory(body);
  if (url === "/products/filtered") return listFiltered(body);
  if (url === "/products/bulk") return createMany(body as unknown as Parameters<typeof createMany>[0]);
  if (url === "/companies/list") return listCompanies(body);
  if (url === "/tags/list") return listTags(body);
  if (url === "/tags/after") return listTagsAfter(body);
  return url === "/products" ? create(body) : null;
}

function readText(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => resolve(Buffer.concat(chunks).toString()));
    request.on("error", reject);
  });
}

function send(response: ServerResponse, status: number, body: unknown, version?: number): void {
  const text = JSON.stringify(body);
  const headers = { "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(text) };
  response.writeHead(status, version === undefined ? headers : { ...headers, etag: `"${version}"` });
  response.end(text);
}

const server = createServer((request, response) => {
  if (request.headers.authorization !== expected) {
    send(response, 401, { detail: "a bearer token is required" });
    return;
  }
  route(request).then(
    (answer) => {
      if (answer === null) send(response, 404, { detail: "there is no such thing" });
      else send(response, 200, answer.body, answer.version);
    },
    (error: unknown) => {
      console.error(error);
      send(response, 500, { detail: "failed" });
    },
  );
});

process.once("SIGTERM", () => {
  server.close(() => void pool.end());
  server.closeAllConnections();
});

server.listen(0, "127.0.0.1", () =>
  console.log(`The floor is ready at http://localhost:${(server.address() as AddressInfo).port}`),
);
