// Opens a notebook that was exported as HTML and looks into the frames of its outputs, as JSON:
//   node script/notebook_probe.mjs FILE.html [SHOT.png]
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { withPage } from "./browser.mjs";

const [file, shot] = process.argv.slice(2);
if (!file) {
  console.error("usage: node script/notebook_probe.mjs FILE.html [SHOT.png]");
  process.exit(2);
}
const address = pathToFileURL(resolve(file)).href;
/** @type {string[]} */
const requests = [];
/** @type {string[]} */
const talk = [];

const frames = await withPage({ width: 1100, theme: "light" }, async (page) => {
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => talk.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => talk.push(`error: ${error.message}`));
  await page.goto(address);
  const seen = [];
  for (const handle of await page.locator("iframe").elementHandles()) {
    // A frame out of sight is not drawn.
    await handle.scrollIntoViewIfNeeded();
    const frame = await handle.contentFrame();
    if (!frame) continue;
    await frame.waitForSelector("html[data-ready=yes]", { timeout: 20_000 });
    await frame.waitForTimeout(300);
    seen.push(
      await frame.evaluate(() => ({
        text: document.body.innerText,
        overflows: document.documentElement.scrollWidth > document.documentElement.clientWidth,
        // How many colours each canvas shows: an empty one shows one.
        colours: [...document.querySelectorAll("canvas")].map((canvas) => {
          const context = canvas.getContext("2d");
          return new Set(context ? new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer) : []).size;
        }),
        origin: window.origin,
      })),
    );
    const toggle = frame.locator(".twin-toggle").first();
    if ((await toggle.count()) > 0) {
      await toggle.click();
      Object.assign(seen[seen.length - 1] ?? {}, { rows: await frame.locator(".twin tbody tr[data-id]").count() });
      await toggle.click();
    }
  }
  if (shot) await page.screenshot({ path: shot, fullPage: true });
  return seen;
});
console.log(JSON.stringify({ frames, talk, requests: requests.filter((url) => url !== address && !url.startsWith("about:")) }));
