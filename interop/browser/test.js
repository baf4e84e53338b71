// Opens the page of zohomock in Chromium at two widths and sends a bulk update of which one role fails. Tests can
// control zohomock with fetch, as this one does.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(executablePath)) {
  console.error(`not run: no ${executablePath}; install Chromium, or name another one in CHROMIUM`);
  process.exit(1);
}
const directory = mkdtempSync(join(tmpdir(), "zohomock-"));
const program = join(directory, "zohomock");
execFileSync("go", ["build", "-o", program, "./contracttest/zohomock"], { cwd: root, stdio: "inherit" });
const mock = spawn(program, ["-addr", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
try {
  const [introduction] = await once(createInterface(mock.stdout), "line");
  const url = introduction.match(/http:\/\/\S+:\d+/)[0];
  const control = async (path, body) => {
    const response = await fetch(`${url}/control/${path}`, { method: "POST", body: JSON.stringify(body) });
    assert.equal(response.status, 204, path);
  };
  const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
  const elsewhere = [], problems = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`) && !request.url().startsWith("data:")) elsewhere.push(request.url());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/the server responded with a status of [45]/.test(message.text())) problems.push(message.text());
  });

  const operation = page.locator(".opblock", { hasText: "Update several contact roles" });
  const execute = async (body) => {
    await operation.locator("textarea.body-param__text").fill(JSON.stringify(body, null, 2));
    const responded = page.waitForResponse((response) => response.request().method() === "PUT");
    await operation.getByRole("button", { name: "Execute" }).click();
    await responded;
  };
  const status = operation.locator(".live-responses-table tbody .response-col_status");
  const response = operation.locator(".live-responses-table tbody .highlight-code");
  const update = {
    contact_roles: [
      { id: "4150868000003611011", name: "Sales Lead", sequence_number: 5 },
      { id: "4150868000003611012", name: "Sales Lead" },
    ],
  };

  for (const width of [400, 1200]) {
    await page.setViewportSize({ width, height: 1000 });
    await page.goto(url);
    await operation.waitFor();
    assert.ok((await page.locator(".opblock").first().boundingBox()).y < 600, `operations come first at width ${width}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `the page fits into width ${width}`);
    await operation.locator(".opblock-summary-control").click();

    await execute(update);
    await status.getByText("207").waitFor();
    const results = JSON.parse(await response.locator("code").innerText()).contact_roles;
    assert.deepEqual(results.map((result) => result.code), ["SUCCESS", "DUPLICATE_DATA"]);
    assert.match(await operation.locator(".curl-command").innerText(), /Authorization: Zoho-oauthtoken 1000\./);
    assert.match(await (await fetch(`${url}/org`)).text(), /Sales Lead/);

    await page.getByLabel("Response").selectOption("400 all_failed");
    await execute({ contact_roles: [{ id: "4150868000003611011" }] });
    await status.getByText("400").waitFor();

    await page.getByLabel("Response").selectOption("");
    await control("responses", { operation: "updateContactRoles", example: "internal_error" });
    await execute(update);
    await status.getByText("500").waitFor();

    await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Reset the server" }).click()]);
    assert.doesNotMatch(await (await fetch(`${url}/org`)).text(), /Sales Lead/);
    await page.getByRole("link", { name: "/control/requests" }).click();
    assert.equal((await page.innerText("body")).trim(), "[]");
  }

  assert.deepEqual(elsewhere, [], "the page loads from elsewhere");
  assert.deepEqual(problems, [], "the page has errors");
  console.log("1 passed, 0 failed");
} finally {
  await browser.close();
  mock.kill();
  rmSync(directory, { recursive: true });
}
