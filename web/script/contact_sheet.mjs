// Many pictures as one:  node script/contact_sheet.mjs OUT.jpg PICTURE.png...
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { withPage } from "./browser.mjs";

const [out, ...pictures] = process.argv.slice(2);
if (!out || pictures.length === 0) {
  console.error("usage: node script/contact_sheet.mjs OUT.jpg PICTURE.png...");
  process.exit(2);
}
const tiles = pictures.map((file) => `<figure><img src="data:image/png;base64,${readFileSync(file).toString("base64")}"><figcaption>${basename(file, ".png").replace(/[^\w-]/g, "").replaceAll("-", " · ")}</figcaption></figure>`);
const sheet = `<style>
  body { margin: 0; padding: 16px; background: #888f9c; display: grid; grid-template-columns: repeat(4, 1fr); gap: 16px; font: 13px system-ui, sans-serif; }
  figure { margin: 0; } img { width: 100%; aspect-ratio: 8 / 5; object-fit: cover; object-position: top left; border-radius: 4px; display: block; } figcaption { padding-top: 4px; color: #0f1218; }
</style>${tiles.join("")}`;
await withPage({ width: 1800, theme: "dark" }, async (page) => {
  await page.setContent(sheet);
  await page.waitForTimeout(300);
  writeFileSync(out, await page.screenshot({ fullPage: true, type: "jpeg", quality: 82 }));
});
