/** Checks the YAML data of every module without a database: form, references, and the ISO lists against independent packages. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getCountryDataList } from "countries-list";
import { currencies as listedCurrencies } from "countries-list/currencies";
import { data as isoCurrencies } from "currency-codes";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { discoverModules } from "../../src/installer/discover-modules.ts";
import { loadModules, modulesFolder } from "../../src/installer/load-modules.ts";
import { composeModules } from "../../src/installer/module-library.ts";

type Value = string | number | boolean | null | readonly string[];

interface Entry {
  readonly module: string;
  /** Path from the modules folder, such as `core/data/countries.yaml`. */
  readonly file: string;
  readonly demo: boolean;
  /** Place in the order in which the module's entries are loaded, from 0. */
  readonly position: number;
  readonly model: string;
  /** Full form, such as `core.country_fr`. */
  readonly id: string;
  readonly values: Readonly<Record<string, Value>>;
}

interface Manifest {
  readonly dependencies: readonly string[];
  readonly data?: readonly string[];
  readonly demo?: readonly string[];
}

const MODULES = fileURLToPath(new URL("..", import.meta.url));

/** Model -> relation field -> target, of all models that the modules declare. */
const RELATIONS = new Map(
  [...composeModules(await loadModules(await discoverModules(modulesFolder))).models].map(([name, { fields }]) => [
    name,
    new Map([...fields].flatMap(([field, { relation }]) => (relation === null ? [] : [[field, relation.target]]))),
  ]),
);

/** ISO 4217 codes that currency-codes (its list is of June 2024) has and the data leaves out. */
const CURRENCIES_LEFT_OUT: Readonly<Record<string, string>> = {
  ANG: "replaced by XCG in Curaçao and Sint Maarten, 31 March 2025",
  BGN: "Bulgaria uses the euro from 1 January 2026",
  CUC: "withdrawn in Cuba in June 2021",
  XAG: "metal, no minor unit",
  XAU: "metal, no minor unit",
  XPD: "metal, no minor unit",
  XPT: "metal, no minor unit",
  XBA: "bond market unit, no minor unit",
  XBB: "bond market unit, no minor unit",
  XBC: "bond market unit, no minor unit",
  XBD: "bond market unit, no minor unit",
  XDR: "unit of account of the IMF, no minor unit",
  XSU: "unit of account, no minor unit",
  XUA: "unit of account, no minor unit",
  XTS: "reserved for tests",
  XXX: "no currency",
};

/** ISO 4217 codes newer than that list, with their decimals. */
const CURRENCIES_ADDED: Readonly<Record<string, number>> = { XAD: 2, XCG: 2 };

/** Codes of countries-list that are not ISO 3166-1 entries: reserved (AC, TA) or user-assigned (XK). */
const NOT_A_COUNTRY = ["AC", "TA", "XK"];

/** Calling codes that countries-list gives otherwise, and why ours differ. */
const CALLING_CODES: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  BQ: ["599", "599 7 is Bonaire alone"],
  CW: ["599", "the country code, without the 9 that begins a local number"],
  HM: ["672", "Australian external territories"],
  SJ: ["47", "Norway; 79 begins a local number"],
  VA: ["39", "379 is assigned and was never put into use"],
};

/** Countries whose number changed after their currency had taken it over: the currency keeps the old one. */
const NUMBER_OF_THE_PAST: Readonly<Record<string, readonly [currency: string, country: string]>> = {
  ETB: ["230", "231"],
  PAB: ["590", "591"],
  YER: ["886", "887"],
};

/** Parses every manifest, by module. */
function readManifests(): Map<string, Manifest> {
  const modules = readdirSync(MODULES).filter((name) => existsSync(join(MODULES, name, "manifest.yaml")));
  return new Map(modules.map((name) => [name, parse(readFileSync(join(MODULES, name, "manifest.yaml"), "utf8"))]));
}

/** Parses the files that a manifest names, in its order. */
function readEntries(module: string, manifest: Manifest): Entry[] {
  const files = [...(manifest.data ?? []), ...(manifest.demo ?? [])];
  const found = files.flatMap((name) => {
    const file = `${module}/${name}`;
    const document: unknown = parse(readFileSync(join(MODULES, file), "utf8"));
    if (!Array.isArray(document)) throw new Error(`${file} is not a list of entries`);
    return document.map((entry: unknown) => ({ entry, file, demo: manifest.demo?.includes(name) === true }));
  });
  return found.map(({ entry, ...place }, position) => readEntry(entry, { ...place, module, position }));
}

/** Checks the form of one entry of a file. */
function readEntry(entry: unknown, place: Pick<Entry, "module" | "file" | "demo" | "position">): Entry {
  const {
    data_type,
    identifier,
    apply_once = false,
    values = {},
    made_by,
    run,
    ...unknown
  } = entry as Record<string, unknown>;
  const where = `${place.file}: ${String(identifier)}`;
  expect(unknown, where).toEqual({});
  expect(apply_once, where).toBeTypeOf("boolean");
  expect(identifier, where).toMatch(/^[a-z][a-z0-9_]*$/);
  expect(data_type, where).toMatch(/^[A-Z][A-Za-z]*$/);
  expect(values, where).toBeTypeOf("object");
  return {
    ...place,
    model: String(data_type),
    id: `${place.module}.${String(identifier)}`,
    values: values as Entry["values"],
  };
}

const manifests = readManifests();
const entries = [...manifests].flatMap(([module, manifest]) => readEntries(module, manifest));
const byId = new Map(entries.map((entry) => [entry.id, entry]));
const references = entries.flatMap((from) =>
  [...(RELATIONS.get(from.model) ?? [])].flatMap(([field, target]) => {
    const named = [from.values[field] ?? []].flat().filter((value) => typeof value === "string");
    return named.map((name) => {
      const id = String(name).includes(".") ? String(name) : `${from.module}.${String(name)}`;
      return { from, field, target, id, to: byId.get(id) };
    });
  }),
);

/** Values of one model by one of its text fields. */
function valuesOf(model: string, key: string): Map<string, Entry["values"]> {
  return new Map(entries.filter((each) => each.model === model).map((each) => [String(each.values[key]), each.values]));
}

/** Whether one module needs another, at once or through others. */
function needs(module: string, other: string): boolean {
  const direct = manifests.get(module)?.dependencies ?? [];
  return direct.some((each) => each === other || needs(each, other));
}

describe("data files of all modules", () => {
  test("are found", () => {
    const modules = new Set(entries.map((entry) => entry.module));
    expect([...modules]).toEqual(expect.arrayContaining(["contacts", "core", "products"]));
    expect(references.length).toBeGreaterThan(500);
  });

  test("name each identifier once and only models known here", () => {
    const seen = new Set<string>();
    expect(entries.filter((entry) => seen.has(entry.id) || !seen.add(entry.id))).toEqual([]);
    expect(entries.map((entry) => entry.model).filter((model) => !RELATIONS.has(model))).toEqual([]);
  });

  test("are all named in the manifest of their module", () => {
    for (const [module, { data = [], demo = [] }] of manifests) {
      const folders = ["data", "demo", "security"].filter((name) => existsSync(join(MODULES, module, name)));
      const present = folders.flatMap((name) =>
        readdirSync(join(MODULES, module, name)).map((file) => `${name}/${file}`),
      );
      expect([...data, ...demo], module).toEqual(
        expect.arrayContaining(present.filter((name) => name.endsWith(".yaml"))),
      );
    }
  });

  test("refer to entries of the right model that are loaded earlier, and to demo data only from demo data", () => {
    const wrong = references.filter(({ from, target, to }) => {
      if (to?.model !== target || (to.demo && !from.demo)) return true;
      return to.module === from.module ? to.position >= from.position : !needs(from.module, to.module);
    });
    expect(wrong.map(({ from, field, id }) => `${from.file}: ${from.id}.${field} = ${id}`)).toEqual([]);
  });

  test.each([
    ["Product", "price", 2],
    ["Product", "cost", 2],
    ["UoM", "factor", 12],
    ["UoM", "rounding", 6],
  ])("write %s.%s as a quoted decimal, so that no digit is lost, with at most %i of them after the point", (...row) => {
    const [model, field, digits] = row;
    const written = entries.filter((entry) => entry.model === model).map((entry) => entry.values[field]);
    const decimal = new RegExp(`^\\d+(\\.\\d{1,${digits}})?$`);
    expect(written.length).toBeGreaterThan(0);
    for (const value of written) expect(value).toEqual(expect.stringMatching(decimal));
  });

  test.each(["Group", "ModelAccess"])("give every %s its own identifier as the value of `identifier` too", (model) => {
    const wrong = entries.filter(
      (each) => each.model === model && each.id !== `${each.module}.${each.values.identifier}`,
    );
    expect(wrong).toEqual([]);
  });

  test("have one base unit in each category of units, with the factor 1", () => {
    const units = entries.filter((entry) => entry.model === "UoM").map((entry) => entry.values);
    for (const category of entries.filter((entry) => entry.model === "UoMCategory")) {
      const bases = units.filter((unit) => `products.${unit.category}` === category.id && unit.is_base_uom === true);
      expect(bases.map((unit) => unit.factor)).toEqual(["1"]);
    }
  });
});

describe("currencies", () => {
  const ours = valuesOf("Currency", "code");
  const decimals = Object.fromEntries([...ours].map(([code, values]) => [code, values.decimal_places]).sort());

  test("are those of ISO 4217, with their decimals", () => {
    const kept = isoCurrencies.filter((each) => CURRENCIES_LEFT_OUT[each.code] === undefined);
    expect(isoCurrencies.length - kept.length).toBe(Object.keys(CURRENCIES_LEFT_OUT).length);
    const wanted = { ...Object.fromEntries(kept.map((each) => [each.code, each.digits])), ...CURRENCIES_ADDED };
    expect(decimals).toEqual(wanted);
  });

  test("have the same decimals in a second source", () => {
    const listed = Object.entries(listedCurrencies).filter(([code]) => ours.has(code));
    expect(Object.fromEntries(listed.map(([code, each]) => [code, each.decimals]))).toEqual(decimals);
  });

  test("have names of their own and short symbols, and a few are active", () => {
    expect(new Set([...ours.values()].map((each) => each.name)).size).toBe(ours.size);
    for (const { symbol } of ours.values())
      expect(symbol).toEqual(expect.stringMatching(/^\S([^\n\t\u00a0\u202f]{0,3}\S)?$/u));
    const active = [...ours].filter(([, each]) => each.active === true).map(([code]) => code);
    expect(active).toEqual(["AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "JPY", "NOK", "PLN", "SEK", "USD"]);
  });
});

describe("countries", () => {
  const ours = valuesOf("Country", "code");
  const listed = getCountryDataList().filter((each) => !NOT_A_COUNTRY.includes(each.iso2));

  test("are the 249 of ISO 3166-1 with their alpha-3 codes", () => {
    expect(ours.size).toBe(249);
    const alpha3 = Object.fromEntries([...ours].map(([code, each]) => [code, each.code3]));
    expect(alpha3).toEqual(Object.fromEntries(listed.map((each) => [each.iso2, each.iso3])));
  });

  test("have names of their own and three-digit numbers, which their currencies often share", () => {
    const countries = [...ours.values()];
    expect(new Set(countries.map((each) => each.name)).size).toBe(249);
    expect(new Set(countries.map((each) => each.numeric_code)).size).toBe(249);
    for (const each of countries) expect(each.numeric_code).toEqual(expect.stringMatching(/^\d{3}$/));
    // A national currency has the number of its country, unless it is of the 900s, which are for currencies only.
    const national = isoCurrencies.filter((each) => ours.has(each.code.slice(0, 2)) && Number(each.number) < 900);
    expect(national.length).toBeGreaterThan(100);
    const differing = national
      .map((each) => [each.code, [each.number, ours.get(each.code.slice(0, 2))?.numeric_code]] as const)
      .filter(([, [number, country]]) => number !== country);
    expect(Object.fromEntries(differing)).toEqual(NUMBER_OF_THE_PAST);
  });

  test("have a calling code and a currency that a second source gives them", () => {
    for (const each of listed) {
      const country = ours.get(each.iso2);
      const known = CALLING_CODES[each.iso2]?.[0];
      if (known === undefined) expect(each.phone.map(String), each.iso2).toContain(country?.phone_code);
      else expect([country?.phone_code, each.phone.map(String).includes(known)], each.iso2).toEqual([known, false]);
      const currency = String(country?.currency).replace("currency_", "").toUpperCase();
      if (each.iso2 === "AQ") expect([country?.currency, each.currency]).toEqual([null, []]);
      else expect<string[]>(each.currency, each.iso2).toContain(currency);
    }
  });

  test.each([
    ["BG", "currency_eur"],
    ["CH", "currency_chf"],
    ["CW", "currency_xcg"],
    ["HR", "currency_eur"],
    ["PA", "currency_pab"],
    ["SL", "currency_sle"],
    ["SX", "currency_xcg"],
    ["US", "currency_usd"],
    ["VE", "currency_ves"],
    ["ZW", "currency_zwg"],
  ])("where sources are late or name several: %s pays in %s", (code, currency) => {
    expect(ours.get(code)?.currency).toBe(currency);
  });
});
