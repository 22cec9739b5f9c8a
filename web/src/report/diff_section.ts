// What differs between two workflows or campaigns, as a table.
import type { Report } from "../api/report.ts";
import { diffColumns, diffRows, diffTitle } from "../pictures/diff.ts";
import { element } from "../views/element.ts";
import { plural } from "../views/number.ts";
import { table } from "../views/table.ts";
import { section, type Section } from "./section.ts";

// Null: nothing was compared.
export function diffSection(report: Report): Section | null {
  const answer = report.views.diff;
  if (!answer) return null;
  const frame = section("diff", "Differences", diffTitle(answer));
  const rows = diffRows(answer);
  if (rows.length === 0) frame.body.append(element("p", { class: "empty" }, "They are the same in code, environment, inputs, parameters, metrics, time and energy."));
  else table(frame.body, { caption: "Differences", columns: diffColumns(answer), rows, id: (line) => `${line.section} ${line.what} ${line.where ?? ""}` });
  const left = report.views.diff_lines_left;
  if (left > 0) frame.body.append(element("p", { class: "note" }, `Not in this file: ${plural(left, "line")} more; headrace diff shows all.`));
  return frame;
}
