/**
 * Measures an import of 100 000 products over HTTP, what small queries wait for meanwhile, and the memory of the server. Run it by
 * `node scripts/build.mjs && tsx bench/import.ts`, with another number of products behind it if wanted.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { quantile } from "./load.ts";
import { type RunningProgram, startProgram } from "./program.ts";

/** Seconds, and milliseconds of 99 of 100 queries, that an import of 100 000 products must not exceed. */
const AIM_SECONDS = 30;
const AIM_WAIT_MS = 200;
const PAUSE_MS = 10;

/** A file of products as a spreadsheet program saves it. */
function makeFile(products: number): string {
  const lines = Array.from({ length: products }, (_, n) => {
    const price = `${(n % 1000) + 0.5}`;
    return `Imported product ${n},IMP-${n},${price},${n % 700},"A ""fine"" thing, number ${n}",Desks,true`;
  });
  return `name,code,price,cost,description,category,active\n${lines.join("\n")}\n`;
}

async function signIn(url: string): Promise<Readonly<Record<string, string>>> {
  const answer = await fetch(`${url}/auth/authenticate`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "admin@example.com", password: "admin" }),
  });
  const { access_token } = (await answer.json()) as { readonly access_token: string };
  return { authorization: `Bearer ${access_token}` };
}

/** Asks small questions until it is told to stop. @returns how long each took, in milliseconds */
async function askOn(
  { url, memory }: RunningProgram,
  headers: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<{ readonly waits: number[]; readonly most: number }> {
  const waits: number[] = [];
  let most = 0;
  while (!stop.aborted) {
    const begin = performance.now();
    const answer = await fetch(`${url}/api/query/Category?fields=name&limit=10`, { headers });
    await answer.text();
    waits.push(performance.now() - begin);
    most = Math.max(most, memory() ?? 0);
    await sleep(PAUSE_MS);
  }
  return { waits, most };
}

async function measure(products: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fullfinity-bench-import-"));
  const project = dirname(dirname(fileURLToPath(import.meta.url)));
  const server = await startProgram({
    command: ["dist/src/main.js", "serve"],
    environment: { FULLFINITY_DATA: join(folder, "data"), PORT: "0" },
    logFile: join(folder, "log"),
    folder: project,
  });
  try {
    const headers = await signIn(server.url);
    const form = new FormData();
    form.set("file", new Blob([makeFile(products)]), "products.csv");
    const idle = server.memory() ?? 0;
    const stop = new AbortController();
    const asking = askOn(server, headers, stop.signal);
    const begin = performance.now();
    const answer = await fetch(`${server.url}/api/import/Product`, { method: "POST", headers, body: form });
    const { created } = (await answer.json()) as { readonly created: number };
    const seconds = (performance.now() - begin) / 1000;
    stop.abort();
    const { waits, most } = await asking;
    if (created !== products) throw new Error(`only ${created} of ${products} products were imported`);
    const wait = quantile(
      waits.sort((a, b) => a - b),
      0.99,
    );
    const isFine = seconds <= (AIM_SECONDS * products) / 100_000 && wait <= AIM_WAIT_MS;
    return (
      `${products} products in ${seconds.toFixed(1)} s (${Math.round(products / seconds)} a second); ${waits.length} small queries meanwhile, ` +
      `99 of 100 within ${wait.toFixed(0)} ms; ${Math.round(most - idle)} MB over idle (${Math.round(idle)} MB): ${isFine ? "within the aim" : "MISSED"}`
    );
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  }
}

console.log(await measure(Number(process.argv[2] ?? 100_000)));
