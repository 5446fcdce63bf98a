/** Finds the source file in which a declaration stands, for messages about conflicts. */

/**
 * The file that called the function which calls this.
 *
 * @returns a path relative to the project where it can be told, `unknown file` where the runtime keeps no stack
 */
export function callerFile(): string {
  return fileOfFrame(new Error().stack?.split("\n")[3] ?? "", process.cwd());
}

/**
 * The file that a line of a stack names.
 *
 * @param line such as `at Object.<anonymous> (file:///project/modules/sales/module.ts:12:7)`
 * @param project the folder that paths are shown relative to
 */
export function fileOfFrame(line: string, project: string): string {
  const place = /(?:^\s*at |\()(?:async )?((?:file:\/\/|\/|[A-Za-z]:\\).+):\d+:\d+\)?$/.exec(line)?.[1];
  if (place === undefined) return "unknown file";
  const path = (place.startsWith("file://") ? decodeURIComponent(place.slice(7)) : place).replaceAll("\\", "/");
  const root = `${project.replaceAll("\\", "/")}/`;
  if (path.startsWith(root)) return path.slice(root.length);
  // Started from elsewhere: the project's own folders tell where it begins.
  return (/^.*\/(modules\/.+)$/.exec(path) ?? /^.*\/((?:src|test)\/.+)$/.exec(path))?.[1] ?? path;
}
