// Opens the page of zohomock in Chromium as a person would, sends a bulk update of which one role fails,
// and takes a screenshot to docs/mock.png.
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
  const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
  const elsewhere = [], problems = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`) && !request.url().startsWith("data:")) elsewhere.push(request.url());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("the server responded with a status of 4")) problems.push(message.text());
  });
  await page.goto(url);

  const operation = page.locator(".opblock", { hasText: "Update several contact roles" });
  await operation.locator(".opblock-summary-control").click();
  const execute = async (body) => {
    await operation.locator("textarea.body-param__text").fill(JSON.stringify(body, null, 2));
    const answered = page.waitForResponse((response) => response.request().method() === "PUT");
    await operation.getByRole("button", { name: "Execute" }).click();
    await answered;
  };
  const status = operation.locator(".live-responses-table tbody .response-col_status");
  const answer = operation.locator(".live-responses-table tbody .highlight-code");

  await execute({
    contact_roles: [
      { id: "4150868000003611011", name: "Sales Lead", sequence_number: 5 },
      { id: "4150868000003611012", name: "Sales Lead" },
    ],
  });
  await status.getByText("207").waitFor();
  const results = JSON.parse(await answer.locator("code").innerText()).contact_roles;
  assert.deepEqual(results.map((result) => result.code), ["SUCCESS", "DUPLICATE_DATA"]);
  assert.match(await operation.locator(".curl-command").innerText(), /Authorization: Zoho-oauthtoken 1000\./);

  await page.evaluate(() => scrollTo(0, 0));
  const { x, y, width } = await operation.locator(".opblock-section-request-body").boundingBox();
  const below = await answer.boundingBox();
  const clip = { x, y, width, height: below.y + below.height + 6 - y };
  await page.screenshot({ path: join(root, "docs", "mock.png"), clip, fullPage: true });

  await page.getByLabel("named answer").fill("code=400, example=all_failed");
  await execute({ contact_roles: [{ id: "4150868000003611011" }] });
  await status.getByText("400").waitFor();

  await page.getByRole("link", { name: "/org" }).click();
  assert.match(await page.innerText("body"), /Sales Lead/);

  assert.deepEqual(elsewhere, [], "the page loads from elsewhere");
  assert.deepEqual(problems, [], "the page has errors");
  console.log("1 passed, 0 failed");
} finally {
  await browser.close();
  mock.kill();
  rmSync(directory, { recursive: true });
}
