// Where time and energy went: what sensors measured and its parts, then a bar for each workflow.
import type { Report } from "../api/report.ts";
import type { StackedRow, StackedView } from "../views/stacked.ts";
import { conserved, costsOf, energyBars, timeBars } from "../pictures/costs.ts";
import type { Picture } from "../pictures/picture.ts";
import { conservation, sumOfParts } from "../views/conservation.ts";
import { element } from "../views/element.ts";
import { duration, si } from "../views/number.ts";
import { sumOf } from "../views/stacked.ts";
import { charted, type Charted } from "./charted.ts";
import { section } from "./section.ts";
import type { State } from "./state.ts";

export function costSection(report: Report, state: State): Charted {
  const answer = report.views.energy;
  const domains = conserved(answer);
  const costs = costsOf(answer);
  if (domains.length === 0) {
    const frame = section("costs", "Where it went", "No energy was recorded");
    frame.body.append(element("p", { class: "empty" }, "Telemetry was off, or saw no source of energy; headrace doctor lists the sources."));
    return { ...frame, show: () => undefined, toggle: () => undefined };
  }
  const attributed = domains.reduce((sum, one) => sum + (one.parts[0]?.value ?? 0), 0);
  const whole = domains.reduce((sum, one) => sum + (one.whole ?? sumOfParts(one)), 0);
  const guess = domains.some((one) => one.truth !== "measured") ? "≈\u00a0" : "";
  const frame = section("costs", "Where it went", `${guess}${si(attributed, "J")} of ${guess}${si(whole, "J")} went into these tasks`);
  const cards = element("div");
  frame.body.append(cards);
  const view = conservation(cards, { items: domains, unit: "J", theme: () => state.theme(), onSelect: () => undefined });
  state.onChange(() => view.draw());
  const picture = (rows: readonly StackedRow[], parts: readonly string[], words: (v: number) => string, make: (host: HTMLElement) => StackedView): Picture<StackedRow, StackedView> => ({
    rows,
    id: (row) => row.id,
    columns: [
      { name: "workflow", text: (row) => row.label },
      ...parts.map((name, i) => ({ name, numeric: true, text: (row: StackedRow) => words(row.parts[i] ?? NaN), sort: (row: StackedRow) => row.parts[i] ?? null })),
      { name: "sum", numeric: true, grow: true, text: (row) => words(sumOf(row)), sort: sumOf },
    ],
    make,
  });
  const onSelect = (id: string | null): void => state.select(id);
  return charted(
    frame,
    "Cost",
    [
      { name: "energy", words: "energy by workflow", note: "The parts of a bar add up to it; no task counts twice.", picture: picture(costs.energy, costs.domains, (v) => costs.words(v), energyBars(costs, () => state.theme(), onSelect)) },
      { name: "time", words: "time by workflow", note: "Of tasks that lie in no other. They may run side by side, so their time may pass that of the clock.", picture: picture(costs.time, ["time"], duration, timeBars(costs, () => state.theme(), onSelect)) },
    ],
    state,
    (bars) => bars.select(state.selected),
  );
}
