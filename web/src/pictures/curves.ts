// A logged number by step: a curve for each group of repeats.
import type { CurvesAnswer } from "../api/answers.ts";
import type { Theme } from "../views/colour.ts";
import { curves, type Curve, type CurvesView } from "../views/curves.ts";
import { plural, significant } from "../views/number.ts";
import { curvesOf, smallIsBetter } from "../widgets/charts.ts";
import type { Picture } from "./picture.ts";

export function curvePicture(answer: CurvesAnswer, theme: () => Theme, onSelect: (id: string | null) => void): Picture<Curve, CurvesView> {
  const all = curvesOf(answer, smallIsBetter(answer.metric));
  const last = (curve: Curve): number => curve.mean[curve.mean.length - 1] ?? NaN;
  return {
    rows: all,
    id: (curve) => curve.id,
    columns: [
      { name: "configuration", text: (curve) => curve.label || "the only one" },
      { name: "runs", numeric: true, text: (curve) => String(curve.runs), sort: (curve) => curve.runs },
      { name: "points", numeric: true, text: (curve) => String(curve.x.length), sort: (curve) => curve.x.length },
      { name: `last ${answer.metric}`, numeric: true, grow: true, text: (curve) => significant(last(curve)), sort: last },
    ],
    make: (host) =>
      curves(host, { curves: all, xName: "point", yName: answer.metric, summary: `${answer.metric} by step of ${plural(all.length, "configuration")}, with the band over repeats. Arrows walk from curve to curve, T shows the table.`, theme, onSelect }),
  };
}
