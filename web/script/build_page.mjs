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
// What several pages share in two files and not in twenty: a browser asks one origin for six things at once.
const groups = [
  { name: "early", test: /\/src\/pages\/early\.ts$/, priority: 2 },
  // What imports nothing of the rest: so no two files import each other.
  { name: "base", test: /node_modules\/(svelte|esm-env|clsx)\/|\/src\/views\/(colour|element|number|ramp|scale|surface|timeline_paint|timeline_rows|tooltip)\.ts$/, priority: 1 },
  { name: "shared", minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 20_000 },
];
const isMain = (/** @type {{ type: string, facadeModuleId?: string | null }} */ one) => one.type === "chunk" && one.facadeModuleId?.endsWith("/src/pages/main.ts");
// What every page needs is asked for beside the first script and not by it.
/** @type {import("vite").Plugin} */
const preloadMain = {
  name: "preload-main",
  transformIndexHtml: {
    order: "post",
    handler: (html, { bundle = {} }) =>
      Object.values(bundle)
        .flatMap((one) => (one.type === "chunk" && isMain(one) ? [one.fileName, ...one.imports] : []))
        .filter((name) => !html.includes(name))
        .map((name) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `/${name}` }, injectTo: "head" })),
  },
};
const built = await build({
  root,
  configFile: false,
  logLevel: "warn",
  plugins: [svelte(), preloadMain],
  build: { outDir: dist, emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, cssCodeSplit: false, rolldownOptions: { output: { codeSplitting: { groups }, chunkFileNames: ({ name }) => `assets/${name.split("~")[0]}-[hash].js` } } },
});
const { output } = /** @type {import("vite").Rolldown.RolldownOutput} */ (built);
/** @param {string | Uint8Array} content */
const zipped = (content) => gzipSync(content, { level: 9 }).length;
// Two files that import each other run one of them before what it needs is there.
/** @param {string} name @param {readonly string[]} above */
const noCircle = (name, above) => {
  if (above.includes(name)) throw new Error(`the page's files import each other: ${[...above, name].join(" -> ")}`);
  const chunk = output.find((one) => one.fileName === name);
  if (chunk?.type === "chunk") for (const one of chunk.imports) noCircle(one, [...above, name]);
};
for (const one of output) noCircle(one.fileName, []);
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
// The entry asks for it at once.
for (const one of output) if (isMain(one)) follow(one.fileName);
const sum = (/** @type {Iterable<string>} */ names) => [...names].reduce((all, name) => all + (sizeOf.get(name) ?? 0), 0);
const [firstSize, wholeSize] = [sum(first), sum(sizeOf.keys())];
console.log(`page: first screen ${firstSize} gzipped (budget ${firstScreenBytes}), all ${wholeSize} (budget ${wholePageBytes}) in ${output.length} files`);
const html = readFileSync(join(dist, "index.html"), "utf8");
if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i.test(html)) throw new Error("the page's shell holds an inline script or style, which its policy forbids");
if (firstSize > firstScreenBytes || wholeSize > wholePageBytes) {
  console.error("the page is over its budget");
  process.exit(1);
}
