// Checks a report's data document against its contract:  node script/validate.mjs REPORT.html
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";

const [file] = process.argv.slice(2);
if (!file) {
  console.error("usage: node script/validate.mjs REPORT.html");
  process.exit(2);
}
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const found = /<script type="application\/json" id="report-data">([^<]*)<\/script>/.exec(readFileSync(file, "utf8"));
if (!found?.[1]) {
  console.error(`${file} holds no report data`);
  process.exit(1);
}
const valid = new Ajv2020({ allErrors: true, strict: false }).compile(JSON.parse(readFileSync(join(root, "schema/report.schema.json"), "utf8")));
if (!valid(JSON.parse(found[1]))) {
  for (const error of valid.errors ?? []) console.error(`${error.instancePath || "/"} ${error.message ?? ""} ${JSON.stringify(error.params)}`);
  process.exit(1);
}
