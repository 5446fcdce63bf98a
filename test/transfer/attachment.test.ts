/** Files of records over HTTP: whoever may not see the record knows nothing of them, and no browser runs what is in them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sweepFiles } from "../../src/transfer/sweep-files.ts";
import { buildForm } from "../support/form.ts";
import { type Answer, startTestServer, type TestServer } from "../support/server.ts";

const LIMIT = 64 * 1024;
let api: TestServer;
let internal: string;
let contact: number;
let attachment: number;

beforeAll(async () => {
  api = await startTestServer({ uploadLimit: LIMIT });
  internal = await api.signIn("internal@example.com", "demo-demo");
  contact = Number((await api.call("POST", "/api/create/Contact", { name: "Holder" })).json.id);
  attachment = Number((await send(`/api/attach/Contact/${contact}`, "first content", "first.txt")).json.id);
});
afterAll(() => api?.close());

function send(path: string, content: string | Uint8Array, name = "a.txt", token?: string): Promise<Answer> {
  const { type, body } = buildForm({}, { name, content });
  const options = { headers: { "content-type": type }, ...(token === undefined ? {} : { token }) };
  return api.call("POST", path, body, options);
}

const get = (path: string, token?: string) => api.call("GET", path, undefined, token === undefined ? {} : { token });

describe("downloads", () => {
  const rows: [name: string, content: string, type: string, disposition: string][] = [
    ["plan.txt", "hello", "text/plain", "attachment; filename=plan.txt"],
    ["../../etc/passwd", "x", "text/plain", "attachment; filename=passwd"],
    ["C:\\temp\\CON", "x", "text/plain", "attachment; filename=CON"],
    ["a.png", "<svg onload=alert(1)>", "text/plain", "attachment; filename=a.png"],
    ["page.html", "<script>alert(1)</script>", "text/plain", "attachment; filename=page.html"],
    ["..", "x", "text/plain", "attachment; filename=file"],
    ["empty", "", "text/plain", "attachment; filename=empty"],
    [
      "..%2f..%2fetc%2fpasswd",
      "x",
      "text/plain",
      "attachment; filename=..%2f..%2fetc%2fpasswd; filename*=UTF-8''..%252f..%252fetc%252fpasswd",
    ],
    ["page.html.png", "GIF89a/*<script>alert(1)</script>*/", "image/gif", "attachment; filename=page.html.png"],
  ];
  it.each(rows)("%s", async (name, content, type, disposition) => {
    const { status, json } = await send(`/api/attach/Contact/${contact}`, content, name);
    expect(status, JSON.stringify(json)).toBe(200);
    expect(json).toMatchObject({ mimetype: type, size: content.length });
    const file = await get(`/api/attachment/${json.id}`);
    expect(file.text).toBe(content);
    expect(file.headers).toMatchObject({
      "content-type": type,
      "content-disposition": disposition,
      "content-length": String(content.length),
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; sandbox",
    });
  });

  it("are listed as records of their model", async () => {
    const body = { fields: ["name", "size"], q_filter: `Q(model="Contact", record=${contact}, id=${attachment})` };
    const { json } = await api.call("POST", "/api/query/Attachment", body);
    expect(json).toEqual({ data: [{ id: attachment, name: "first.txt", size: 13 }], total: 1 });
  });
});

describe("who does not see the record", () => {
  it("knows nothing of its files, and who may not change it changes none of them", async () => {
    const country = Number((await send("/api/attach/Country/1", "of a country")).json.id);
    const total = async (token: string) =>
      (await api.call("POST", "/api/query/Attachment", { fields: ["name"] }, { token })).json.total;
    expect(await total(internal)).toBe(1);
    expect((await get(`/api/attachment/${country}`, internal)).text).toBe("of a country");
    const hidden = await get(`/api/attachment/${attachment}`, internal);
    const missing = await get("/api/attachment/99999", internal);
    expect(hidden.status).toBe(404);
    expect(hidden.text.replace(String(attachment), "99999")).toBe(missing.text);
    expect((await send(`/api/attach/Contact/${contact}`, "x", "x", internal)).status).toBe(404);
    expect((await send("/api/attach/Country/1", "x", "x", internal)).status).toBe(403);
    const remove = (id: number, token: string) => api.call("DELETE", `/api/attachment/${id}`, undefined, { token });
    expect((await remove(country, internal)).status).toBe(403);
    expect((await remove(attachment, internal)).status).toBe(404);
    expect((await remove(country, api.token)).json).toEqual({ id: country, deleted: true });
    expect(await total(internal)).toBe(0);
  });

  it("by a record rule, in lists, totals, groups and exports too", async () => {
    const secret = Number((await api.call("POST", "/api/create/Contact", { name: "Secret" })).json.id);
    const file = Number((await send(`/api/attach/Contact/${secret}`, "of a secret")).json.id);
    const seen = { fields: ["id"], q_filter: `Q(id=${file})` };
    const counted = async () => (await api.call("POST", "/api/query/Attachment", seen)).json.total;
    expect(await counted()).toBe(1);
    const rule = {
      name: "r",
      identifier: "test.secret",
      model: "Contact",
      rule: 'Q(name__neq="Secret")',
      read_perm: true,
    };
    const made = await api.call("POST", "/api/create/RecordRule", rule);
    expect(made.status, made.text).toBe(200);
    expect(await counted()).toBe(0);
    expect((await get(`/api/attachment/${file}`)).status).toBe(404);
    const exported = await api.call("POST", "/api/export/Attachment", { ids: [file], fields: ["id"], format: "csv" });
    expect([exported.text, exported.headers["x-export-not-found"]]).toEqual(["ID\n", "1"]);
  });

  it("nobody writes them by other ways", async () => {
    const values = {
      name: "x",
      model: "Contact",
      record: contact,
      mimetype: "text/html",
      size: 1,
      hash: "0".repeat(64),
    };
    expect((await api.call("POST", "/api/create/Attachment", values)).status).toBe(403);
    expect((await api.call("PUT", `/api/update/Attachment/${attachment}`, { record: 1 })).status).toBe(403);
    expect((await api.call("DELETE", `/api/delete/Attachment/${attachment}`)).status).toBe(403);
    expect((await send(`/api/attach/Attachment/${attachment}`, "x")).status).toBe(403);
  });
});

describe("refused", () => {
  it("what is too large, with the limit", async () => {
    const answer = await send(`/api/attach/Contact/${contact}`, Buffer.alloc(LIMIT + 1));
    expect(answer).toMatchObject({ status: 413, json: { error: "PayloadTooLarge", limit: LIMIT } });
  });

  const rows: [what: string, path: string, status: number][] = [
    ["an unknown model", "/api/attach/Nope/1", 404],
    ["an unknown record", "/api/attach/Contact/99999", 404],
    ["an unknown field", "/api/upload/Contact/1?field=nope", 400],
    ["a field for other values", "/api/upload/Contact/1?field=name", 400],
    ["no field", "/api/upload/Contact/1", 400],
  ];
  it.each(rows)("%s", async (_what, path, status) => {
    expect((await send(path, "x")).status).toBe(status);
  });

  const addresses = ["http://169.254.169.254/latest", "file:///etc/passwd", "http://[::ffff:127.0.0.1]/", "gopher://x"];
  it.each(addresses)("an address in place of a file: %s", async (address) => {
    const values = await api.call("PUT", `/api/update/Contact/${contact}`, { image: address });
    expect([values.status, values.json.detail]).toEqual([
      400,
      expect.stringMatching(/^image: must be bytes in base64/),
    ]);
    const { type, body } = buildForm({ file: address }, null);
    const form = await api.call("POST", `/api/attach/Contact/${contact}`, body, { headers: { "content-type": type } });
    expect([form.status, form.json.detail]).toEqual([400, "file: must be a file, with a file name"]);
  });

  it("a body that is no form", async () => {
    expect((await api.call("POST", `/api/attach/Contact/${contact}`, { file: "x" })).status).toBe(415);
  });
});

it("keeps files in fields of records", async () => {
  const bytes = Buffer.from("\x89PNG\r\n\x1a\n rest", "latin1");
  const stored = await send(`/api/upload/Contact/${contact}?field=image`, bytes);
  expect(stored.status, stored.text).toBe(200);
  const file = await get(`/api/download/Contact/${contact}?field=image`);
  expect(file.headers).toMatchObject({ "content-type": "image/png", "content-length": String(bytes.length) });
  expect((await get("/api/download/Contact/1?field=image")).status).toBe(404);
  expect((await get(`/api/download/Contact/${contact}?field=image`, internal)).status).toBe(404);
});

it("sweeps contents and attachments of records that are gone", async () => {
  const gone = Number((await api.call("POST", "/api/create/Contact", { name: "Gone" })).json.id);
  const file = Number((await send(`/api/attach/Contact/${gone}`, "soon gone")).json.id);
  await api.call("DELETE", `/api/delete/Contact/${gone}`);
  expect((await get(`/api/attachment/${file}`)).status).toBe(404);
  const { database, registry, files } = api.tenant;
  const tomorrow = Date.now() + 24 * 60 * 60_000;
  const { hash } = (
    await database.rows<{ hash: string }>({ text: "select hash from attachment where id = $1", values: [file] })
  )[0] ?? { hash: "" };
  await sweepFiles(database, registry, files, tomorrow);
  await expect(files.read(hash)).rejects.toThrow("not there");
  expect(await database.rows({ text: "select 1 from attachment where id = $1", values: [file] })).toEqual([]);
  expect((await get(`/api/attachment/${attachment}`)).text).toBe("first content");
});
