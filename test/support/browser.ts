/** A real browser for tests: Debian's Chromium, driven by Playwright, with everything off that would call out. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const program = PROGRAMS.find((path) => existsSync(path));

/** Why there is no browser here, or null. Where tests must be complete, a missing browser is a failure, no excuse. */
export const browserMissing: string | null =
  program === undefined && process.env.CI === undefined ? `none of ${PROGRAMS.join(", ")} is installed` : null;

/** Starts a browser without a window. */
export function startBrowser(): Promise<Browser> {
  if (program === undefined) throw new Error(`no browser for tests: install one of ${PROGRAMS.join(", ")}`);
  return chromium.launch({
    executablePath: program,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
