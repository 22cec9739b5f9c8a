// Measures a page in headless Chromium without a GPU, as its reader has it: from the address to the
// drawn chart, then the time between frames under a real wheel and a real mouse, then its memory. The
// browser runs and has an empty window already, without anything kept: time begins when that window goes
// to the address.
//   node script/measure.mjs URL CHART [COOKIE]
// CHART: what holds the canvas, as a CSS selector; COOKIE: name=value, what the server lets in.
// Prints a line of JSON: ms and MB. A page that draws in several goes sets seen.saidByPage, and in
// the end seen.drawnMs.
import { withBrowser } from "./browser.mjs";
import { count, settled } from "./page_checks.mjs";

const [url, chart, cookie] = process.argv.slice(2);
if (!url || !chart) {
  console.error("usage: node script/measure.mjs URL CHART [COOKIE]");
  process.exit(2);
}

// Runs in the page, before it: when bars or boxes were first on the canvas, and frames from then on.
/** @param {string} chart */
function watchDrawing(chart) {
  const seen = { drawnMs: 0, saidByPage: false, frames: /** @type {number[]} */ ([]), watching: false };
  Object.assign(globalThis, { seen });
  const pen = CanvasRenderingContext2D.prototype;
  /** @type {[keyof CanvasRenderingContext2D, any][]} */
  const real = [];
  const noticed = () => {
    for (const [name, own] of real) Object.defineProperty(pen, name, { value: own, configurable: true, writable: true });
    // After the frame that shows it.
    requestAnimationFrame(() => setTimeout(() => (seen.drawnMs = performance.now())));
  };
  // Words and axes come earlier: only what bars and boxes are painted with.
  for (const name of /** @type {const} */ (["drawImage", "fillRect", "putImageData"])) {
    const own = pen[name];
    real.push([name, own]);
    Object.defineProperty(pen, name, {
      configurable: true,
      writable: true,
      value(/** @type {any[]} */ ...given) {
        if (seen.drawnMs === 0 && !seen.saidByPage && this.canvas.closest?.(chart)) noticed();
        return /** @type {Function} */ (own).apply(this, given);
      },
    });
  }
  const frame = (/** @type {number} */ at) => {
    if (seen.watching) seen.frames.push(at);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** @param {import("playwright-core").Page} page @param {import("playwright-core").Locator} canvas */
async function wheelAndDrag(page, canvas) {
  const box = await canvas.boundingBox();
  if (!box) throw new Error("the canvas has no place");
  const [x, y] = [box.x + box.width * 0.55, box.y + Math.min(box.height, 700) * 0.5];
  await page.mouse.move(x, y);
  await page.keyboard.down("Control");
  for (const [times, delta] of /** @type {const} */ ([[20, -100], [8, 100]])) {
    for (let i = 0; i < times; i++) {
      await page.mouse.wheel(0, delta);
      await page.waitForTimeout(16);
    }
  }
  await page.keyboard.up("Control");
  for (const way of [-1, 1, -1]) {
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let i = 1; i <= 30; i++) {
      await page.mouse.move(x + way * i * 9, y + i % 3);
      await page.waitForTimeout(8);
    }
    await page.mouse.up();
  }
  await page.keyboard.down("Control");
  for (let i = 0; i < 8; i++) {
    await page.mouse.wheel(0, 100);
    await page.waitForTimeout(16);
  }
  await page.keyboard.up("Control");
}

const measure = async (/** @type {import("playwright-core").Page} */ page) => {
  page.setDefaultTimeout(120_000);
  const [name, value] = (cookie ?? "").split("=");
  if (name && value) await page.context().addCookies([{ name, value, url: new URL(url).origin }]);
  count(page);
  await page.addInitScript(watchDrawing, chart);
  // The start of the browser and of the window would be at work beside the page.
  await page.waitForTimeout(1500);
  await page.goto(url, { waitUntil: "commit" });
  /** @type {() => Promise<number>} */
  const drawn = async () => (await page.waitForFunction(() => /** @type {any} */ (globalThis).seen?.drawnMs || 0, undefined, { polling: 20 })).jsonValue();
  const readyMs = await drawn();
  // What else the page asks for has come, so that only the chart is at work.
  await settled(page);
  await page.waitForTimeout(500);
  const canvas = page.locator(`${chart} canvas`).first();
  await canvas.scrollIntoViewIfNeeded();
  const picture = () => canvas.evaluate((one) => /** @type {HTMLCanvasElement} */ (one).toDataURL());
  const before = await picture();
  await page.evaluate(() => (/** @type {any} */ (globalThis).seen.watching = true));
  await wheelAndDrag(page, canvas);
  /** @type {number[]} */
  const frames = await page.evaluate(() => {
    const seen = /** @type {any} */ (globalThis).seen;
    seen.watching = false;
    return seen.frames;
  });
  if ((await picture()) === before) throw new Error("wheel and mouse did not move the chart");
  const gaps = frames.slice(1).map((at, i) => at - /** @type {number} */ (frames[i])).sort((a, b) => a - b);
  /** @param {number} share */
  const rank = (share) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * share))] ?? NaN;
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  const heap = /** @type {{ usedSize: number, backingStorageSize?: number }} */ (await devtools.send("Runtime.getHeapUsage"));
  console.log(JSON.stringify({ ready_ms: readyMs, frame_p50_ms: rank(0.5), frame_p95_ms: rank(0.95), frame_max_ms: gaps.at(-1), frames: gaps.length, heap_mb: (heap.usedSize + (heap.backingStorageSize ?? 0)) / 1e6 }));
};

const window = /** @type {const} */ ({ width: 1280, height: 900, theme: "light" });
await withBrowser((open) => open(window, measure));
