// Builds the report's page: one classic script, one style sheet, and the shell that holds both
// inline. `headrace report` writes its data where the shell says %DATA%.
//   node script/build.mjs [FOLDER]     default: dist/
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = resolve(process.argv[2] ?? join(root, "dist"));
const budgetBytes = 150_000;

if (!existsSync(join(root, "node_modules/vite"))) {
  console.error("the page's packages are missing (web/node_modules); run ./script/setup");
  process.exit(1);
}
const { build } = await import("vite");
await build({
  root,
  configFile: false,
  logLevel: "warn",
  build: {
    outDir: dist,
    emptyOutDir: false,
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
