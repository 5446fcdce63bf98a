/** Reads csv: decodes the text, parts it into rows of cells, and refuses what is malformed with the place of the mistake. */
import { CsvError, Parser } from "csv-parse";
import type { Cell } from "../../fields/cell.ts";
import type { ByteSource } from "./byte-source.ts";
import { encodingOfMark, sniffEncoding, sniffSeparator } from "./sniff.ts";
import {
  checkSize,
  type Encoding,
  restoreText,
  type TableFormat,
  type TableOptions,
  TableProblem,
  type TableRow,
  tableLimit,
} from "./table-row.ts";

/** Bytes that are looked at to find out how the file is written. */
const HEAD = 64 * 1024;

/** A cell as the parser gives it: quotes around an empty one say that it is an empty text. */
interface GivenCell {
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * Reads a csv file.
 *
 * @param start is told how the file is read, before the first row
 * @throws TableProblem
 */
export async function* readCsv(
  source: ByteSource,
  options: TableOptions,
  start: (format: TableFormat) => void,
): AsyncGenerator<TableRow> {
  const head = source.head(HEAD);
  const encoding = options.encoding ?? encodingOfMark(head) ?? sniffEncoding(head, isUtf8(source));
  const sample = new TextDecoder(encoding).decode(head, { stream: source.size > head.length });
  const separator = options.separator ?? sniffSeparator(sample, source.size <= head.length);
  start({ format: "csv", encoding, separator });
  const parser = new Parser({
    delimiter: separator,
    bom: true,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    max_record_size: tableLimit.rowLength,
    cast: (text, { quoting }): unknown => (quoting ? { text, quoted: true } : text),
  });
  const fed = feed(parser, source, encoding);
  let number = 0;
  let allQuoted = false;
  try {
    for await (const given of parser as AsyncIterable<(string | GivenCell)[]>) {
      number += 1;
      checkSize(number, given.length);
      if (number === 1) allQuoted = given.every((cell) => typeof cell !== "string");
      yield { number, cells: given.map((cell) => cellOf(cell, allQuoted, options.raw === true)) };
    }
    await fed;
  } catch (error) {
    throw error instanceof CsvError ? new TableProblem(describeMistake(error)) : error;
  }
}

/** Whoever puts every cell in quotes says nothing by them. */
function cellOf(given: string | GivenCell, allQuoted: boolean, raw: boolean): Cell {
  const { text, quoted } = typeof given === "string" ? { text: given, quoted: false } : given;
  if (text === "") return quoted && !allQuoted ? "" : null;
  return raw ? text : restoreText(text);
}

/** Decodes the file into the parser, no faster than that reads. */
async function feed(parser: Parser, source: ByteSource, encoding: Encoding): Promise<void> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for (const bytes of source.parts()) {
      if (parser.destroyed) return;
      if (!parser.write(decoder.decode(bytes, { stream: true }))) await drained(parser);
    }
    parser.end(decoder.decode());
  } catch (error) {
    const isCoding = (error as NodeJS.ErrnoException).code === "ERR_ENCODING_INVALID_ENCODED_DATA";
    const message = `is not text in ${encoding}; save it in UTF-8, or say which encoding it has`;
    parser.destroy(isCoding ? new TableProblem(message) : (error as Error));
  }
}

function drained(parser: Parser): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      parser.off("drain", go);
      parser.off("close", go);
      resolve();
    };
    parser.on("drain", go);
    parser.on("close", go);
  });
}

function isUtf8(source: ByteSource): boolean {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for (const bytes of source.parts()) decoder.decode(bytes, { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

const MISTAKES: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "has a cell whose quote is never closed",
  CSV_INVALID_CLOSING_QUOTE: "has something behind the closing quote of a cell",
  INVALID_OPENING_QUOTE: "has a quote within a cell that is not in quotes",
  CSV_MAX_RECORD_SIZE: `has a row with more than ${tableLimit.rowLength} characters; perhaps a quote is not closed`,
};

function describeMistake(error: CsvError): string {
  // The parser is ahead of whoever takes its rows.
  const { records = 0 } = error as { readonly records?: number };
  return `${MISTAKES[error.code] ?? "is malformed"} (row ${records + 1})`;
}
