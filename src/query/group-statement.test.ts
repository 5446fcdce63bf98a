/** The SQL of groupings, as it is sent. */
import { expect, test } from "vitest";
import { filterModule } from "../../test/fixtures/filter-registry.ts";
import { composeRegistry } from "../models/compose.ts";
import { modelOf } from "../models/model.ts";
import { parseFilter } from "../q/parse-filter.ts";
import { type Grouping, resolveGrouping } from "./group-resolution.ts";
import { compileGroups } from "./group-statement.ts";
import { unrestricted } from "./scope.ts";

const registry = composeRegistry([filterModule]);

function compile(request: Partial<Grouping>) {
  const scope = unrestricted(registry);
  const nothing = { keys: [], aggregates: [], filter: null, having: null, order: [], limit: 80, hasOffset: false };
  return compileGroups(scope, resolveGrouping(scope, modelOf(registry, "Product"), { ...nothing, ...request }));
}

test("one group: neither keys nor an order", () => {
  expect(compile({ aggregates: ["price__sum"] }).text).toMatchInlineSnapshot(
    `"with g as (select count(*) as n, sum(t1."price") as a0 from "product" t1) select c.total, p.data from (select count(*) as total from g) c left join (select json_build_object('count', g.n, 'price__sum', g.a0)::text as data, row_number() over () as position from (select g.* from g limit 80) g) p on true order by p.position"`,
  );
});

test("a to-one relation is grouped by its column; its name is read for the groups of the page", () => {
  expect(compile({ keys: ["category"], order: ["count DESC"], hasOffset: true }).text).toMatchInlineSnapshot(
    `"with g as (select t2."category_id" as k0, count(*) as n from "product" t2 group by 1) select c.total, p.data, p.k0 from (select count(*) as total from g) c left join (select json_build_object('category', case when g.k0 is not null then json_build_object('id', g.k0, 'display_name', g.d0) end, 'count', g.n)::text as data, (g.k0)::text as k0, row_number() over () as position from (select g.*, coalesce(nullif(t1."name", ''), '#' || t1."id") as d0 from g left join "category" t1 on t1."id" = g.k0 order by g.n desc, coalesce(nullif(t1."name", ''), '#' || t1."id"), g.k0 limit 80 offset $1::bigint) g) p on true order by p.position"`,
  );
});

test("a to-many relation, and a date of the reader's zone, under a filter and having", () => {
  const plan = compile({
    keys: ["tags", "updated__month"],
    filter: parseFilter("Q(active=True)").q,
    having: parseFilter("Q(price__sum__gte=100)").q,
  });
  expect(plan.text).toMatchInlineSnapshot(
    `"with g as (select * from (select t4.id as k0, case when t2."updated" is not null then date_trunc('month', least(greatest(t2."updated" at time zone $1::text, '0001-01-01'), '9999-12-31'))::date end as k1, count(*) as n, sum(t2."price") as a0 from "product" t2 left join lateral (select t3."id" as id from "product_tags_link" t5 join "tag" t3 on t3."id" = t5."tag_id" where t5."product_id" = t2."id") t4 on true where (t2."active" = $2::boolean) group by 1, 2) t6 where (t6."a0" >= $3::numeric)) select c.total, p.data, p.k0, p.k1 from (select count(*) as total from g) c left join (select json_build_object('tags', case when g.k0 is not null then json_build_object('id', g.k0, 'display_name', g.d0) end, 'updated__month', g.k1, 'count', g.n)::text as data, (g.k0)::text as k0, (g.k1)::text as k1, row_number() over () as position from (select g.*, coalesce(nullif(t1."name", ''), '#' || t1."id") as d0 from g left join "tag" t1 on t1."id" = g.k0 order by coalesce(nullif(t1."name", ''), '#' || t1."id"), g.k0, g.k1 limit 80) g) p on true order by p.position"`,
  );
  const names = { uid: null, cid: null, company_id: null, cids: [], contact_id: null, gids: [] };
  const input = { names, clock: { now: new Date(0), timeZone: "Asia/Tokyo" }, literals: [true, 100], parameters: [] };
  expect(plan.slots.map((slot) => slot.bind(input))).toEqual(["Asia/Tokyo", true, "100"]);
});
