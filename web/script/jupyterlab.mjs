// Opens a notebook in a running JupyterLab as a reader does, runs it, saves it, opens it again, and opens
// it where it is not trusted; says as JSON what was seen:
//   node script/jupyterlab.mjs URL NOTEBOOK UNTRUSTED [SHOT]   URL: of /lab, with the token in ?token=
//                                                              SHOT: where pictures go, SHOT-run.png …
import { withBrowser } from "./browser.mjs";

const [url, notebook, untrusted, shot] = process.argv.slice(2);
if (!url || !notebook || !untrusted) {
  console.error("usage: node script/jupyterlab.mjs URL NOTEBOOK UNTRUSTED [SHOT]");
  process.exit(2);
}
const { origin, search } = new URL(url);
/** @type {string[]} */
const elsewhere = [];
/** @type {string[]} */
const talk = [];
// What stands in the outputs beside the frames.
/** @type {string[]} */
const visible = [];

// Outputs of the notebook in front: others stay open behind it.
const shown = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output";

/** What frames of our drawings show; canvases by how many colours they have. @param {import("playwright-core").Page} page */
async function drawings(page) {
  const seen = [];
  await page.locator(`${shown} iframe`).nth(2).waitFor();
  for (const handle of await page.locator(`${shown} iframe`).elementHandles()) {
    await handle.scrollIntoViewIfNeeded();
    const frame = await handle.contentFrame();
    if (!frame) continue;
    await frame.waitForSelector("html[data-ready=yes]");
    await frame.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    const box = await handle.boundingBox();
    seen.push({
      ...(await frame.evaluate(() => ({
        origin: window.origin,
        overflows: document.documentElement.scrollWidth > document.documentElement.clientWidth,
        cut: Math.max(0, document.documentElement.scrollHeight - document.documentElement.clientHeight),
        text: document.body.innerText,
        colours: [...document.querySelectorAll("canvas")].map((canvas) => new Set(new Uint32Array(canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data.buffer ?? new ArrayBuffer(4))).size),
      }))),
      width: box?.width ?? 0,
    });
  }
  return seen;
}

await withBrowser(async (open) => {
  /** @param {string} file @param {(page: import("playwright-core").Page) => Promise<unknown>} use @param {"light" | "dark"} theme */
  const lab = (file, use, theme = "light") =>
    open({ width: 1400, height: 1000, theme }, async (page) => {
      page.setDefaultTimeout(60_000);
      page.on("request", (request) => {
        if (!new URL(request.url()).href.startsWith(`${origin}/`) && !/^(data|blob|about):/.test(request.url())) elsewhere.push(request.url());
      });
      page.on("console", (message) => ["error", "warning"].includes(message.type()) && talk.push(`${message.type()}: ${message.text()} ${message.location().url}`));
      page.on("pageerror", (error) => talk.push(`error: ${error.message}`));
      await page.goto(`${origin}/lab/tree/${file}${search}`);
      await page.waitForSelector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell");
      return use(page);
    });
  /** @param {import("playwright-core").Page} page @param {string} name */
  const picture = async (page, name) => {
    if (!shot) return;
    for (const cell of [1, 2, 3]) {
      await page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(cell).evaluate((one) => one.scrollIntoView());
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${shot}-${name}-${cell}.png` });
    }
  };

  const ran = await lab(notebook, async (page) => {
    await page.getByText(/\| Idle$/).waitFor();
    await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
    await page.waitForFunction(() => {
      const cells = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")];
      return cells.length > 0 && cells.every((one) => /\[\d+\]/.test(one.textContent ?? ""));
    });
    const seen = await drawings(page);
    await picture(page, "run");
    await page.keyboard.press("Control+s");
    await page.waitForSelector(".jp-mod-dirty", { state: "detached" });
    return seen;
  });
  const reopened = await lab(notebook, async (page) => {
    const seen = await drawings(page);
    await picture(page, "again");
    visible.push(...(await page.locator(shown).allInnerTexts()));
    return seen;
  }, "dark");
  const distrusted = await lab(untrusted, async (page) => {
    await page.waitForSelector(shown);
    await picture(page, "untrusted");
    return { drawn: await page.locator(`${shown} iframe[srcdoc]`).count(), outputs: await page.locator(shown).allInnerTexts() };
  });
  console.log(JSON.stringify({ ran, reopened, distrusted, visible, elsewhere, talk }));
});
