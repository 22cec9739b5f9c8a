// Walks through the page that a real `headrace serve` shows, changes a tag and a note, then watches a
// program train and says how long its tasks took to become rows:
//   node script/page_served.mjs URL     URL opens once, of a server with --allow-write; a line "watching"
//                                       asks for the program: campaign "live", workflow "watched"
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

  // What a person says later.
  await page.getByLabel("Tag this campaign").fill("paper=draft2");
  await page.getByRole("button", { name: "Add tag" }).click();
  await page.waitForSelector(".chip.tag >> text=paper=draft2");
  await page.getByRole("button", { name: "Write a note" }).click();
  await page.getByLabel("Note of this campaign").fill("Does the rate pay?");
  await page.getByRole("button", { name: "Save note" }).click();
  await page.waitForSelector(".amend .lead >> text=Does the rate pay?");
  await page.getByRole("button", { name: "Remove tag paper=draft2" }).click();
  await page.waitForSelector(".chip.tag", { state: "detached" });
  await page.getByRole("button", { name: /^Undo/ }).click();
  await page.waitForSelector(".chip.tag >> text=paper=draft2");

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
  await page.goto(`${origin}/query?sql=${encodeURIComponent("SELECT activity, count(*) AS tasks FROM task GROUP BY ALL ORDER BY tasks")}`);
  await page.waitForSelector("#chart-result tr[data-id]");
  await fine("query");

  await page.goto(`${origin}/`);
  await settled(page);
  console.log("watching");
  const row = page.locator("#chart-workflows a:has-text('watched')");
  await row.waitFor();
  await row.click();
  await page.waitForURL(/\/workflow\//);
  await page.mouse.move(2, 2);
  // When each row says that its task has finished; those that had before this page came do not count.
  const from = await page.evaluate(() => {
    /** @type {Record<string, number>} */
    const seen = {};
    Object.assign(globalThis, { seen });
    const look = () => {
      for (const line of document.querySelectorAll("#chart-tasks tr[data-id]")) {
        const id = /** @type {HTMLElement} */ (line).dataset.id ?? "";
        if (!(id in seen) && line.textContent?.includes("finished")) seen[id] = Date.now();
      }
    };
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    return Date.now();
  });
  await page.waitForSelector("h1:has-text('finished')");
  const flow = page.url().split("/workflow/")[1];
  const late = await page.evaluate(async ([id, since]) => {
    const table = await (await fetch(`/api/v1/tasks?workflow=${id}&columns=task_id,ended_at&limit=1000`)).json();
    const wait = () => table.rows.every((/** @type {string[]} */ [task]) => String(task) in /** @type {any} */ (globalThis).seen);
    for (let i = 0; i < 100 && !wait(); i++) await new Promise((next) => setTimeout(next, 100));
    const { seen } = /** @type {{ seen: Record<string, number> }} */ (/** @type {unknown} */ (globalThis));
    const ended = table.rows.map((/** @type {string[]} */ [task, at]) => ({ task: String(task), at: Date.parse(String(at)) }));
    return { missing: ended.filter((/** @type {{ task: string }} */ one) => !(one.task in seen)).length, ms: ended.filter((/** @type {{ at: number }} */ one) => one.at > Number(since)).map((/** @type {{ task: string, at: number }} */ one) => (seen[one.task] ?? NaN) - one.at) };
  }, [flow, from]);
  check(late.missing === 0, `${late.missing} tasks never became rows`);
  check(late.ms.length > 5, `only ${late.ms.length} tasks ended while the page watched`);
  late.ms.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
  console.log(`from the end of a task to its row: median ${late.ms[Math.floor(late.ms.length / 2)]} ms, most ${late.ms.at(-1)} ms, of ${late.ms.length} tasks`);
});
if (wrong.length > 0) {
  console.error([...new Set(wrong)].join("\n"));
  process.exit(1);
}
