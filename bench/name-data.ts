/** Contacts with names as people and companies have them, made by PostgreSQL itself. */
import type { Database } from "../src/database/database.ts";

const given =
  "Anna,Ben,Carla,David,Élodie,Frank,Grace,Hugo,Inès,Jack,Karim,Léa,Marie,Noah,Olga,Paul,Quentin,Rosa,Søren,Tom,Ursula,Viktor,Wendy,Xavier,Yara,Zoé,Müge,Anders,Beatrix,Christoph,Émile,François,Gerda,Henriette,Ivan,Jürgen,Katarzyna,Łukasz,Mateo,Niamh";
const starts =
  "Al,Bau,Ber,Bran,Car,Dal,Do,El,Fal,Fer,Gar,Gol,Hal,Han,Hol,Jan,Kal,Kla,Kow,Lam,Lin,Mar,Mol,Mül,Nor,Ol,Par,Pet,Ram,Ro,Sal,Schmi,Ste,Tan,Tho,Var,Wal,Wei,Zim,O'Bri";
const middles =
  "a,ba,be,ca,chi,da,de,di,do,fa,ga,go,ha,in,ka,la,le,li,lo,ma,me,mi,na,ne,ni,no,ra,re,ri,ro,sa,se,si,so,ta,te,ti,to,va,ve";
const ends = "n,ng,nn,r,rd,rs,s,son,t,tt,tz,x,z,ck,dt,ez,ini,off,ski,berg,mann,sen,wicz,ström";
const trades =
  "Bakery,Bank,Books,Builders,Chemicals,Clinic,Consulting,Design,Electric,Energy,Farms,Foods,Glass,Hotels,Insurance,Logistics,Machines,Media,Motors,Optics,Paper,Pharma,Plumbing,Robotics,Shipping,Software,Solar,Steel,Textiles,Toys,Travel,Wines";
const forms = "Ltd,GmbH,Inc,SA,AB,BV,SpA,Oy,PLC,KG";

/**
 * Fills the table of contacts: every fifth a company, the others people, all with an e-mail address, in the first twelve countries; none is archived.
 *
 * @param count how many
 */
export async function fillContacts(database: Database, count: number): Promise<void> {
  const lists = [given, starts, middles, ends, trades, forms].map((list) => list.split(","));
  // Multiplied by a number without a common divisor, so that neighbours have nothing in common.
  const pick = (parameter: number, factor: number) =>
    `($${parameter}::text[])[1 + ((i * ${factor}) % 1000003) % cardinality($${parameter}::text[])]`;
  await database.run({
    text: `
      insert into contact (name, is_company, email, city, country_id, active)
      select case when i % 5 = 0 then family || ' ' || trade || ' ' || form else given || ' ' || family end,
             i % 5 = 0,
             case when i % 5 = 0 then 'info@' || lower(trade) || i || '.example.com'
                  else lower(given) || '.' || i || '@' || lower(trade) || '.example.com' end,
             'City ' || i % 500, 1 + (i * 31) % 1009 % 12, true
      from (
        select i, ${pick(1, 7919)} as given, ${pick(2, 104_729)} || ${pick(3, 15_485_863)} || ${pick(4, 32_452_843)} as family,
               ${pick(5, 49_979_687)} as trade, ${pick(6, 67_867_967)} as form
        from generate_series(1, $7::bigint) i
      ) parts
      order by i`,
    values: [...lists, count],
  });
  await database.run({ text: "vacuum (analyze) contact", values: [] });
}

/** A whole number below a bound that looks like chance and is the same in each run. */
export function spread(n: number, bound: number): number {
  return ((n * 48_271 + 11) % 2_147_483_647) % bound;
}
