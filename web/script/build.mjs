// Builds the report: one classic script, one style sheet, and the shell that holds both inline;
// `headrace report` writes its data where the shell says %DATA%. And the page that `headrace serve`
// answers with: page/index.html and page/assets/, without an inline script or style.
//   node script/build.mjs [FOLDER]     default: dist/
// Fails when either is over its budget.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = resolve(process.argv[2] ?? join(root, "dist"));
const budgetBytes = 150_000;
const firstScreenBytes = 80_000;
const wholePageBytes = 160_000;

if (!existsSync(join(root, "node_modules/vite"))) {
  console.error("the page's packages are missing (web/node_modules); run ./script/setup");
  process.exit(1);
}
const { build } = await import("vite");
const { svelte } = await import("@sveltejs/vite-plugin-svelte");
await build({
  root,
  configFile: false,
  logLevel: "warn",
  build: {
    outDir: dist,
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    lib: {
      entry: join(root, "src/report/main.ts"),
      name: "headraceReport",
      formats: ["iife"],
      fileName: () => "report.js",
      cssFileName: "report",
    },
  },
});

/** @param {string} text */
const hash = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
const script = readFileSync(join(dist, "report.js"), "utf8").trim();
const style = readFileSync(join(dist, "report.css"), "utf8").trim();
if (/<\/(script|style)|<!--/i.test(script + style)) {
  throw new Error("the page's own script or style holds text that would end it inside HTML");
}
const shell = readFileSync(join(root, "src/report/shell.html"), "utf8")
  .replace("%STYLE_HASH%", hash(style))
  .replace("%SCRIPT_HASH%", hash(script))
  .replace("%STYLE%", () => style)
  .replace("%SCRIPT%", () => script);
if (shell.split("%DATA%").length !== 2) throw new Error("the shell must hold %DATA% once");
mkdirSync(dist, { recursive: true });
writeFileSync(join(dist, "report.html"), shell);

const size = gzipSync(shell, { level: 9 }).length;
console.log(`report.html: ${shell.length} bytes, ${size} gzipped (budget ${budgetBytes})`);
if (size > budgetBytes) {
  console.error("the report's shell is over its budget");
  process.exit(1);
}

const built = await build({
  root,
  configFile: false,
  logLevel: "warn",
  plugins: [svelte()],
  build: { outDir: join(dist, "page"), emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, cssCodeSplit: false },
});
const { output } = /** @type {import("vite").Rolldown.RolldownOutput} */ (built);
/** @param {string | Uint8Array} content */
const zipped = (content) => gzipSync(content, { level: 9 }).length;
const sizeOf = new Map(output.map((one) => [one.fileName, zipped(one.type === "chunk" ? one.code : one.source)]));
/** @type {Set<string>} */
const first = new Set(output.filter((one) => one.type === "asset").map((one) => one.fileName));
/** @param {string} name */
const follow = (name) => {
  if (first.has(name)) return;
  first.add(name);
  const chunk = output.find((one) => one.fileName === name);
  if (chunk?.type === "chunk") chunk.imports.forEach(follow);
};
for (const one of output) if (one.type === "chunk" && one.isEntry) follow(one.fileName);
const sum = (/** @type {Iterable<string>} */ names) => [...names].reduce((all, name) => all + (sizeOf.get(name) ?? 0), 0);
const [firstSize, wholeSize] = [sum(first), sum(sizeOf.keys())];
console.log(`page: first screen ${firstSize} gzipped (budget ${firstScreenBytes}), all ${wholeSize} (budget ${wholePageBytes}) in ${output.length} files`);
const html = readFileSync(join(dist, "page/index.html"), "utf8");
if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i.test(html)) throw new Error("the page's shell holds an inline script or style, which its policy forbids");
if (firstSize > firstScreenBytes || wholeSize > wholePageBytes) {
  console.error("the page is over its budget");
  process.exit(1);
}
