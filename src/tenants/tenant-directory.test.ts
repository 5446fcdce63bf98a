/** Which tenant a request gets, and that nothing unknown ever gets one. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sourceOf } from "../../test/support/tenant-source.ts";
import { MaintenanceError, MissingError } from "../errors.ts";
import { TenantDirectory, type TenantRules } from "./tenant-directory.ts";

const tenants = ["main", "acme", "shop"].map((name) => ({ name, current: () => ({ name }) }));
const rules: TenantRules = {
  baseDomain: "example.com",
  hosts: new Map([
    ["www.shop.test", "shop"],
    ["gone.test", "gone"],
    ["acme.example.com", "shop"],
    ["example.com", "acme"],
  ]),
  defaultDatabase: "main",
  foreignHosts: true,
  databaseSelector: true,
};

type Row = [host: string | undefined, header: string | undefined, expected: string | null];

async function check(own: TenantRules, [host, header, expected]: Row): Promise<void> {
  const directory = new TenantDirectory(own, sourceOf(tenants));
  const resolve = async () => directory.resolve(host, header);
  if (expected === null) await expect(resolve()).rejects.toThrow(MissingError);
  else expect((await resolve()).name).toBe(expected);
}

describe("with everything switched on", () => {
  const rows: Row[] = [
    [undefined, undefined, "main"],
    ["", undefined, "main"],
    ["localhost:8000", undefined, "main"],
    ["elsewhere.test", undefined, "main"],
    ["www.shop.test", undefined, "shop"],
    ["WWW.Shop.Test.:443", undefined, "shop"],
    ["www.shop.test", "acme", "shop"],
    ["sub.www.shop.test", undefined, "main"],
    ["gone.test", undefined, null],
    ["gone.test", "main", null],
    ["acme.example.com", undefined, "shop"],
    ["example.com", undefined, "acme"],
    ["shop.example.com", undefined, "shop"],
    ["SHOP.EXAMPLE.COM.:8000", "acme", "shop"],
    ["nope.example.com", undefined, null],
    ["nope.example.com", "main", null],
    ["a.shop.example.com", undefined, null],
    [".example.com", undefined, null],
    ["shop.example.com..", undefined, "main"],
    ["shopexample.com", undefined, "main"],
    ["xn--shp-0ra.example.com", undefined, null],
    ["shöp.example.com", undefined, null],
    ["__proto__.example.com", undefined, null],
    ["127.0.0.1", undefined, "main"],
    ["127.0.0.1:8000", "acme", "acme"],
    ["[::1]", undefined, "main"],
    ["[::1]:8000", undefined, "main"],
    ["localhost", "shop", "shop"],
    ["localhost", "nope", null],
    ["localhost", "Shop", null],
    ["localhost", "", null],
    ["localhost", "shop, main", null],
    ["localhost", "constructor", null],
    ["a host\r\nwith: nonsense", undefined, "main"],
  ];
  it.each(rows)("host %j, header %j: %j", (...row) => check(rules, row));
});

describe("without a selector", () => {
  const rows: Row[] = [
    ["localhost", "shop", "main"],
    ["localhost", "nope", "main"],
    ["shop.example.com", "main", "shop"],
  ];
  it.each(rows)("host %j, header %j: %j", (...row) => check({ ...rules, databaseSelector: false }, row));
});

describe("without a default", () => {
  const rows: Row[] = [
    ["localhost", undefined, null],
    [undefined, undefined, null],
    ["localhost", "shop", "shop"],
    ["shop.example.com", undefined, "shop"],
  ];
  it.each(rows)("host %j, header %j: %j", (...row) => check({ ...rules, defaultDatabase: null }, row));
});

describe("where host names that nobody has configured get none", () => {
  const rows: Row[] = [
    ["elsewhere.test", undefined, null],
    ["sub.www.shop.test", undefined, null],
    ["shopexample.com", undefined, null],
    ["elsewhere.test", "shop", "shop"],
    ["localhost:8000", undefined, "main"],
    ["127.0.0.1:8000", undefined, "main"],
    ["[::1]", undefined, "main"],
    [undefined, undefined, "main"],
    ["Apps.test.", undefined, "main"],
    ["shop.apps.test", undefined, "shop"],
    ["www.shop.test", undefined, "shop"],
  ];
  const strict = { ...rules, baseDomain: "apps.test", foreignHosts: false };
  it.each(rows)("host %j, header %j: %j", (...row) => check(strict, row));
});

describe("databases that are kept open", () => {
  const names = ["a", "b", "c", "d"];
  let closed: string[];
  let busy: Set<string>;
  let directory: TenantDirectory;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    closed = [];
    busy = new Set();
    const lives = names.map((name) => ({
      name,
      lastUsed: 0,
      get busy() {
        return busy.has(name);
      },
      current() {
        this.lastUsed = performance.now();
        return { name };
      },
      close: async () => void closed.push(name),
    }));
    const own = { ...rules, hosts: new Map(), defaultDatabase: null };
    directory = new TenantDirectory(own, sourceOf(lives), { mostOpen: 2, idle: 1000 });
  });
  afterEach(async () => {
    await directory.close();
    vi.useRealTimers();
  });

  /** Asks for databases, one after the other, a millisecond apart. */
  async function ask(...asked: string[]): Promise<void> {
    for (const name of asked) {
      await directory.resolve(`${name}.example.com`, undefined);
      vi.advanceTimersByTime(1);
    }
  }
  const opened = () => directory.opened.map(({ name }) => name).sort();

  const rows: [what: string, asked: string[], busy: string[], open: string[], closed: string[]][] = [
    ["as many as may be stay", ["a", "b", "a"], [], ["a", "b"], []],
    ["the one not asked for longest gives way", ["a", "b", "a", "c"], [], ["a", "c"], ["b"]],
    ["each in its turn", ["a", "b", "c", "d"], [], ["c", "d"], ["a", "b"]],
    ["one in use stays", ["a", "b", "c"], ["a"], ["a", "c"], ["b"]],
    ["one that has given way is opened anew", ["a", "b", "c", "a"], [], ["a", "c"], ["a", "b"]],
  ];
  it.each(rows)("%s", async (_what, asked, used, open, gone) => {
    busy = new Set(used);
    await ask(...asked);
    expect([opened(), closed]).toEqual([open, gone]);
  });

  it("requests for one more are asked to come again while all are in use", async () => {
    await ask("a", "b");
    busy = new Set(["a", "b"]);
    await expect(ask("c")).rejects.toThrow(MaintenanceError);
    busy.delete("b");
    await ask("c");
    expect([opened(), closed]).toEqual([["a", "c"], ["b"]]);
  });

  it("requests that come together for several never open more", async () => {
    await ask("a", "b");
    await Promise.all([ask("c"), ask("d"), ask("c")]);
    expect([opened(), closed.sort()]).toEqual([
      ["c", "d"],
      ["a", "b"],
    ]);
  });

  it("one that nobody asks for is closed, and one in use is not", async () => {
    await ask("a", "b");
    busy.add("b");
    vi.advanceTimersByTime(600);
    expect(closed).toEqual([]);
    vi.advanceTimersByTime(800);
    expect([opened(), closed]).toEqual([["b"], ["a"]]);
    await ask("a");
    expect(opened()).toEqual(["a", "b"]);
  });
});
