/** Scheduled work: which declared method runs when, and in whose name. */
import {
  action,
  boolean,
  char,
  checkScheduledCall,
  cronExpression,
  datetime,
  defineModel,
  type Environment,
  implementModel,
  json,
  manyToOne,
  method,
  nextCronTime,
  runScheduledNow,
  text,
  timeZone,
  ValidationError,
} from "fullfinity";

export const CronJob = defineModel("CronJob", {
  label: "Scheduled work",
  description:
    "A declared method that runs by itself, again and again, in the name of a user and with that user's rights.",
  track: true,
  order: ["name ASC"],
  fields: {
    name: char({ required: true }),
    model: char({ required: true, maxLength: 64, hint: "The model whose method it is" }),
    method: char({ required: true, maxLength: 64, hint: "A declared method that works on no records" }),
    inputs: json({ hint: "Inputs of the method" }),
    schedule: char({
      required: true,
      maxLength: 100,
      hint: "Such as 30 7 * * MON-FRI: minute, hour, day of the month, month, day of the week",
      validators: [cronExpression],
    }),
    timezone: char({
      label: "Time zone",
      required: true,
      default: "UTC",
      maxLength: 64,
      hint: "Such as Europe/Berlin",
      validators: [timeZone],
    }),
    active: boolean({ default: true }),
    user: manyToOne("User", {
      required: true,
      onDelete: "RESTRICT",
      index: true,
      default: ({ userId }) => userId,
      hint: "In whose name it runs",
    }),
    next_run: datetime({
      index: true,
      clone: false,
      track: false,
      calculate: "next_run",
      dependsOn: ["active", "schedule", "timezone"],
    }),
    last_run: datetime({ readonly: true, clone: false, track: false }),
    last_error: text({ readonly: true, clone: false, track: false, hint: "Empty where the last run went well" }),
  },
});

export const CronJobBehaviour = implementModel("CronJob", {
  calculate: {
    next_run: (jobs, { clock }) =>
      jobs.map(({ active, schedule, timezone }) =>
        active ? (nextCronTime(schedule, timezone, clock.now)?.toISOString() ?? null) : null,
      ),
  },
  hooks: {
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await checkJobs(ids, env);
    },
    afterUpdate: async (changes, env, next) => {
      await next(changes);
      await checkJobs(
        changes.map(({ id }) => id),
        env,
      );
    },
  },
  methods: {
    run_now: method(
      {
        scope: "records",
        label: "Run now",
        description: "Runs it once, as soon as a process is free, whatever its schedule says.",
      },
      async (jobs, { env }) => {
        await runScheduledNow(
          env,
          jobs.map(({ id }) => id),
        );
        return action("notify", { message: jobs.length === 1 ? "It runs in a moment" : "They run in a moment" });
      },
    ),
  },
});

/** Whoever writes one must be able to call its method, and have it called in its own name unless an administrator. */
async function checkJobs(ids: readonly number[], env: Environment): Promise<void> {
  const written = env.elevated().model("CronJob").filter({ id__in: ids });
  for (const job of await written.all("model", "method", "inputs", "user")) {
    if (job.user.id !== env.access.userId && !env.access.belongsTo(["core_admin"])) {
      const message = "must be yourself: only administrators have something run in the name of others";
      throw ValidationError.ofFields([{ path: "user", message }]);
    }
    await checkScheduledCall(env, job);
  }
}

declare global {
  namespace Fullfinity {
    interface Models {
      CronJob: typeof CronJob;
    }
  }
}
