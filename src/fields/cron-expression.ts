/** Cron expressions: which texts are one, and when what they describe comes next. */
import { Cron } from "croner";
import type { Validator } from "./field.ts";

/** Five parts, or a nickname such as `@daily`; a moment that comes once is no schedule. */
const SHAPE = /^(@[a-z]+|\S+( +\S+){4})$/;

/** Nothing of it runs: it only tells times. @throws Error where the text is no expression */
function parseCron(text: string, timeZone: string): Cron {
  if (!SHAPE.test(text)) throw new Error("not five parts");
  return new Cron(text, { mode: "5-part", paused: true, timezone: timeZone });
}

/** A cron expression such as `30 7 * * MON-FRI`: minute, hour, day of the month, month, day of the week. */
export const cronExpression: Validator<string> = (value) => {
  try {
    const comes = parseCron(value, "UTC").nextRun() !== null;
    return comes ? null : "never comes: there is no such day";
  } catch {
    return "must be a cron expression such as 30 7 * * MON-FRI: minute, hour, day of the month, month, day of the week";
  }
};

/**
 * When a cron expression comes next.
 *
 * @param timeZone in which its hours and days are meant; a time that the clock skips comes after the gap, one that it has
 *   twice comes once
 * @param after the moment after which it is looked for
 * @returns null where it never comes again, or is none
 */
export function nextCronTime(expression: string, timeZone: string, after: Date): Date | null {
  try {
    return parseCron(expression, timeZone).nextRun(after);
  } catch {
    return null;
  }
}
