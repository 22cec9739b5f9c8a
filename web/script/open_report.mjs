// Opens a report and says what it asked for and complained of, how many tasks it says there are, and
// after how long it was ready:
//   node script/open_report.mjs FILE.html
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { withPage } from "./browser.mjs";

const [file] = process.argv.slice(2);
if (!file) {
  console.error("usage: node script/open_report.mjs FILE.html");
  process.exit(2);
}
const address = pathToFileURL(resolve(file)).href;
/** @type {string[]} */
const requests = [];
/** @type {string[]} */
const talk = [];
const seen = await withPage({ width: 1280, theme: "light" }, async (page) => {
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => talk.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => talk.push(`error: ${error.message}`));
  await page.goto(address);
  await page.waitForSelector("html[data-ready=yes]", { timeout: 60_000 });
  return page.evaluate(() => {
    const figure = [...document.querySelectorAll(".figure")].find((node) => node.querySelector("dt")?.textContent === "tasks");
    return { tasks: (figure?.querySelector("dd")?.firstChild?.textContent ?? "").replace(/\s/g, " "), ready_ms: Math.round(performance.now()) };
  });
});
console.log(JSON.stringify({ talk, requests: requests.filter((url) => url !== address), ...seen }));
