/** How a process ends: signals, what has been started, and how long each part gets to stop. */

/** What has been started, in order; stopped from its end. */
export type Running = (() => Promise<unknown>)[];

/** Tells the person at the terminal something. */
export function tell(text: string): void {
  console.log(text);
}

/** The first signal asks to stop, the second one does not wait. */
export function listenForSignals(onFirst: () => void = () => tell("Stopping ...")): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1); // the built-in database server notices, and stops by itself
      onFirst();
      controller.abort();
    });
  }
  return controller.signal;
}

/** Resolves when the signal comes. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Stops what runs, the last started first. What cannot be stopped keeps nobody else from stopping. */
export async function stopAll(running: Running): Promise<void> {
  for (let stop = running.pop(); stop !== undefined; stop = running.pop()) {
    await stop().catch((error: unknown) => console.error(error));
  }
}

/** @returns false when it has taken longer than so many milliseconds; it then goes on by itself */
export async function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
