/** The documentation page in a real browser, without the internet: signing in, finding a model, trying a request out. */
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { browserMissing, startBrowser } from "../support/browser.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

/** A browser takes its time on a machine that does other things too. */
const LONG = 120_000;

describe.skipIf(browserMissing !== null)("the documentation page", { timeout: LONG }, () => {
  let api: TestServer;
  let browser: Browser;
  let page: Page;
  let origin: string;
  const problems: string[] = [];
  const elsewhere: string[] = [];

  beforeAll(async () => {
    api = await startTestServer();
    await api.server.listen({ host: "127.0.0.1", port: 0 });
    origin = `http://127.0.0.1:${(api.server.server.address() as AddressInfo).port}`;
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await api?.close();
  });

  beforeEach(async () => {
    problems.length = 0;
    elsewhere.length = 0;
    page = await browser.newPage();
    page.on("pageerror", (error) => void problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && void problems.push(message.text()));
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin)) elsewhere.push(request.url());
    });
    await page.goto(`${origin}/docs`);
  });

  const signIn = async (password: string) => {
    await page.getByLabel("E-mail").fill("admin@example.com");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };

  it("asks nobody else, and shows what needs no sign-in", async () => {
    await page.locator('.opblock-tag[data-tag="Records"]').waitFor();
    expect(await page.locator('.opblock-tag[data-tag="Product"]').count()).toBe(0);
    expect(elsewhere).toEqual([]);
    expect(problems).toEqual([]);
  });

  it("says what is wrong with a sign-in", async () => {
    await signIn("wrong");
    await expect.poll(() => page.getByRole("status").textContent()).toMatch(/wrong|invalid|password/i);
  });

  it("lets one try a request out, and shows the answer", async () => {
    await signIn("admin");
    await page.locator('.opblock-tag[data-tag="Product"]').click();
    const operation = page.locator(".opblock-post", { hasText: "/api/query/Product" });
    await expect.poll(() => page.getByRole("status").textContent()).toContain("admin@example.com");
    await operation.locator(".opblock-summary-control").click();
    await operation.getByRole("button", { name: "Execute" }).click();
    const answer = operation.locator(".live-responses-table .response").first();
    await answer.waitFor();
    expect(await answer.locator(".response-col_status").textContent()).toContain("200");
    expect(await answer.textContent()).toContain('"total"');
    expect(elsewhere).toEqual([]);
    expect(problems).toEqual([]);
  });
});
