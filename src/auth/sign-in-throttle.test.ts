/** The throttle: which spellings and addresses count as one, when it closes, and when it opens again. */
import { describe, expect, it } from "vitest";
import { TooManyAttemptsError } from "../errors.ts";
import { peerSubnet } from "./peer-subnet.ts";
import { type Attempt, MOST_PER_ACCOUNT, MOST_PER_PEER, SignInThrottle, WINDOW_MS } from "./sign-in-throttle.ts";

const base: Attempt = { database: "main", email: "ada@example.com", peer: "192.0.2.1" };
const elsewhere = { peer: "198.51.100.7" };

function closedAfter(failures: readonly Attempt[], next: Attempt): boolean {
  const throttle = new SignInThrottle(() => 0);
  for (const failure of failures) throttle.fail(failure);
  try {
    throttle.check(next);
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(TooManyAttemptsError);
    return true;
  }
}

describe("an account", () => {
  const rows: [email: string, same: boolean][] = [
    ["ada@example.com", true],
    ["ADA@Example.com", true],
    [" ada@example.com ", true],
    ["ａｄａ@example.com", true],
    ["ada@example.com\t", true],
    ["bob@example.com", false],
    ["ada@example.co", false],
  ];
  it.each(rows)("%j counts as the same: %j", (email, same) => {
    const failures = Array(MOST_PER_ACCOUNT).fill({ ...base, ...elsewhere });
    expect(closedAfter(failures, { ...base, email })).toBe(same);
    expect(closedAfter(failures.slice(1), { ...base, email })).toBe(false);
  });

  it("of another database is another one", () => {
    expect(closedAfter(Array(MOST_PER_ACCOUNT).fill(base), { ...base, ...elsewhere, database: "acme" })).toBe(false);
  });
});

describe("a network", () => {
  const rows: [first: string, second: string, same: boolean][] = [
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "::ffff:192.0.2.1", true],
    ["192.0.2.1", "::ffff:c000:201", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true],
    ["2001:db8:0:1::1", "2001:0DB8:0000:0001:0000:0000:0000:0002", true],
    ["2001:db8:0:1::1", "2001:db8:0:2::1", false],
    ["2001:db8::", "2001:db8:0:0:1::", true],
    ["fe80::1%eth0", "fe80::2%eth1", true],
    ["::1", "::2", true],
    ["::1", "1::", false],
  ];
  it.each(rows)("%s and %s are one: %j", (first, second, same) => {
    expect(peerSubnet(first) === peerSubnet(second)).toBe(same);
    const failures = Array.from({ length: MOST_PER_PEER }, (_, n) => ({ ...base, email: `${n}@a.test`, peer: first }));
    expect(closedAfter(failures, { ...base, peer: second })).toBe(same);
    expect(closedAfter(failures.slice(1), { ...base, peer: second })).toBe(false);
  });
});

it("says when to come back, and opens then", () => {
  let clock = 1000;
  const throttle = new SignInThrottle(() => clock);
  for (let n = 0; n < MOST_PER_ACCOUNT; n++) throttle.fail(base);
  clock += WINDOW_MS - 1500;
  expect(() => throttle.check(base)).toThrow(expect.objectContaining({ status: 429, headers: { "retry-after": "2" } }));
  clock += 1500;
  expect(() => throttle.check(base)).not.toThrow();
  throttle.fail(base);
  expect(() => throttle.check(base)).not.toThrow();
});

it("forgives the account and not the network", () => {
  const throttle = new SignInThrottle(() => 0);
  for (let n = 0; n < MOST_PER_PEER; n++) {
    throttle.fail({ ...base, email: "own@example.com" });
    throttle.succeed({ ...base, email: "own@example.com" });
  }
  expect(() => throttle.check(base)).toThrow(TooManyAttemptsError);
  expect(() => throttle.check({ ...base, ...elsewhere, email: "own@example.com" })).not.toThrow();
});
