/** The table of the kinds of jobs. */
import { cronHandler } from "../jobs/cron-job.ts";
import type { JobHandler } from "../jobs/job.ts";
import { exportJob } from "./export/export-job.ts";
import { TableReader } from "./file/table-reader.ts";
import { importHandler } from "./import/import-job.ts";

/** Every kind that there is: one row each. */
export const jobHandlers: readonly JobHandler[] = [exportJob, importHandler(new TableReader()), cronHandler];
