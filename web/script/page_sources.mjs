// Walks through the second of several sources that a real `headrace serve` shows, and looks where its
// links lead, also those that open in a new tab; fails with what was wrong.
//   node script/page_sources.mjs URL NAME        URL opens once; NAME is the second's
import { withPage } from "./browser.mjs";
import { check, settled, watch, wrong } from "./page_checks.mjs";

const [url, name] = process.argv.slice(2);
if (!url || !name) {
  console.error("usage: node script/page_sources.mjs URL NAME");
  process.exit(2);
}
const { origin } = new URL(url);
const within = `${origin}/s/${name}/`;
await withPage({ width: 1280, theme: "light" }, async (page) => {
  watch(page, origin);
  await page.goto(url);
  await settled(page);
  await page.locator("nav.sources a", { hasText: name }).click();
  await page.waitForURL(within);
  /** @type {Map<string, number>} */
  const links = new Map();
  const look = async () => {
    await settled(page);
    check((await page.locator("main .said.failed").count()) === 0, `${page.url()}: ${await page.locator("main .said.failed").allInnerTexts()}`);
    const found = await page.locator("a[href]:not(nav.sources a)").evaluateAll((all) => all.map((one) => ({ href: /** @type {HTMLAnchorElement} */ (one).href, own: one.getAttribute("href")?.startsWith("#") ?? false })));
    for (const one of found) check(one.own || one.href.startsWith(within), `${page.url()} links to ${one.href}`);
    links.set(page.url(), found.length);
  };
  /** In a new tab, as a middle click opens it. @param {import("playwright-core").Locator} link @param {RegExp} to */
  const inTab = async (link, to) => {
    const [tab] = await Promise.all([page.context().waitForEvent("page"), link.click({ button: "middle" })]);
    await tab.waitForSelector("main h1");
    check(tab.url().startsWith(within) && to.test(tab.url()), `a new tab is at ${tab.url()}`);
    check((await tab.locator("main .said.failed").count()) === 0, `${tab.url()} was not found`);
    await tab.close();
  };
  await look();
  await inTab(page.locator("nav.places").getByText("Energy"), /\/energy$/);
  await inTab(page.locator("#chart-workflows a:has-text('tune')"), /\/workflow\//);
  for (const link of ["#chart-campaigns tr a", "#chart-workflows a:has-text('tune')", "#chart-tasks a:has-text('train')", "#chart-objects a:has-text('model')"]) {
    await page.locator(link).first().click();
    await look();
  }
  await inTab(page.locator("nav.path a, .acts a").first(), /./);
  for (const place of ["Compare", "Energy", "Telemetry", "Query", "About"]) {
    await page.locator("nav.places").getByText(place).click();
    await look();
  }
  check(links.size === 10, `saw only ${[...links.keys()].join(" ")}`);
  // Another source is another page.
  await page.locator("a.brand").click();
  await settled(page);
  await page.locator("nav.sources a").first().click();
  await page.waitForURL((to) => !to.href.startsWith(within));
  await settled(page);
});
if (wrong.length > 0) {
  console.error([...new Set(wrong)].join("\n"));
  process.exit(1);
}
