// Quality against energy and against time, and the configurations behind the marks.
import type { Report, Tradeoff } from "../api/report.ts";
import { element } from "../views/element.ts";
import { duration, energy, scalar, significant } from "../views/number.ts";
import { pareto, type ParetoPoint, type ParetoView } from "../views/pareto.ts";
import { table, type Column, type TableView } from "../views/table.ts";
import { describeConfiguration, numberOf, ranked, type Ranked } from "./configurations.ts";
import { ask, section, type Section } from "./section.ts";
import type { State } from "./state.ts";
import { tradeoffTitle } from "./summary.ts";

function pointsOf(all: readonly Ranked[], cost: "energy" | "time"): ParetoPoint[] {
  return all.flatMap((one) => {
    const c = one.configuration;
    const value = cost === "energy" ? c.energy_j : c.time_s;
    if (value === null || c.quality === null) return [];
    return [
      {
        id: c.task_id,
        number: one.number,
        cost: value,
        costU95: cost === "energy" ? c.energy_u95_j : null,
        quality: c.quality,
        front: cost === "energy" ? c.energy_front : c.time_front,
        best: one.best,
        truth: cost === "energy" ? (c.energy_truth ?? "estimated") : "measured",
      },
    ];
  });
}

function columnsOf(tradeoff: Tradeoff, all: readonly Ranked[]): Column<Ranked>[] {
  const most = (of: (r: Ranked) => number | null): number => Math.max(0, ...all.map((r) => of(r) ?? 0));
  const mostEnergy = most((r) => r.configuration.energy_j);
  const mostTime = most((r) => r.configuration.time_s);
  const best = all.find((r) => r.best)?.configuration.quality ?? null;
  const verdict = (isFront: boolean, by: string | null): string => {
    if (isFront) return "● front";
    return by ? `○ by ${numberOf(all, by) ?? "another"}` : "–";
  };
  return [
    {
      name: "#",
      title: "Rank by quality; the charts' marks carry the same number",
      text: (r) => (r.best ? `${r.number} best` : r.number),
      sort: (r) => Number(r.number),
    },
    ...tradeoff.factors.map(
      (name, i): Column<Ranked> => ({
        name,
        numeric: all.every((r) => typeof r.configuration.factors[i] === "number" || r.configuration.factors[i] === null),
        text: (r) => scalar(r.configuration.factors[i] ?? null),
        sort: (r) => {
          const value = r.configuration.factors[i] ?? null;
          return typeof value === "boolean" ? String(value) : value;
        },
      }),
    ),
    {
      name: tradeoff.quality,
      numeric: true,
      text: (r) => (r.configuration.quality === null ? "–" : significantly(r.configuration.quality)),
      full: (r) => String(r.configuration.quality),
      sort: (r) => r.configuration.quality,
    },
    {
      name: "Δ best",
      title: `${tradeoff.quality} above or below the best`,
      numeric: true,
      text: (r) => {
        const quality = r.configuration.quality;
        if (quality === null || best === null || r.best) return "–";
        const delta = quality - best;
        return `${delta > 0 ? "+" : "−"}${significant(Math.abs(delta))}`;
      },
      sort: (r) => (r.configuration.quality === null || best === null ? null : r.configuration.quality - best),
    },
    {
      name: "energy",
      numeric: true,
      text: (r) => energy(r.configuration.energy_j, r.configuration.energy_truth),
      full: (r) => {
        const c = r.configuration;
        if (c.energy_j === null) return "";
        return `${c.energy_j} J, ${c.energy_truth ?? ""}${c.energy_u95_j === null ? "" : `, ± ${c.energy_u95_j} J (95 %)`}`;
      },
      sort: (r) => r.configuration.energy_j,
      bar: (r) => (r.configuration.energy_j ?? NaN) / mostEnergy,
    },
    {
      name: "for energy",
      title: "On the front of quality against energy, or dominated by which configuration",
      text: (r) => verdict(r.configuration.energy_front, r.configuration.energy_dominated_by),
      mark: (r) => (r.configuration.energy_front ? "on-front" : "beaten"),
    },
    {
      name: "time",
      numeric: true,
      text: (r) => duration(r.configuration.time_s),
      full: (r) => `${r.configuration.time_s ?? "–"} s`,
      sort: (r) => r.configuration.time_s,
      bar: (r) => (r.configuration.time_s ?? NaN) / mostTime,
    },
    {
      name: "for time",
      title: "On the front of quality against time, or dominated by which configuration",
      text: (r) => verdict(r.configuration.time_front, r.configuration.time_dominated_by),
      mark: (r) => (r.configuration.time_front ? "on-front" : "beaten"),
    },
  ];
}

// One digit more than elsewhere: losses of neighbouring configurations differ in the fourth.
function significantly(value: number): string {
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4 ? value.toPrecision(4) : significant(value);
}

export function tradeoffSection(report: Pick<Report, "tradeoff" | "tradeoff_missing" | "questions">, state: State): Section {
  const tradeoff = report.tradeoff;
  if (!tradeoff) {
    const empty = section("tradeoff", "Trade-off", "No trade-off to show");
    empty.body.append(element("p", { class: "empty" }, report.tradeoff_missing ?? "No task has a quality value."));
    ask(empty, report.questions.filter((q) => q.section === "tradeoff"));
    return empty;
  }
  const all = ranked(tradeoff);
  const frame = section("tradeoff", "Trade-off", tradeoffTitle(tradeoff));
  const byId = new Map(all.map((r) => [r.configuration.task_id, r]));
  const plots = element("div", { class: "plots" });
  const views: ParetoView[] = [];
  const rowsHost = element("div", { class: "configurations" });
  frame.body.classList.add("tradeoff-body");
  frame.body.append(plots, rowsHost);

  const plot = (cost: "energy" | "time", unit: string): void => {
    const points = pointsOf(all, cost);
    const host = element("div", { class: "plot" });
    plots.append(host);
    const left = all.length - points.length;
    if (points.length === 0) {
      host.append(element("p", { class: "empty" }, `No configuration has both ${tradeoff.quality} and ${cost}.`));
      return;
    }
    const onFront = points.filter((p) => p.front).map((p) => p.number);
    views.push(
      pareto(host, {
        points,
        costName: cost,
        costUnit: unit,
        qualityName: tradeoff.quality,
        minimise: tradeoff.minimise,
        summary:
          `${tradeoff.quality} against ${cost} for ${points.length} configurations. On the front: ${onFront.join(", ")}.` +
          `${left > 0 ? ` ${left} without figures are not drawn.` : ""} The table beside it holds the same figures.`,
        theme: () => state.theme(),
        describe: (id) => {
          const one = byId.get(id) as Ranked;
          return { title: `Configuration ${one.number}${one.best ? ", the best" : ""}`, lines: describeConfiguration(tradeoff, all, one) };
        },
        onHover: (id) => state.hover(id),
        onSelect: (id) => state.select(id),
      }),
    );
  };
  plot("energy", "J");
  plot("time", "s");

  const rows: TableView = table(rowsHost, {
    caption: `Configurations of ${tradeoff.activity}, best ${tradeoff.quality} first`,
    columns: columnsOf(tradeoff, all),
    rows: all,
    id: (r) => r.configuration.task_id,
    onHover: (id) => state.hover(id),
    onSelect: (id) => state.select(id),
  });
  const notes: string[] = [];
  if (tradeoff.constants.length > 0) {
    notes.push(`The same in all: ${tradeoff.constants.map((c) => `${c.name} ${scalar(c.value)}`).join(" · ")}.`);
  }
  if (all.some((r) => r.configuration.energy_truth !== null && r.configuration.energy_truth !== "measured")) {
    notes.push("≈ marks energy that is estimated, not measured; see Energy.");
  }
  notes.push("● is on the front; ○ names the configuration that is at least as good for no more cost.");
  rowsHost.append(element("p", { class: "note" }, notes.join(" ")));
  ask(frame, report.questions.filter((q) => q.section === "tradeoff"));
  state.onChange(() => {
    for (const view of views) {
      view.select(state.selected);
      view.hover(state.hovered);
      view.draw();
    }
    rows.select(state.selected);
    rows.hover(state.hovered);
  });
  return frame;
}
