// How soon a page that is open shows that a task has ended: follows the tasks of a workflow that runs,
// in headless Chromium, until it has ended.
//   node script/live_rows.mjs URL COOKIE     URL: of the workflow's page; COOKIE: name=value
// Prints "watching" when it does, and in the end a line of JSON: for each task that ended while the page watched, the milliseconds from its end to
// its row, and of these how many until the server noticed it, told of it, the page asked and had its answer.
import { withPage } from "./browser.mjs";
import { count, settled } from "./page_checks.mjs";

const [url, cookie] = process.argv.slice(2);
if (!url || !cookie) {
  console.error("usage: node script/live_rows.mjs URL COOKIE");
  process.exit(2);
}

/**
 * @typedef {{ at: number, lateMs: number }} Told
 * @typedef {{ from: number, to: number }} Asked
 */

// Runs in the page, before it: when the server told of a change, when the list of tasks was asked for
// and had come, when each row said that its task has finished.
function watchRows() {
  /** @type {{ rows: Record<string, number>, told: Told[], asked: Asked[] }} */
  const seen = { rows: {}, told: [], asked: [] };
  Object.assign(globalThis, { seen });
  const Stream = EventSource;
  globalThis.EventSource = class extends Stream {
    /** @param {string | URL} address */
    constructor(address) {
      super(address);
      this.addEventListener("changed", (event) => seen.told.push({ at: Date.now(), lateMs: 1e3 * JSON.parse(event.data).late_s }));
    }
  };
  const real = globalThis.fetch;
  globalThis.fetch = async (...given) => {
    const from = Date.now();
    const answer = await real(...given);
    if (/\/tasks\?/.test(String(given[0])) && !/columns=task_id&|limit=1(&|$)/.test(String(given[0]))) seen.asked.push({ from, to: Date.now() });
    return answer;
  };
  const look = () => {
    for (const line of document.querySelectorAll("#chart-tasks tr[data-id]")) {
      const id = /** @type {HTMLElement} */ (line).dataset.id ?? "";
      if (!(id in seen.rows) && line.textContent?.includes("finished")) seen.rows[id] = Date.now();
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {(one: T) => boolean} fits
 */
const lastOf = (list, fits) => [...list].reverse().find(fits);

await withPage({ width: 1280, height: 900, theme: "light" }, async (page) => {
  count(page);
  page.setDefaultTimeout(120_000);
  const [name, value] = cookie.split("=");
  await page.context().addCookies([{ name: String(name), value: String(value), url: new URL(url).origin }]);
  await page.addInitScript(watchRows);
  // The latest first: the others would be out of sight in the end.
  await page.goto(`${url}?sort=-started`);
  await page.waitForSelector("#chart-tasks tr[data-id]");
  await settled(page);
  const from = Date.now();
  console.log("watching");
  await page.waitForSelector("h1:has-text('finished')");
  const { seen, ended } = await page.evaluate(async (id) => {
    const table = await (await fetch(`/api/v1/tasks?workflow=${id}&columns=task_id,ended_at&limit=1000&offset=0`)).json();
    await new Promise((next) => setTimeout(next, 500));
    return { seen: /** @type {any} */ (globalThis).seen, ended: /** @type {string[][]} */ (table.rows) };
  }, url.split("/workflow/")[1]);
  const tasks = [];
  for (const [task, at] of ended) {
    const end = Date.parse(String(at));
    if (end < from) continue;
    const drawn = seen.rows[String(task)];
    if (drawn === undefined) throw new Error(`task ${task} never became a row`);
    const asked = /** @type {Asked} */ (lastOf(/** @type {Asked[]} */ (seen.asked), (one) => one.to <= drawn));
    const told = lastOf(/** @type {Told[]} */ (seen.told), (one) => one.at <= asked.from) ?? { at: NaN, lateMs: NaN };
    tasks.push({ row_ms: drawn - end, noticed_ms: told.at - told.lateMs - end, told_ms: told.at - end, asked_ms: asked.from - end, answered_ms: asked.to - end });
  }
  console.log(JSON.stringify(tasks));
});
