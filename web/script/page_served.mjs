// Walks through the page that a real `headrace serve` shows, then watches a program run:
//   node script/page_served.mjs URL     URL opens once; a line "watching" asks for the program to be
//                                       started, whose campaign is "live" and whose tasks are three
import { withPage } from "./browser.mjs";
import { accessible, check, settled, sound, watch, wrong } from "./page_checks.mjs";

const [url] = process.argv.slice(2);
if (!url) {
  console.error("usage: node script/page_served.mjs URL");
  process.exit(2);
}
const { origin } = new URL(url);
await withPage({ width: 1280, theme: "light" }, async (page) => {
  watch(page, origin);
  await page.goto(url);
  await page.waitForURL(`${origin}/`);
  /** @param {string} where */
  const fine = async (where) => {
    await settled(page);
    check((await page.locator("main .said.failed").count()) === 0, `${where}: ${await page.locator("main .said.failed").allInnerTexts()}`);
    check(!/NaN|undefined|Infinity/.test(await page.locator("main").innerText()), `${where}: shows a number that is none`);
    await sound(page, where);
  };
  await fine("campaigns");
  await page.locator("#chart-campaigns a").first().click();
  await page.waitForURL(/\/campaign\//);
  await fine("campaign");
  await accessible(page, "campaign");
  await page.locator("#chart-workflows a:has-text('tune')").click();
  await page.waitForURL(/\/workflow\//);
  await fine("workflow");
  await accessible(page, "workflow");
  await page.locator("#chart-tasks tr[data-id] a:has-text('train')").first().click();
  await page.waitForURL(/\/task\//);
  await fine("task");
  check((await page.locator("nav.path").innerText()).includes("tune"), "the path does not name the workflow");
  await page.locator("#chart-objects a:has-text('model')").first().click();
  await page.waitForURL(/\/object\//);
  await fine("object");
  check(/was written by task train/.test(await page.locator("#why").innerText()), "the object does not say what wrote it");
  for (const path of ["/energy", "/telemetry", "/about", "/compare"]) {
    await page.goto(origin + path);
    await fine(path);
  }

  await page.goto(`${origin}/`);
  await settled(page);
  console.log("watching");
  const row = page.locator("#chart-workflows a:has-text('watched')");
  await row.waitFor();
  await row.click();
  await page.waitForURL(/\/workflow\//);
  await page.mouse.move(2, 2);
  await page.waitForFunction(() => /: 3$/.test(document.querySelector("#chart-tasks h2")?.textContent ?? ""));
  await page.waitForSelector("h1:has-text('finished')");
});
if (wrong.length > 0) {
  console.error([...new Set(wrong)].join("\n"));
  process.exit(1);
}
console.log("fine");
