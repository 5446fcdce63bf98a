/** The network that a client comes from, as far as one household or server can choose its own address within it. */
import { isIP } from "node:net";

/**
 * @param address the address of the socket's other end
 * @returns the IPv4 address, or the first 64 bits of the IPv6 one; what is no address stands for itself
 */
export function peerSubnet(address: string): string {
  const plain = address.replace(/%.*$/, "");
  if (isIP(plain) !== 6) return plain;
  // URL writes an IPv6 address in its one shortest form, without dots.
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
  return mappedAddress(groups) ?? `${groups.slice(0, 4).join(":")}::/64`;
}

/** `::ffff:192.0.2.1` is how a socket for both families shows an IPv4 address. */
function mappedAddress(groups: readonly string[]): string | undefined {
  if (groups.slice(0, 6).join(":") !== "0:0:0:0:0:ffff") return undefined;
  return groups
    .slice(6)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((value) => [value >> 8, value & 0xff])
    .join(".");
}
