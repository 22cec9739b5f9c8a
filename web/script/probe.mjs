// Opens a report in Chromium, uses it as a person would, and prints what it saw as JSON:
//   node script/probe.mjs FILE.html WIDTH light|dark [SHOT.png]
// A test reads it; see tests/end_to_end/test_report.py.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { withPage } from "./browser.mjs";

const [file, width, theme, shot] = process.argv.slice(2);
if (!file || !(Number(width) > 0) || (theme !== "light" && theme !== "dark")) {
  console.error("usage: node script/probe.mjs FILE.html WIDTH light|dark [SHOT.png]");
  process.exit(2);
}
const address = pathToFileURL(resolve(file)).href;
/** @type {string[]} */
const requests = [];
/** @type {string[]} */
const talk = [];

const seen = await withPage({ width: Number(width), theme }, async (page) => {
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => talk.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => talk.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    talk.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(address);
  await page.waitForSelector("html[data-ready=yes]", { timeout: 20_000 });
  await page.waitForTimeout(200);
  if (shot) await page.screenshot({ path: shot, fullPage: true });

  const still = await page.evaluate(() => {
    /** @param {string} selector */
    const texts = (selector) => [...document.querySelectorAll(selector)].map((node) => node.textContent ?? "");
    return {
      title: document.title,
      theme: document.documentElement.dataset.theme ?? "",
      background: getComputedStyle(document.body).backgroundColor,
      headline: texts("h1").join(" "),
      sections: [...document.querySelectorAll("main section")].map((node) => node.id),
      titles: texts("h2"),
      text: document.body.innerText,
      overflows: document.documentElement.scrollWidth > document.documentElement.clientWidth,
      // Elements that only captured markup could have made.
      foreign: document.querySelectorAll("img, iframe, object, embed, link, form, script[src]").length,
      scripts: document.querySelectorAll("script").length,
      configurations: [...document.querySelectorAll("#tradeoff tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent ?? "")),
      workflows: [...document.querySelectorAll("#workflows tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent ?? "")),
      why: texts("#lineage .why dd"),
      // How many colours each canvas shows: an empty one shows one.
      canvases: [...document.querySelectorAll("canvas")].map((canvas) => {
        const context = canvas.getContext("2d");
        const pixels = context ? new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer) : [];
        return { label: canvas.getAttribute("aria-label") ?? "", colours: new Set(pixels).size, tab: canvas.tabIndex };
      }),
      unnamed: [...document.querySelectorAll("button, a, canvas, [role=region]")].filter((node) => !(node.getAttribute("aria-label") || node.textContent?.trim())).length,
    };
  });

  // Keys and pointer: choose a task, read its values, ask for the table, change the theme, clear.
  await page.locator("#timeline").scrollIntoViewIfNeeded();
  const timeline = page.locator(".timeline-host canvas");
  await timeline.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  const chosen = await page.locator("#timeline .inspector").innerText();
  const address2 = page.url();
  const pixels = () => timeline.evaluate((canvas) => /** @type {HTMLCanvasElement} */ (canvas).toDataURL());
  // In 64 by 8 points: the same picture at a fraction of a pixel's shift is the same here.
  const coarse = () =>
    timeline.evaluate((canvas) => {
      const small = document.createElement("canvas");
      [small.width, small.height] = [64, 8];
      const context = small.getContext("2d");
      context?.drawImage(/** @type {HTMLCanvasElement} */ (canvas), 0, 0, 64, 8);
      return [...(context?.getImageData(0, 0, 64, 8).data ?? [])];
    });
  const before = await pixels();
  await page.keyboard.press("w");
  await page.keyboard.press("d");
  await page.waitForTimeout(100);
  const zoomed = await pixels();
  const shown = await coarse();
  // The address holds what is shown: who opens it again sees the same.
  await page.reload();
  await page.waitForSelector("html[data-ready=yes]", { timeout: 20_000 });
  await timeline.scrollIntoViewIfNeeded();
  // It is drawn once it has its size.
  const same = async () => {
    const now = await coarse();
    return Math.max(...now.map((value, i) => Math.abs(value - (shown[i] ?? 0)))) < 32;
  };
  for (let i = 0; i < 50 && !(await same()); i++) await page.waitForTimeout(100);
  const kept = await same();
  await timeline.focus();
  await page.keyboard.press("f");
  await page.keyboard.press("t");
  const rows = await page.locator("#timeline .twin tbody tr[data-id]").count();
  await page.keyboard.press("t");
  await page.keyboard.press("Escape");
  const cleared = await page.locator("#timeline .inspector").innerText();
  const point = page.locator(".plot canvas").first();
  let linked = 0;
  if ((await point.count()) > 0) {
    await point.focus();
    await page.keyboard.press("ArrowRight");
    linked = await page.locator("#tradeoff tr[aria-selected=true]").count();
  }
  await page.locator("#theme").click();
  await page.locator("#theme").click();
  const toggled = await page.evaluate(() => document.documentElement.dataset.theme ?? "");
  return { ...still, chosen, address: address2, zoom_changes: before !== zoomed, kept, rows, cleared, linked, toggled };
});
console.log(JSON.stringify({ ...seen, requests: requests.filter((url) => url.split("#")[0] !== address), talk }));
