// Pictures of the page over a made-up campaign:
//   node script/tour.mjs FOLDER [WIDTH [light|dark [STATE]]] [PAGE...]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { madeUp } from "../test/server/server.mjs";
import { withPage } from "./browser.mjs";

const [folder, width = "1280", theme = "dark", state = "full", ...wanted] = process.argv.slice(2);
if (!folder || (theme !== "light" && theme !== "dark")) {
  console.error("usage: node script/tour.mjs FOLDER [WIDTH [light|dark [STATE]]] [PAGE...]");
  process.exit(2);
}
const made = madeUp({ state });
const port = await made.listen();
const { campaign } = made;
const trial = campaign.tasks.find((t) => t.activity === "finetune" && t.status === "finished");
const broken = campaign.tasks.find((t) => t.status === "failed" && t.activity === "backward");
const model = campaign.objects.find((o) => o.kind === "model");
const flow = (/** @type {number} */ i) => campaign.flows[i]?.id ?? "absent";
/** @type {Record<string, string>} */
export const addresses = {
  campaigns: "/",
  campaign: `/campaign/${campaign.id}`,
  workflow: `/workflow/${flow(2)}`,
  failed: `/workflow/${flow(3)}?colour=status`,
  task: `/task/${trial?.id}`,
  error: `/task/${broken?.id}`,
  object: `/object/${model?.id}`,
  model: `/model/${model?.id}`,
  compare: `/compare?a=${flow(0)}&b=${flow(1)}`,
  energy: "/energy",
  telemetry: "/telemetry",
  query: `/query?sql=${encodeURIComponent("SELECT activity, count(*) AS tasks, sum(duration_s) AS sum_s\nFROM task\nGROUP BY ALL\nORDER BY sum_s DESC")}`,
  about: "/about",
  unknown: "/nowhere",
};
mkdirSync(folder, { recursive: true });
try {
  await withPage({ width: Number(width), height: Number(width) > 2000 ? 1440 : 800, theme }, async (page) => {
    page.on("console", (message) => console.log(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => console.log(`error: ${error.message}`));
    for (const [name, address] of Object.entries(addresses)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      await page.setViewportSize({ width: Number(width), height: Number(width) > 2000 ? 1440 : 800 });
      await page.goto(`http://127.0.0.1:${port}${address}`);
      await page.waitForSelector("main h1, main .said", { timeout: 8000 });
      await page.waitForTimeout(700);
      // As tall as its content, so that what sticks to the window's foot stays there.
      const tall = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ width: Number(width), height: Math.max(800, tall) });
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`), fullPage: true });
    }
  });
} finally {
  made.close();
}
