/** Exports over HTTP, as rows: what is asked for, and the file that comes. */
import { readXlsx } from "hucre";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Database } from "../../src/database/database.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
  const parent = await create("Category", { name: "Exported" });
  const child = await create("Category", { name: "=Inner", parent });
  const tags = [await create("ContactTag", { name: "one, two" }), await create("ContactTag", { name: "Plain" })];
  await create("Contact", {
    name: "Ada, Countess",
    is_company: true,
    notes: 'She said "hi"\nand left',
    tags,
    children: [
      { name: "Byron", phone: "+49 30 1", tags: [tags[1]] },
      { name: "-5", phone: "-5" },
    ],
  });
  await create("Product", { name: "'=quoted", price: "1.10", category: child, code: "EXP-1" });
  await create("Product", {
    name: "@cmd",
    price: "12345678901234567.89",
    category: parent,
    code: "EXP-2",
    active: false,
  });
});
afterAll(() => api?.close());

async function create(model: string, values: object): Promise<number> {
  const answer = await api.call("POST", `/api/create/${model}`, values);
  if (answer.status !== 200) throw new Error(answer.text);
  return Number(answer.json.id);
}

const csv = { format: "csv", headers: "names" };
const products = { ...csv, q_filter: 'Q(code__startswith="EXP-")', order_by: ["code"] };
const ada = { ...csv, q_filter: 'Q(name="Ada, Countess")' };

describe("csv", () => {
  const rows: [what: string, model: string, body: object, lines: string[]][] = [
    [
      "values as they are stored, formulas made harmless",
      "Product",
      { ...products, fields: ["code", "name", "price", "active"] },
      ["code,name,price,active", "EXP-1,''=quoted,1.10,true", "EXP-2,'@cmd,12345678901234567.89,false"],
    ],
    ["raw text", "Product", { ...products, fields: ["name"], raw: true }, ["name", "'=quoted", "@cmd"]],
    [
      "paths through relations to one record, in the form of the request",
      "Product",
      { ...products, fields: ["category", "category__parent__name", "category.parent"] },
      ["category,category__parent__name,category.parent", "'=Inner,Exported,Exported", "Exported,,"],
    ],
    [
      "labels",
      "Product",
      { ...products, headers: "labels", fields: ["name", "category.parent.name"], q_filter: "Q(id=0)" },
      ["Name,Category/Parent/Name"],
    ],
    [
      "lists in the rows below, side by side and within each other",
      "Contact",
      {
        ...ada,
        fields: ["name", "notes", "children.name", "children.phone", "children.tags.name", "tags.name", "tags"],
      },
      [
        "name,notes,children.name,children.phone,children.tags.name,tags.name,tags",
        '"Ada, Countess","She said ""hi""\nand left",-5,-5,,"one, two","""one, two"",Plain"',
        ",,Byron,'+49 30 1,Plain,Plain,",
      ],
    ],
    [
      "lists behind a relation to one record, and calculated values anywhere",
      "Contact",
      {
        ...csv,
        q_filter: 'Q(name="Byron")',
        fields: ["name", "parent.tags.name", "parent.children.parent.name", "full_address", "tags.name"],
      },
      [
        "name,parent.tags.name,parent.children.parent.name,full_address,tags.name",
        'Byron,"one, two","Ada, Countess",,Plain',
        ',Plain,"Ada, Countess",,',
      ],
    ],
    [
      "stable names",
      "Country",
      { ...csv, q_filter: 'Q(code="FR")', fields: ["external_id", "currency.external_id"] },
      ["external_id,currency.external_id", "core.country_fr,core.currency_eur"],
    ],
    ["nothing at all", "Product", { ...csv, ids: [], fields: ["id"] }, ["id"]],
  ];
  it.each(rows)("%s", async (_what, model, body, lines) => {
    const answer = await api.call("POST", `/api/export/${model}`, body);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text).toBe(`${lines.join("\n")}\n`);
    expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
  });

  it("counts the ids that are not there, and gives the others once", async () => {
    const answer = await api.call("POST", "/api/export/Country", {
      ...csv,
      ids: [3, 1, 3, 99999],
      fields: ["id"],
      order_by: ["id DESC"],
    });
    expect(answer.text).toBe("id\n3\n1\n");
    expect(answer.headers["x-export-not-found"]).toBe("1");
  });
});

describe("xlsx", () => {
  async function sheetOf(model: string, body: object) {
    const { server, token } = api;
    const answer = await server.inject({
      method: "POST",
      url: `/api/export/${model}`,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      payload: JSON.stringify(body),
    });
    expect(answer.headers["content-type"]).toBe("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    return (await readXlsx(answer.rawPayload)).sheets[0];
  }

  it("has numbers, truth values, dates and texts, never formulas", async () => {
    const fields = ["name", "price", "active", "category", "created_date"];
    const sheet = await sheetOf("Product", { ...products, format: "xlsx", fields });
    expect(sheet?.name).toBe("Product");
    expect(sheet?.rows).toEqual([
      fields,
      ["'=quoted", 1.1, true, "=Inner", expect.any(Date)],
      ["@cmd", "12345678901234567.89", false, "Exported", expect.any(Date)],
    ]);
    const stored = await api.call("POST", "/api/query/Product", {
      fields: ["created_date"],
      q_filter: 'Q(code="EXP-1")',
    });
    const [record] = stored.json.data as { created_date: string }[];
    expect(sheet?.rows[1]?.[4]).toEqual(new Date(record?.created_date ?? 0));
  });

  it("is the format where none is named, with labels and all plain fields", async () => {
    const sheet = await sheetOf("Currency", { q_filter: 'Q(code="EUR")' });
    expect(sheet?.rows[0]?.slice(0, 2)).toEqual(["ID", "Display name"]);
    expect(sheet?.rows).toHaveLength(2);
  });
});

describe("the name of the file", () => {
  const rows: [given: string | undefined, header: string][] = [
    [undefined, "attachment; filename=Product.csv"],
    ["../../etc/passwd", "attachment; filename=passwd.csv"],
    [
      "a\r\nSet-Cookie: x=1",
      "attachment; filename=\"a??Set-Cookie: x=1.csv\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1.csv",
    ],
    ["Prüfung", "attachment; filename=\"Pr?fung.csv\"; filename*=UTF-8''Pr%C3%BCfung.csv"],
  ];
  it.each(rows)("%j", async (filename, header) => {
    const answer = await api.call("POST", "/api/export/Product", { ...csv, fields: ["id"], ids: [1], filename });
    expect(answer.headers["content-disposition"]).toBe(header);
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  });
});

describe("refused", () => {
  const rows: [what: string, path: string, body: object, status: number, detail: RegExp][] = [
    ["an unknown model", "Nope", {}, 404, /Nope/],
    ["an unknown field", "Product", { fields: ["name", "nope"] }, 400, /^fields\[1\]: Product has no field "nope"/],
    [
      "an unknown field behind a relation",
      "Product",
      { fields: ["category.nope"] },
      400,
      /^fields\[0\]: Category has no/,
    ],
    ["a path that goes on behind a value", "Product", { fields: ["name.x"] }, 400, /"name", which is no relation/],
    [
      "a column twice",
      "Product",
      { fields: ["category.name", "category__name"] },
      400,
      /^fields\[1\]: .* is given twice/,
    ],
    ["no column", "Product", { fields: [] }, 400, /^fields: /],
    ["a secret", "User", { fields: ["password"] }, 400, /has no field "password"/],
    ["a wrong filter", "Product", { q_filter: "Q(nope=1)" }, 400, /nope/],
    ["a wrong value in a filter", "Product", { q_filter: 'Q(price="x")' }, 400, /price/],
    ["a wrong order", "Product", { order_by: ["nope"] }, 400, /^order_by\[0\]/],
    ["a wrong format", "Product", { format: "pdf" }, 400, /^format: /],
    ["an unknown member", "Product", { colour: 1 }, 400, /colour/],
    ["a wrong id", "Product", { ids: [0] }, 400, /^ids\[0\]/],
  ];
  it.each(rows)("%s", async (_what, model, body, status, detail) => {
    for (const path of [`/api/export/${model}`, `/api/export/${model}?job=true`]) {
      const answer = await api.call("POST", path, body);
      expect(answer.status).toBe(status);
      expect(answer.json.detail).toMatch(detail);
    }
  });
});

describe("as a job", () => {
  it("makes the same file, which its owner downloads", async () => {
    const body = { ...products, fields: ["code", "name", "category"] };
    const queued = await api.call("POST", "/api/export/Product?job=true", body);
    expect(queued).toMatchObject({ status: 202, json: { job_id: expect.any(Number) } });
    const path = `/api/jobs/${queued.json.job_id}`;
    expect(queued.headers.location).toBe(path);
    const job = await vi.waitFor(
      async () => {
        const { json } = await api.call("GET", path);
        expect(json.state).toBe("done");
        return json;
      },
      { timeout: 10_000 },
    );
    expect(job).toMatchObject({ kind: "export", done: 2, total: 2, result: { records: 2, not_found: 0 }, error: null });
    const file = await api.call("GET", `${path}/file`);
    expect(file.text).toBe((await api.call("POST", "/api/export/Product", body)).text);
    expect(file.headers).toMatchObject({
      "content-disposition": "attachment; filename=Product.csv",
      "content-security-policy": "default-src 'none'; sandbox",
    });
    const stranger = await api.signIn("internal@example.com", "demo-demo");
    for (const place of [path, `${path}/file`]) {
      expect((await api.call("GET", place, undefined, { token: stranger })).status).toBe(404);
    }
    expect((await api.call("POST", `${path}/cancel`, undefined, { token: stranger })).status).toBe(404);
  });

  it("stops when its owner says so, and leaves no file", async () => {
    const blocker = new Database({ connection: api.database.connection, maxConnections: 1 });
    const until = (path: string, state: string) =>
      vi.waitFor(async () => expect((await api.call("GET", path)).json.state).toBe(state), { timeout: 10_000 });
    try {
      await blocker.transaction(async (session) => {
        await session.run({ text: "lock table product in access exclusive mode", values: [] });
        const { json } = await api.call("POST", "/api/export/Product?job=true", { fields: ["name"] });
        const path = `/api/jobs/${json.job_id}`;
        await until(path, "running");
        expect((await api.call("POST", `${path}/cancel`)).status).toBe(200);
        await until(path, "cancelled");
        expect((await api.call("GET", `${path}/file`)).status).toBe(404);
      });
    } finally {
      await blocker.close();
    }
  });
});
