/** The two servers under test, as they are started: ours as users run it, and the floor. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { build } from "esbuild";
import { askServer } from "./comparison.ts";
import type { FloorSettings } from "./floor.ts";
import { type RunningProgram, startProgram } from "./program.ts";

/** Where a run takes place. */
export interface Site {
  /** The project's folder. */
  readonly project: string;
  /** A folder for logs and profiles that is removed afterwards. */
  readonly folder: string;
  readonly databaseUrl: string;
  readonly databaseName: string;
}

/** Our server, with the way to sign in. */
export interface OurServer extends RunningProgram {
  /** A new token, of the administrator unless told: those of before are valid for some minutes only. */
  signIn(email?: string): Promise<string>;
  /** The password of everybody here. */
  readonly password: string;
}

/** Connections of either server to the database. */
export const CONNECTIONS = 10;

const secret = randomBytes(32).toString("base64url");
const password = randomBytes(16).toString("base64url");

/**
 * Starts our server in production mode, with its log going to a file; the first start makes the tables.
 *
 * @param profileFolder where the processor profile is written when the server ends; none unless given
 */
export async function startOurs(site: Site, profileFolder?: string): Promise<OurServer> {
  const program = await startProgram({
    command: ["dist/src/main.js", "serve"],
    nodeOptions: profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`],
    folder: site.project,
    logFile: join(site.folder, "ours.log"),
    environment: {
      PORT: "0",
      DATABASE_URL: site.databaseUrl,
      FULLFINITY_DATABASE: site.databaseName,
      FULLFINITY_DATA: site.folder,
      FULLFINITY_ENV: "production",
      FULLFINITY_SECRET: secret,
      FULLFINITY_ADMIN_PASSWORD: password,
      FULLFINITY_MAX_CONNECTIONS: String(CONNECTIONS),
    },
  });
  const ask = askServer(program.url, "");
  return {
    ...program,
    password,
    signIn: async (email = "admin@example.com") => {
      const { body: pair } = await ask({ method: "POST", path: "/auth/authenticate", body: { email, password } });
      return (pair as { readonly access_token: string }).access_token;
    },
  };
}

/** Builds the floor as our server is built, and starts it. */
export async function startFloor(site: Site, settings: FloorSettings): Promise<RunningProgram> {
  const program = "dist/bench/floor.js";
  await build({
    absWorkingDir: site.project,
    entryPoints: ["bench/floor.ts"],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    sourcemap: true,
    logLevel: "warning",
  });
  const command = [program, JSON.stringify(settings)];
  const environment = { NODE_ENV: "production" };
  return startProgram({ command, folder: site.project, logFile: join(site.folder, "floor.log"), environment });
}
