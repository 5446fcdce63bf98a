/** Times of log lines. */

/** Makes what writes times in ISO 8601: what is the same for all times of a second is made once. @returns of milliseconds since 1970 */
export function isoTimes(): (at: number) => string {
  let second = Number.NaN;
  let begun = "";
  return (at) => {
    const milliseconds = at % 1000;
    if (at - milliseconds !== second) {
      second = at - milliseconds;
      begun = new Date(second).toISOString().slice(0, -4);
    }
    return `${begun}${String(milliseconds).padStart(3, "0")}Z`;
  };
}
