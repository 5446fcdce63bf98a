/** Where a client comes from: the other end of the socket, unless that is a proxy which is trusted to tell. */
import { pino } from "pino";
import { expect, test } from "vitest";
import { Authenticator } from "../../src/auth/authenticator.ts";
import { AuthenticationError } from "../../src/errors.ts";
import { buildServer } from "../../src/http/server.ts";
import { Gate } from "../../src/tenants/gate.ts";
import type { Tenant } from "../../src/tenants/tenant.ts";
import { TenantDirectory } from "../../src/tenants/tenant-directory.ts";
import { vaultRegistry } from "../fixtures/vault-registry.ts";
import { TEST_SECRET } from "../support/server.ts";
import { sourceOf } from "../support/tenant-source.ts";

/** Remembers who tries, and lets nobody in. */
class Watcher extends Authenticator {
  readonly peers: string[] = [];

  override async signIn(...[, , , peer]: Parameters<Authenticator["signIn"]>): Promise<never> {
    this.peers.push(peer);
    throw new AuthenticationError("wrong e-mail address or password");
  }
}

type Headers = Readonly<Record<string, string>>;
const forwarded = (value: string): Headers => ({ "x-forwarded-for": value });
const proxies = ["10.0.0.0/8", "::1"];

test.each<[what: string, trusted: readonly string[], socket: string, headers: Headers, peer: string]>([
  ["no proxy is trusted", [], "198.51.100.7", forwarded("192.0.2.1"), "198.51.100.7"],
  ["nor the own machine", [], "127.0.0.1", forwarded("192.0.2.1"), "127.0.0.1"],
  ["a stranger claims to be a proxy", proxies, "198.51.100.7", forwarded("192.0.2.1"), "198.51.100.7"],
  ["a trusted proxy", proxies, "10.1.2.3", forwarded("192.0.2.1"), "192.0.2.1"],
  ["one without the header", proxies, "10.1.2.3", {}, "10.1.2.3"],
  ["two of them", proxies, "10.1.2.3", forwarded("192.0.2.1, 10.9.9.9"), "192.0.2.1"],
  ["a client that puts others before itself", proxies, "10.1.2.3", forwarded("203.0.113.5, 192.0.2.1"), "192.0.2.1"],
  ["a trusted proxy in IPv6", proxies, "::1", forwarded("2001:db8::1"), "2001:db8::1"],
  [
    "other headers that claim as much",
    proxies,
    "10.1.2.3",
    { forwarded: "for=192.0.2.1", "x-real-ip": "192.0.2.1" },
    "10.1.2.3",
  ],
])("%s", async (_what, trustedProxies, remoteAddress, headers, peer) => {
  const authenticator = new Watcher({ secret: TEST_SECRET });
  const tenant = { name: "main", registry: vaultRegistry, gate: new Gate() } as Tenant;
  const rules = {
    hosts: new Map(),
    baseDomain: "localhost",
    defaultDatabase: "main",
    foreignHosts: true,
    databaseSelector: false,
  };
  const server = await buildServer({
    tenants: new TenantDirectory(rules, sourceOf([{ name: "main", current: () => tenant }])),
    authenticator,
    config: { environment: "production", bodyLimit: 1024, uploadLimit: 1024, logLevel: "silent", trustedProxies },
    logger: pino({ level: "silent" }),
  });
  const payload = { email: "a@example.com", password: "x" };
  const answer = await server.inject({ method: "POST", url: "/auth/authenticate", payload, headers, remoteAddress });
  expect([answer.statusCode, authenticator.peers]).toEqual([401, [peer]]);
  await server.close();
});
