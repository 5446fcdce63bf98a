/** Rules of the business in forms, which tell people what is refused instead of failing. */
import { UserError } from "fullfinity";

/** What came of some work: its result, or why a rule refuses it. */
export type Tried<Result> = { readonly result: Result; readonly refusal: null } | { readonly refusal: string };

/** Does work that a rule may refuse. */
export function tryRule<Result>(work: () => Result): Tried<Result> {
  try {
    return { result: work(), refusal: null };
  } catch (error) {
    if (error instanceof UserError) return { refusal: error.message };
    throw error;
  }
}
