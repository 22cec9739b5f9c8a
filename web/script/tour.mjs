// Pictures of every page, of a made-up campaign or of a running `headrace serve`:
//   node script/tour.mjs FOLDER [--url URL] [--state STATE] [--only PAGE,PAGE] [--home PATH] [WIDTH-THEME[@ZOOM]...]
// URL is the one that opens once. Without a size: 1280-dark. What lies in PATH is shown below "~".
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { withBrowser } from "./browser.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { url: { type: "string" }, state: { type: "string" }, only: { type: "string" }, home: { type: "string" } } });
const [folder, ...sizes] = positionals;
if (!folder) {
  console.error("usage: node script/tour.mjs FOLDER [--url URL] [--state STATE] [--only PAGE,PAGE] [--home PATH] [WIDTH-THEME[@ZOOM]...]");
  process.exit(2);
}
const { madeUp } = await import("../test/server/server.mjs");
const made = values.url ? null : madeUp({ state: values.state ?? "full" });
const url = values.url ?? `http://127.0.0.1:${await made?.listen()}/`;
const { origin } = new URL(url);

/** Where the pages are, found as a reader would: the campaign, workflow and task that hold most.
 * @param {(path: string) => Promise<any>} ask */
async function addressesOf(ask) {
  /** @param {string} path @param {string[]} names */
  const first = async (path, ...names) => {
    const table = await ask(path);
    const row = table.rows?.[0] ?? [];
    return names.map((name) => String(row[table.columns?.findIndex((/** @type {{ name: string }} */ c) => c.name === name)] ?? "none"));
  };
  const [campaign] = await first("/campaigns?limit=1", "campaign_id");
  const flows = await ask(`/workflows?campaign=${campaign}&sort=-tasks&limit=2`);
  const [a, b] = flows.rows?.map((/** @type {string[]} */ row) => row[0]) ?? [];
  const [task] = await first(`/tasks?workflow=${a}&sort=-energy&limit=1`, "task_id");
  const [failed, failedIn] = await first("/tasks?filter=status:failed&limit=1", "task_id", "workflow_id");
  const [model] = await first("/objects?filter=kind:model&limit=1", "object_id");
  const sql = "SELECT activity, count(*) AS tasks, sum(duration_s) AS sum_s\nFROM task\nGROUP BY ALL\nORDER BY sum_s DESC";
  return { campaigns: "/", campaign: `/campaign/${campaign}`, workflow: `/workflow/${a}`, failed: `/workflow/${failedIn}?colour=status`, task: `/task/${task}`, error: `/task/${failed}`, chosen: `/workflow/${a}?sel=task:${task}`, object: `/object/${model}`, model: `/model/${model}`, compare: `/compare?a=${a}&b=${b}`, energy: "/energy", ranks: "/energy?ask=ranks", outliers: "/energy?ask=outliers", nodes: "/energy?ask=nodes", phases: "/energy?ask=phases", thermal: "/energy?ask=thermal", truth: "/energy?ask=truth", checks: "/energy?ask=checks", telemetry: "/telemetry", query: `/query?sql=${encodeURIComponent(sql)}`, plot: `/query?sql=${encodeURIComponent(sql)}&as=plot`, about: "/about", unknown: "/nowhere" };
}

/** Also where a path was cut. @param {string} home */
function atHome(home) {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.textContent ?? "";
    const cut = text.replaceAll(home, "~").replace(/(\/[^\s…]+)…/g, (all, start) => (home.startsWith(start) ? "~…" : all));
    if (cut !== text) node.textContent = cut;
  }
}

mkdirSync(folder, { recursive: true });
const only = values.only?.split(",");
let cookies = /** @type {import("playwright-core").Cookie[]} */ ([]);
try {
  await withBrowser(async (open) => {
    for (const size of sizes.length > 0 ? sizes : ["1280-dark"]) {
      const [, width, theme, zoom] = /^(\d+)-(light|dark)(?:@(\d))?$/.exec(size) ?? [];
      if (!width) throw new Error(`${size} is no size as 1280-dark or 1280-light@2`);
      const height = Number(width) > 2000 ? 1440 : 800;
      await open({ width: Number(width), height, theme: theme === "light" ? "light" : "dark", zoom: Number(zoom ?? 1) }, async (page) => {
        page.on("console", (message) => console.log(`${page.url()}: ${message.type()}: ${message.text()}`));
        page.on("pageerror", (error) => console.log(`${page.url()}: ${error.message}`));
        await page.context().addCookies(cookies);
        await page.goto(cookies.length > 0 ? origin : url);
        cookies = await page.context().cookies();
        await page.waitForSelector("main h1");
        const addresses = await addressesOf((path) => page.evaluate(async (to) => (await fetch(`/api/v1${to}`)).json(), path));
        const view = page.viewportSize() ?? { width: 1280, height };
        for (const [name, address] of Object.entries(addresses)) {
          if (only && !only.includes(name)) continue;
          await page.setViewportSize(view);
          await page.goto(origin + address);
          await page.waitForSelector("main h1, main .said", { timeout: 8000 });
          await page.waitForFunction(() => document.querySelectorAll("main .said[aria-hidden], main .skeleton").length === 0, null, { timeout: 8000 }).catch(async () => console.log(page.url(), await page.locator("main .said[aria-hidden], main .skeleton").evaluateAll((all) => all.map((one) => one.closest("section")?.id ?? one.parentElement?.outerHTML.slice(0, 300)))));
          await page.waitForTimeout(400);
          // As tall as its content, so that what sticks to the window's foot stays there.
          const tall = await page.evaluate(() => document.documentElement.scrollHeight);
          await page.setViewportSize({ width: view.width, height: Math.max(view.height, tall) });
          await page.waitForTimeout(300);
          if (values.home) await page.evaluate(atHome, values.home);
          await page.screenshot({ path: join(folder, `${name}-${size}.png`), fullPage: true });
        }
      });
    }
  });
} finally {
  made?.close();
}
