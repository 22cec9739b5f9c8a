// Builds the page that `headrace serve` shows: index.html and assets/, without an inline script or
// style, as its policy wants. Fails when it is over its budget.
//   node script/build_page.mjs [FOLDER]     default: dist/page/
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = resolve(process.argv[2] ?? join(root, "dist/page"));
const firstScreenBytes = 80_000;
const wholePageBytes = 160_000;

if (!existsSync(join(root, "node_modules/vite"))) {
  console.error("the page's packages are missing (web/node_modules); run ./script/setup");
  process.exit(1);
}
const { build } = await import("vite");
const { svelte } = await import("@sveltejs/vite-plugin-svelte");
const built = await build({
  root,
  configFile: false,
  logLevel: "warn",
  plugins: [svelte()],
  build: { outDir: dist, emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, cssCodeSplit: false },
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
const html = readFileSync(join(dist, "index.html"), "utf8");
if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i.test(html)) throw new Error("the page's shell holds an inline script or style, which its policy forbids");
if (firstSize > firstScreenBytes || wholeSize > wholePageBytes) {
  console.error("the page is over its budget");
  process.exit(1);
}
