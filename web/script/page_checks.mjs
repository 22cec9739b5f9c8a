// What holds on every page, whoever serves it: drawn, named, within the window, no complaint of the
// browser's, no request elsewhere, no serious issue that axe-core finds.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** @typedef {import("playwright-core").Page} Page */
/** @type {string[]} */
export const wrong = [];
/** @param {unknown} fine @param {string} what */
export const check = (fine, what) => {
  if (!fine) wrong.push(what);
};
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** @typedef {import("playwright-core").Request} Request */
/** Requests under way. @type {WeakMap<Page, Set<Request>>} */
const asked = new WeakMap();

/** From now on it is known what a page waits for; the stream of changes, which never ends, apart. @param {Page} page */
export function count(page) {
  /** @type {Set<Request>} */
  const open = new Set();
  asked.set(page, open);
  page.on("request", (request) => request.resourceType() !== "eventsource" && open.add(request));
  page.on("requestfinished", (request) => open.delete(request));
  page.on("requestfailed", (request) => open.delete(request));
}

/** What the browser complains of or asks elsewhere is wrong. @param {Page} page @param {string} origin @param {RegExp | undefined} expected */
export function watch(page, origin, expected = undefined) {
  page.setDefaultTimeout(15_000);
  count(page);
  page.on("request", (request) => {
    const url = request.url();
    check(url.startsWith(`${origin}/`) || url.startsWith("data:") || url.startsWith("blob:"), `asked ${url}`);
  });
  page.on("console", (message) => {
    if (!expected?.test(message.text())) check(!["error", "warning"].includes(message.type()), `${page.url()}: console ${message.type()}: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => check(false, `${page.url()}: ${error.message}`));
  page.on("dialog", (dialog) => {
    check(false, `a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
}

/** Until a counted page has all that it asked for, and has drawn it. @param {Page} page */
export async function settled(page) {
  const open = asked.get(page);
  if (!open) throw new Error("a page settles only where it is counted");
  for (;;) {
    await page.waitForSelector("main h1, main .said");
    await page.waitForFunction(() => document.querySelectorAll("main .said[aria-hidden], main .skeleton").length === 0);
    for (const end = Date.now() + 120_000; open.size > 0; await page.waitForTimeout(5)) {
      if (Date.now() > end) throw new Error(`not answered: ${[...open].map((one) => one.url()).join(" ")}`);
    }
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    if (open.size === 0) return;
  }
}

/** Serious issues that axe-core finds. @param {Page} page @param {string} where */
export async function accessible(page, where) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    // @ts-expect-error axe is what was just put there
    const result = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return result.violations.filter((/** @type {any} */ one) => one.impact === "serious" || one.impact === "critical").map((/** @type {any} */ one) => `${one.id}: ${one.nodes.slice(0, 3).map((/** @type {any} */ node) => `${node.html.slice(0, 160)} [${node.any.map((/** @type {any} */ any) => any.message).join("; ").slice(0, 160)}]`).join(" | ")}`);
  });
  for (const one of found) check(false, `${where}: ${one}`);
}

/** @param {Page} page @param {string} where */
export async function sound(page, where) {
  const seen = await page.evaluate(() => ({
    overflows: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    unnamed: [...document.querySelectorAll("button, a, canvas, input, select, textarea")].filter((node) => !(node.getAttribute("aria-label") || node.textContent?.trim() || node.closest("label"))).length,
    title: document.title,
    // An empty canvas shows one colour.
    empty: [...document.querySelectorAll("canvas")].filter((canvas) => {
      const c = canvas.getContext("2d");
      return !c || canvas.width === 0 || new Set(new Uint32Array(c.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size < 3;
    }).map((canvas) => canvas.getAttribute("aria-label")),
    small: [...document.querySelectorAll("main button, main select")].filter((node) => node.getClientRects().length > 0 && node.getBoundingClientRect().height < 24).length,
  }));
  check(!seen.overflows, `${where}: is wider than the window`);
  check(seen.unnamed === 0, `${where}: ${seen.unnamed} controls without a name`);
  check(/ · Headrace$/.test(seen.title), `${where}: its title is ${seen.title}`);
  check(seen.empty.length === 0, `${where}: nothing is drawn in ${seen.empty.join("; ")}`);
  check(seen.small === 0, `${where}: ${seen.small} controls lower than 24 px`);
}
