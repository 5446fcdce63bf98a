/** Draws numbers from series and gives them to new records, as the last statements of a write. */
import { repeated } from "../database/repeated.ts";
import { ValidationError } from "../errors.ts";
import { seriesOf } from "../fields/next-number.ts";
import { identifier, raw, sql } from "../sql/fragment.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { today } from "./today.ts";
import type { Unnumbered } from "./unnumbered.ts";
import type { WriteRun } from "./write-run.ts";

interface Series {
  readonly id: number;
  readonly prefix: string | null;
  readonly suffix: string | null;
  readonly padding: number;
  readonly gapless: boolean;
  readonly begins: string;
}

/**
 * Gives numbers to all records that wait for one: two statements for each field.
 *
 * @throws ValidationError where the series is not there
 */
export async function numberRecords({ env, unnumbered }: WriteRun): Promise<void> {
  const codeOf = ({ field }: Unnumbered): string => seriesOf(field.field) ?? "";
  // In one order everywhere, so that two writes never wait for each other in a circle.
  const all = [...unnumbered.values()].sort((a, b) => (codeOf(a) < codeOf(b) ? -1 : 1));
  for (const waiting of all) {
    const { model, field, ids } = waiting;
    const numbers = await drawNumbers(env, codeOf(waiting), ids.length);
    const [table, column] = [identifier(model.table), identifier(field.column)];
    await env.session.run(
      repeated(
        sql`update ${table} w set ${column} = n.value from unnest(${ids}::bigint[], ${numbers}::text[]) n(id, value) where w.id = n.id`,
      ),
    );
  }
}

/**
 * Draws the next numbers of a series. One that begins again goes on in the period of the day, also in one that is over.
 *
 * A fast series never waits and leaves a gap where a write fails. One without gaps holds its record until the transaction
 * ends: whoever comes next waits, and gets the number if this one is not used after all.
 *
 * @param env of a transaction
 * @param day `YYYY-MM-DD`, whose year, month and day are part of the numbers; that of the moment unless given
 * @throws ValidationError where there is no such series
 */
export async function drawNumbers(
  env: BaseEnvironment,
  code: string,
  count: number,
  day = today(env.clock),
): Promise<string[]> {
  const { session } = env;
  const [series] = await session.rows<Series>({
    name: "sequence_of_code",
    text: "select id, prefix, suffix, padding, gapless, begins from sequence where code = $1",
    values: [code],
  });
  if (series === undefined) throw new ValidationError(`there is no Sequence with the code ${JSON.stringify(code)}`);
  const values = await (series.gapless ? drawGapless(env, series, day, count) : drawFast(env, series, count));
  return values.map(
    (value) => fill(series.prefix, day) + String(value).padStart(series.padding, "0") + fill(series.suffix, day),
  );
}

/** Counts on in the period of the day. The numbers that earlier periods have come to are kept, so that they go on without a gap. */
const DRAW_GAPLESS = `update sequence set
  next = case when $3::text > period then 1 + $2::bigint when $3 < period then next else next + $2 end,
  earlier = case
    when $3 > period then coalesce(earlier, '{}') || jsonb_build_object(period, next)
    when $3 < period then coalesce(earlier, '{}') || jsonb_build_object($3, coalesce((earlier ->> $3)::bigint, 1) + $2)
    else earlier end,
  period = greatest(period, $3)
where id = $1 returning case when $3 < period then (earlier ->> $3)::bigint else next end as next`;

async function drawGapless(
  { session }: BaseEnvironment,
  series: Series,
  day: string,
  count: number,
): Promise<number[]> {
  const period = { year: day.slice(0, 4), month: day.slice(0, 7) }[series.begins] ?? null;
  const [drawn] = await session.rows<{ next: number }>({
    name: "number_gapless",
    text: DRAW_GAPLESS,
    values: [series.id, count, period],
  });
  const first = (drawn?.next ?? 0) - count;
  return Array.from({ length: count }, (_, index) => first + index);
}

/** A sequence of PostgreSQL is outside of transactions, so nobody waits for anybody. It is made when it is first needed. */
async function drawFast({ session }: BaseEnvironment, { id }: Series, count: number): Promise<number[]> {
  const name = `fullfinity_number_${id}`;
  const [found] = await session.rows<{ there: boolean }>({
    name: "number_sequence",
    text: "select to_regclass($1) is not null as there",
    values: [name],
  });
  if (found?.there !== true) {
    // Two that make it at the same moment would collide in PostgreSQL's catalog.
    await session.rows({ text: "select pg_advisory_xact_lock(hashtextextended($1, 3))", values: [name] });
    const [series] = await session.rows<{ next: number }>({
      text: "select next from sequence where id = $1",
      values: [id],
    });
    await session.run(sql`create sequence if not exists ${identifier(name)} start ${raw(String(series?.next ?? 1))}`);
  }
  const rows = await session.rows<{ value: number }>({
    name: "number_fast",
    text: "select nextval($1::regclass) as value from generate_series(1, $2::integer)",
    values: [name, count],
  });
  return rows.map(({ value }) => value);
}

function fill(text: string | null, day: string): string {
  const [year = "", month = "", date = ""] = day.split("-");
  return (text ?? "").replaceAll("{year}", year).replaceAll("{month}", month).replaceAll("{day}", date);
}
