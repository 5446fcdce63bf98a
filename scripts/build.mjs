/** Builds `src/` and every module into `dist/` with esbuild, and does nothing when `dist/` is already up to date. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * What the last build read and wrote; kept in `dist/` so that deleting the folder means building again.
 *
 * @typedef {object} Stamp
 * @property {string} fingerprint digest of all inputs, see {@link fingerprintOf}
 * @property {string[]} inputs files that esbuild read, relative to the project
 * @property {string[]} outputs files that were written, relative to the project
 */

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = "dist/.build.json";
const sourceFolders = ["src", "modules"];
/** Files outside the source folders whose content decides what comes out. */
const settings = ["package-lock.json", "tsconfig.json", relative(root, fileURLToPath(import.meta.url))];

/**
 * Lists the TypeScript sources that can end up in `dist/`; tests cannot.
 *
 * @returns {string[]} sorted paths relative to the project, with `/` between the parts
 */
function listSources() {
  return sourceFolders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
    )
    .map((file) => file.split(sep).join("/"))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.includes("/node_modules/"))
    .sort();
}

/**
 * Digests names and contents, not times: a fresh checkout or a `touch` does not build again, a same-second edit does.
 *
 * @param {readonly string[]} files paths relative to the project; one that does not exist counts as such
 * @returns {string} a hexadecimal digest
 */
function fingerprintOf(files) {
  const hash = createHash("sha256");
  for (const file of [...new Set([...files, ...settings])].sort()) {
    const path = join(root, file);
    hash.update(`\0${file}\0`).update(existsSync(path) ? readFileSync(path) : "absent");
  }
  return hash.digest("hex");
}

/**
 * @returns {Stamp | undefined} the stamp of the last build that ran to its end, if it can be read
 */
function loadStamp() {
  try {
    return JSON.parse(readFileSync(join(root, stampFile), "utf8"));
  } catch {
    return undefined; // no build yet, or one that was cut off: build again
  }
}

/**
 * Bundles the entry points that exist and replaces what the last build wrote.
 *
 * @param {readonly string[]} sources as {@link listSources} gives them
 * @param {Stamp | undefined} previous the stamp whose left-over files are removed
 * @returns {Promise<number>} how many files were written
 * @throws when esbuild reports errors; `dist/` is then as it was
 */
async function build(sources, previous) {
  // Loaded here only: finding out that nothing is stale should cost a start no more than some milliseconds.
  const esbuild = await import("esbuild");
  const entryPoints = sources.filter((file) =>
    /^(src\/(main|index|transfer\/file\/reader-process)|modules\/[^/]+\/module)\.ts$/.test(file),
  );
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints,
    bundle: true,
    splitting: true, // one copy of the kernel for the server and every module
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    alias: sources.includes("src/index.ts") ? { fullfinity: "./src/index.ts" } : {},
    sourcemap: true,
    sourcesContent: false,
    outdir: "dist",
    outbase: ".",
    chunkNames: "chunk/[name]-[hash]",
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const outputs = result.outputFiles.map((file) => relative(root, file.path).split(sep).join("/"));
  const inputs = Object.keys(result.metafile.inputs);
  for (const file of result.outputFiles) {
    mkdirSync(dirname(file.path), { recursive: true });
    writeFileSync(file.path, file.contents);
  }
  for (const file of previous?.outputs ?? []) {
    if (!outputs.includes(file)) removeOutput(join(root, file));
  }
  /** @type {Stamp} */
  const stamp = { fingerprint: fingerprintOf([...sources, ...inputs]), inputs, outputs };
  writeFileSync(join(root, stampFile), JSON.stringify(stamp));
  return outputs.length;
}

/**
 * Deletes a file that is no longer built, and its folder with the last file in it.
 *
 * @param {string} path an absolute path; it need not exist
 */
function removeOutput(path) {
  rmSync(path, { force: true });
  const folder = dirname(path);
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

const sources = listSources();
const previous = loadStamp();
const fresh =
  previous !== undefined &&
  previous.fingerprint === fingerprintOf([...sources, ...previous.inputs]) &&
  previous.outputs.every((file) => existsSync(join(root, file)));

if (!fresh || process.argv.includes("--force")) {
  const started = performance.now();
  const written = await build(sources, previous).catch((error) => {
    if (!Array.isArray(error.errors)) throw error;
    process.exit(1); // faults in the sources: esbuild has printed them
  });
  console.log(`built dist: ${written} files in ${Math.round(performance.now() - started)} ms`);
}
