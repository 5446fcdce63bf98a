/** The endpoint that imports files: reads what the form says, one call, and the report as the answer. */
import type { Static } from "typebox";
import { importRecords } from "../contract/importing.ts";
import { ValidationError } from "../errors.ts";
import type { CellForms } from "../fields/cell.ts";
import { storeContent } from "../files/file-store.ts";
import type { TableReader } from "../transfer/file/table-reader.ts";
import type { TableOptions } from "../transfer/file/table-row.ts";
import { importJobOf } from "../transfer/import/import-job.ts";
import { type ImportReport, refusal } from "../transfer/import/report.ts";
import { checkImport, type ImportOptions, runImport } from "../transfer/import/run-import.ts";
import { tenantOf } from "./caller.ts";
import { queueJob } from "./job-route.ts";
import { toList } from "./list-text.ts";
import { addUserRoute, type RouteContext } from "./route.ts";
import { uploadOf } from "./upload.ts";

type Form = Static<typeof importRecords.body>;

/** Binds the endpoint that imports. */
export function addImportRoute(context: RouteContext, reader: TableReader): void {
  addUserRoute(context, importRecords, async (env, { path, query, body }, exchange) => {
    const { name, mimetype, handle } = uploadOf(exchange.request);
    const options = importOptions(body);
    const table = tableOptions(body);
    if (query.job === "true") {
      const { files } = tenantOf(exchange.request);
      // Whoever may not import at all is told so at once.
      checkImport(env, path.model);
      const content = await storeContent(files, handle.createReadStream({ start: 0, autoClose: false }));
      return queueJob(env, importJobOf(path.model, table, options, { name, mimetype, ...content }), exchange);
    }
    const report = await reader.inTurn((read) =>
      runImport(env, path.model, (work) => read({ descriptor: handle.fd }, table, work), options),
    );
    if (options.abort && report.failed > 0) throw refused(report);
    return JSON.stringify(report);
  });
}

/** The report is the answer, whatever else it says. */
function refused(report: ImportReport): ValidationError {
  return new ValidationError(report.message, { extra: { ...refusal(report) } });
}

function importOptions(form: Form): ImportOptions {
  const given = form.create_missing?.trim() ?? "";
  return {
    mapping: form.mapping === undefined ? null : parseMapping(form.mapping),
    matchBy: form.match_by === undefined || form.match_by === "" ? null : form.match_by,
    createMissing: given === "" ? [] : (toList("create_missing", given) ?? []),
    forms: {
      decimalSeparator: (form.decimal_separator ?? ".") as CellForms["decimalSeparator"],
      dateForm: (form.date_format ?? "YYYY-MM-DD") as CellForms["dateForm"],
    },
    abort: form.on_error !== "skip",
    dryRun: isYes(form.dry_run),
  };
}

function tableOptions({ encoding, separator, sheet, raw }: Form): TableOptions {
  return {
    encoding: encoding as TableOptions["encoding"],
    separator: (separator === "tab" ? "\t" : separator) as TableOptions["separator"],
    sheet: sheet === "" ? undefined : sheet,
    raw: isYes(raw),
  };
}

function isYes(given: string | undefined): boolean {
  return given === "true" || given === "1";
}

/** @throws ValidationError unless it is a JSON object of headers and paths */
function parseMapping(text: string): Map<string, string | null> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new ValidationError('mapping: must be a JSON object such as {"Name": "name"}');
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new ValidationError('mapping: must be a JSON object such as {"Name": "name"}');
  }
  const entries = Object.entries(given as Readonly<Record<string, unknown>>);
  const wrong = entries.filter(([, path]) => path !== null && typeof path !== "string");
  if (wrong.length > 0) {
    const message = "must be the path of a field, or null to leave the column out";
    throw ValidationError.ofFields(
      wrong.slice(0, 100).map(([header]) => ({ path: `mapping[${JSON.stringify(header.slice(0, 100))}]`, message })),
    );
  }
  return new Map(entries as [string, string | null][]);
}
