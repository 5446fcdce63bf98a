/** The endpoints of jobs: long work that goes on without anybody waiting for it. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { strictObject } from "./schema.ts";

const moment = (description: string) =>
  Type.Union([Type.String({ format: "date-time" }), Type.Null()], { description });

const jobSchema = strictObject(
  {
    id: Type.Integer({ minimum: 1 }),
    kind: Type.String(),
    state: Type.Unsafe<string>({ type: "string", enum: ["queued", "running", "done", "failed", "cancelled"] }),
    done: Type.Integer({ minimum: 0, description: "Rows so far." }),
    total: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], { description: "Rows in all, once that is known." }),
    result: Type.Unsafe<unknown>({
      description: "What the request would have been answered; null where that is a file.",
    }),
    file: Type.Union(
      [strictObject({ name: Type.String(), mimetype: Type.String(), size: Type.Integer({ minimum: 0 }) }), Type.Null()],
      { description: "What `GET /api/jobs/{id}/file` gives." },
    ),
    error: Type.Unsafe<unknown>({ description: "The error of a job that has failed, as an answer would hold it." }),
    created_date: Type.String({ format: "date-time" }),
    started_date: moment("When somebody began to work at it."),
    finished_date: moment("When it was done, had failed or was cancelled."),
  },
  { description: "A job and how far it is." },
);

const common = { guard: "internal", tag: "Jobs", query: null, body: null } as const;

export const listJobs = endpoint({
  ...common,
  id: "listJobs",
  method: "GET",
  path: "/api/jobs",
  summary: "List my jobs",
  description: "The 100 newest jobs of the user, the newest first. A job is forgotten a week after its end.",
  answer: strictObject({ data: Type.Array(jobSchema) }),
  failures: ["404 MissingError", "503 MaintenanceError"],
  examples: [{ summary: "All of them" }],
});

export const readJob = endpoint({
  ...common,
  id: "readJob",
  method: "GET",
  path: "/api/jobs/{id}",
  summary: "Ask how far a job is",
  description: "Only its owner may ask: to all others it does not exist.",
  answer: jobSchema,
  failures: ["503 MaintenanceError"],
  examples: [],
});

export const cancelJob = endpoint({
  ...common,
  id: "cancelJob",
  method: "POST",
  path: "/api/jobs/{id}/cancel",
  summary: "Cancel a job",
  description:
    "One that waits never begins; one that runs stops, and what it has not finished has no effect. One that has ended stays " +
    "as it is. The answer is the job, which may still be `running` for a moment.",
  answer: jobSchema,
  failures: ["503 MaintenanceError"],
  examples: [],
});

export const readJobFile = endpoint({
  ...common,
  id: "readJobFile",
  method: "GET",
  path: "/api/jobs/{id}/file",
  summary: "Download the file of a job",
  description: "The file that an export has made, or the rows that an import could not take.",
  answer: "application/octet-stream",
  failures: ["503 MaintenanceError"],
  examples: [],
});
