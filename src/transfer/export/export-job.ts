/** Exports that go on without anybody waiting for them. */
import { storeContent } from "../../files/file-store.ts";
import type { JobHandler, NewJob } from "../../jobs/job.ts";
import { type ExportRequest, openExport, prepareExport } from "./open-export.ts";

/** What the queue keeps of an export. */
interface ExportInput {
  readonly model: string;
  readonly request: ExportRequest;
}

/** The job that makes an export. */
export function exportJobOf(model: string, request: ExportRequest): Omit<NewJob, "caller"> {
  // Members that are not given are left out in JSON.
  const input = JSON.parse(JSON.stringify({ model, request } satisfies ExportInput));
  return { kind: exportJob.kind, input, source: null };
}

/** Makes the file. An export has no effects: one that was cut off begins anew. */
export const exportJob: JobHandler = {
  kind: "export",
  async run({ env, input, files, report }) {
    const { model, request } = input as ExportInput;
    const prepared = prepareExport(env, model, request);
    const opened = await openExport(env, prepared, { counts: true, onRecords: (done) => report({ done }) });
    const { name, mimetype, notFound, total, bytes, close } = opened;
    try {
      report({ total: total ?? 0 });
      const content = await storeContent(files, bytes);
      return { result: { records: total ?? 0, not_found: notFound ?? 0 }, file: { name, mimetype, ...content } };
    } finally {
      await close();
    }
  },
};
