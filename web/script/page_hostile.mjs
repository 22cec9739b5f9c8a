// Looks at pages and reports whose captured texts are hostile, in one browser, and fails when one of
// them was more than text: a script ran, an element was made, the policy had to step in, something
// else was asked, or the browser complained.
//   node script/page_hostile.mjs PLAN.json
// PLAN: {"url": opens once, "pages": [[address, a text that it shows], …], "reports": [file, …]}
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { withPage } from "./browser.mjs";
import { check, settled, watch, wrong } from "./page_checks.mjs";

/** @typedef {import("playwright-core").Page} Page */

const [file] = process.argv.slice(2);
if (!file) {
  console.error("usage: node script/page_hostile.mjs PLAN.json");
  process.exit(2);
}
/** @type {{ url: string, pages: [string, string][], reports: string[] }} */
const plan = JSON.parse(readFileSync(file, "utf8"));

/** Where the payloads leave their traces, before anything of the page runs. @param {Page} page */
async function lay(page) {
  await page.addInitScript(() => {
    const traces = /** @type {any} */ (globalThis);
    traces.traces = [];
    traces.hostile = () => traces.traces.push("a script ran");
    document.addEventListener("securitypolicyviolation", (event) => traces.traces.push(`the policy refused ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
  });
}

/** @param {Page} page @param {string} where @param {string} text */
async function harmless(page, where, text) {
  const seen = await page.evaluate(() => ({
    traces: /** @type {any} */ (globalThis).traces,
    made: [...document.querySelectorAll("[data-hostile], iframe, object, embed, base, marquee, body script:not([src]):not([type='application/json']), meta[http-equiv=refresh]")]
      .filter((node) => !(location.protocol === "file:" && node.tagName === "SCRIPT"))
      .map((node) => node.outerHTML.slice(0, 120)),
    leads: [...document.querySelectorAll("[href], [src], [action]")].map((node) => node.getAttribute("href") ?? node.getAttribute("src") ?? "").filter((to) => /^\s*(javascript|vbscript|data:text|file)/i.test(to) || /hostile\.example/.test(new URL(to, location.href).host)),
    text: document.body.innerText,
  }));
  for (const trace of new Set(seen.traces ?? ["the page was left"])) check(false, `${where}: ${trace}`);
  for (const one of seen.made) check(false, `${where}: made ${one}`);
  for (const to of seen.leads) check(false, `${where}: leads to ${to.slice(0, 120)}`);
  check(seen.text.includes(text), `${where}: does not show ${text}`);
}

/** What a reader does on any page: looks at what lies under each chart, into a row, at the names. @param {Page} page */
async function use(page) {
  await page.evaluate(() => {
    for (const button of document.querySelectorAll("button")) if (button.textContent?.trim() === "Table") button.click();
  });
  const canvas = page.locator("main canvas").first();
  if ((await canvas.count()) > 0) {
    const box = await canvas.boundingBox();
    for (const part of [0.1, 0.4, 0.7]) if (box) await page.mouse.move(box.x + box.width * part, box.y + Math.min(box.height - 4, 30));
  }
  const row = page.locator("main tr[data-id]").first();
  if ((await row.count()) > 0) {
    await row.focus();
    await page.keyboard.press("ArrowDown");
  }
  const filter = page.getByLabel(/^Filter/).first();
  if ((await filter.count()) > 0) {
    await filter.fill("activity:");
    await page.waitForTimeout(150);
    await harmless(page, "completions", "");
    await filter.fill("");
  }
  await page.keyboard.press("Escape");
}

await withPage({ width: 1280, height: 4000, theme: "light" }, async (page) => {
  const { origin } = new URL(plan.url);
  await lay(page);
  /** @type {string[]} */
  const asked = [];
  watch(page, origin, /^Failed to load resource: the server responded with a status of 40[04]/);
  page.on("framenavigated", (frame) => {
    if (frame === page.mainFrame()) asked.push(frame.url());
  });
  await page.goto(plan.url);
  await page.waitForURL(`${origin}/`);
  for (const [address, text] of plan.pages) {
    await page.goto(origin + address);
    await settled(page);
    // What a question finds comes after the page; that it never came harmless() says.
    await page.waitForFunction((shown) => document.body.innerText.includes(shown), text).catch(() => {});
    await harmless(page, address, text);
    await use(page);
    await harmless(page, `${address}, used`, "");
  }
  await page.goto(`${origin}/`);
  await settled(page);
  await page.keyboard.press("Control+k");
  await page.waitForSelector("[role=dialog][aria-label=Commands]");
  await page.keyboard.type("img");
  await page.waitForTimeout(400);
  await harmless(page, "the palette", "");
  for (const url of asked) check(url.startsWith(`${origin}/`), `went to ${url}`);
});

if (plan.reports.length > 0) {
  await withPage({ width: 1280, height: 4000, theme: "light" }, async (page) => {
    await lay(page);
    page.on("console", (message) => check(!["error", "warning"].includes(message.type()), `report: console ${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => check(false, `report: ${error.message}`));
    page.on("dialog", (dialog) => {
      check(false, "report: a dialog");
      void dialog.dismiss();
    });
    for (const report of plan.reports) {
      const url = pathToFileURL(report).href;
      page.removeAllListeners("request");
      page.on("request", (request) => check(request.url() === url || /^(data|blob):/.test(request.url()), `report: asked ${request.url()}`));
      await page.goto(url);
      await page.waitForSelector("h1");
      await page.waitForTimeout(200);
      await harmless(page, "report", "<img src=x data-hostile");
      await use(page);
      await harmless(page, "report, used", "");
    }
  });
}

if (wrong.length > 0) {
  console.error([...new Set(wrong)].slice(0, 60).join("\n"));
  process.exit(1);
}
console.log("fine");
