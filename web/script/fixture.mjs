// Writes the page with made-up data, to look at while working on it:  npm run fixture -- OUT.html [STEPS]
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fixture } from "../test/fixture.mjs";

const [out, steps] = process.argv.slice(2);
if (!out) {
  console.error("usage: npm run fixture -- OUT.html [STEPS]");
  process.exit(2);
}
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const shell = readFileSync(join(root, "dist/report.html"), "utf8");
const text = JSON.stringify(fixture(steps ? { steps: Number(steps) } : {})).replace(/</g, "\\u003c");
writeFileSync(out, shell.replace("%DATA%", () => text));
