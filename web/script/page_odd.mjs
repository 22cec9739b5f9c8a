// Opens pages of real servers over odd stores and says what each shows wrongly: a line of JSON for each.
//   node script/page_odd.mjs FILE     FILE: [{"kind", "url", "pages": [{"path", "says": [regex...], "never"?}]}]
// "{campaign}", "{workflow}", "{task}" in a path are the first that the server lists.
import { readFileSync } from "node:fs";
import { withBrowser } from "./browser.mjs";
import { check, settled, sound, watch, wrong } from "./page_checks.mjs";

const [file] = process.argv.slice(2);
if (!file) {
  console.error("usage: node script/page_odd.mjs FILE");
  process.exit(2);
}
/** @type {{ kind: string, url: string, pages: { path: string, says: string[] }[] }[]} */
const stores = JSON.parse(readFileSync(file, "utf8"));
await withBrowser(async (open) => {
  for (const { kind, url, pages } of stores) {
    const { origin } = new URL(url);
    try {
      await open({ width: 1280, theme: "light" }, async (page) => {
        // What the server refuses the browser logs; that the page says it is what is looked at here.
        watch(page, origin, /status of (404|501|503)/);
        await page.goto(url);
        await page.waitForURL(`${origin}/`);
        /** @type {Record<string, string>} */
        const first = await page.evaluate(async () => {
          /** @type {Record<string, string>} */
          const found = {};
          for (const [name, list] of [["campaign", "campaigns"], ["workflow", "workflows"], ["task", "tasks"]]) {
            const table = await (await fetch(`/api/v1/${list}?limit=1`)).json();
            found[String(name)] = String(table.rows?.[0]?.[0] ?? "");
          }
          return found;
        });
        for (const { path, says } of pages) {
          const at = path.replace(/\{(\w+)\}/g, (_, name) => first[name] ?? "");
          await page.goto(origin + at);
          await settled(page);
          const text = await page.locator("main").innerText();
          for (const one of says) check(new RegExp(one, "s").test(text), `${path} does not say ${one}: ${text.slice(0, 600)}`);
          check(!/NaN|undefined|Infinity|\$unkept|\$float/.test(text), `${path} shows what is no value: ${text.match(/.{60}(NaN|undefined|Infinity|\$unkept|\$float).{60}/)?.[0]}`);
          check(text.length < 60_000, `${path} shows ${text.length} characters`);
          await sound(page, path);
        }
      });
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error));
    }
    console.log(JSON.stringify({ kind, wrong: [...new Set(wrong)] }));
    wrong.length = 0;
  }
});
