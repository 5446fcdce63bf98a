/** Prints how many filters a second the parser reads, for filters of several sizes: `npx tsx bench/q-parse.ts`. */
import { parseFilter } from "../src/q/parse-filter.ts";

const ids = (count: number): string => Array.from({ length: count }, (_, index) => 100_000 + index).join(", ");
const terms = (count: number): string =>
  Array.from({ length: count }, (_, index) => `Q(name__icontains="term ${index}", price__gte=${index}.5)`).join(" | ");

const filters: readonly (readonly [name: string, filter: string | object])[] = [
  ["seed size", "Q(active__eq=True)"],
  ["seed size as JSON", { active__eq: true }],
  ["three conditions", 'Q(active__eq=True, name__icontains="office", price__gte=10)'],
  ["or, not, date", '(Q(status="draft") | Q(status="confirmed")) & ~Q(date__lt=D("today-7d"), lines__product=uid)'],
  ["list of 100", `Q(id__in=[${ids(100)}])`],
  ["list of 1 000", `Q(id__in=[${ids(1000)}])`],
  ["list of 7 000", `Q(id__in=[${ids(7000)}])`],
  ["20 terms", terms(20)],
  ["200 terms", terms(200)],
];

const secondsEach = 1;

for (const [name, filter] of filters) {
  measure(filter, 0.3);
  const perSecond = measure(filter, secondsEach);
  const size = typeof filter === "string" ? filter.length : JSON.stringify(filter).length;
  const megabytes = ((perSecond * size) / 1e6).toFixed(1);
  console.log(
    `${name.padEnd(20)} ${String(size).padStart(6)} chars ${Math.round(perSecond).toString().padStart(9)}/s ${megabytes.padStart(6)} MB/s`,
  );
}

function measure(filter: string | object, seconds: number): number {
  const end = performance.now() + seconds * 1000;
  const start = performance.now();
  let count = 0;
  let shapes = 0;
  do {
    for (let index = 0; index < 50; index++) shapes += parseFilter(filter).shape.length;
    count += 50;
  } while (performance.now() < end);
  // Used, so that the work cannot be optimised away.
  if (shapes === 0) throw new Error("filters have shapes");
  return (count / (performance.now() - start)) * 1000;
}
