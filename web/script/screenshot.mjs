// Takes a picture of a report:  npm run screenshot -- FILE.html WIDTH light|dark OUT.png [HEIGHT]
// The whole page; with HEIGHT only what a window of that height shows first.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { withPage } from "./browser.mjs";

const [file, width, theme, out, height] = process.argv.slice(2);
if (!file || !out || !(Number(width) > 0) || (theme !== "light" && theme !== "dark")) {
  console.error("usage: npm run screenshot -- FILE.html WIDTH light|dark OUT.png [HEIGHT]");
  process.exit(2);
}
await withPage({ width: Number(width), height: Number(height ?? 900), theme }, async (page) => {
  await page.goto(pathToFileURL(resolve(file)).href);
  await page.waitForSelector("html[data-ready=yes]");
  await page.waitForTimeout(300);
  await page.screenshot({ path: out, fullPage: height === undefined });
});
