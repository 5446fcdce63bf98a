/** Compiles records that were asked for and all that stands behind their relations, in the quickest form that they allow. */
import { raw, type Sql, sql } from "../sql/fragment.ts";
import { fitsRow, joined } from "./compile-joined.ts";
import { compileNested, type ReadRecords, type RecordSource } from "./compile-level.ts";
import { behindLevels, type Levels } from "./compile-member.ts";
import {
  bounded,
  compileColumns,
  compileLastLevel,
  flatShape,
  gathered,
  isFlat,
  recordText,
  rowsOf,
  unexpectedRelation,
} from "./compile-row.ts";
import type { LevelShape } from "./record-shape.ts";

/** Compiles records and all that stands behind their relations. */
export function compileRecords(levels: Levels, source: RecordSource): ReadRecords {
  return isFlat(source.selection) ? compileFlat(levels, source) : compileNested(levels, source);
}

/** The same of a source that gives one record, or none: then the query gives no row, or one without records. */
export function compileRecordOf(levels: Levels, source: RecordSource): ReadRecords {
  const behind = [...source.selection.fields.values()].flatMap(({ nested }) => nested ?? []);
  if (!behind.every((nested) => fitsRow(levels.scope, nested))) return compileNested(levels, source);
  // Nothing has to be kept for others: all that stands behind the record is found from the record itself.
  const shapes: LevelShape[] = [];
  const texts: Sql[] = [];
  const given: string[] = [];
  const relations = behindLevels((start, field, selection) => {
    const tie = (tied: string) => sql`${raw(tied)} = ${start(source.frame)}`;
    const { row, rows, shape } = compileLastLevel(levels, { field, selection, tie }, joined(levels));
    const level = `l${shapes.push(shape)}`;
    const many = field.relation?.many === true;
    const text = many
      ? sql`select ${raw(gathered(levels, "o.row"))} from (${rowsOf(row, rows)}) o`
      : sql`select ${row} from ${rows}`;
    texts.push(sql`(${text}) as ${raw(level)}`);
    given.push(`${many ? `p.${level}` : bounded(levels, `coalesce(p.${level}, '')`)} as ${level}`);
    return shapes.length;
  });
  const { columns, shape, places } = compileColumns(levels, source, relations);
  const named = [sql`${recordText(columns)} as row`, ...texts];
  return {
    steps: [],
    columns: [`${bounded(levels, "p.row")} as data`, ...given].map(raw),
    source: sql`(${source.select(named, () => "row")} offset 0) p`,
    shape: { top: shape, levels: shapes, order: shapes.map((_, index) => index + 1) },
    places,
  };
}

/** Records by themselves: what is printed comes straight from the table. */
function compileFlat(levels: Levels, source: RecordSource): ReadRecords {
  const { columns, shape, places } = compileColumns(levels, source, unexpectedRelation);
  const named = columns.map((column, index) => sql`${column} as ${raw(`c${index}`)}`);
  const rows = source.select(named, (index) => `c${places[index]}`);
  return {
    steps: [],
    columns: [raw(`${gathered(levels, "p::text")} as data`)],
    source: sql`(${rows}) p`,
    shape: flatShape(shape),
    places,
  };
}
