// The shape of the work: the graph of activities, metric curves, ranks over time.
import { unpack } from "../api/columns.ts";
import type { Report } from "../api/report.ts";
import { curvePicture } from "../pictures/curves.ts";
import { graphColumns, graphModel, graphNote, graphRows } from "../pictures/graph.ts";
import { ranksPicture } from "../pictures/ranks.ts";
import type { CurvesView } from "../views/curves.ts";
import { element } from "../views/element.ts";
import { graph, type GraphView } from "../views/graph.ts";
import { grouped, percent, plural } from "../views/number.ts";
import { charted, type Charted, type Choice } from "./charted.ts";
import { section } from "./section.ts";
import type { State } from "./state.ts";

function several<T>(list: readonly T[]): readonly [T, ...T[]] | null {
  return list.length > 0 ? (list as readonly [T, ...T[]]) : null;
}

function nothing(id: string, kicker: string, title: string, why: string): Charted {
  const frame = section(id, kicker, title);
  frame.body.append(element("p", { class: "empty" }, why));
  return { ...frame, show: () => undefined, toggle: () => undefined };
}

function left(count: number, what: string): string {
  return count > 0 ? ` Not in this file: ${plural(count, what)} more.` : "";
}

export function graphSection(report: Report, slotOf: (activity: string) => number, state: State): Charted {
  const { graphs, graphs_left } = report.views;
  const truth = report.of.energy?.truth ?? "estimated";
  let marked: string | null = null;
  const views = new Set<GraphView>();
  const choices = several(
    graphs.map((one): Choice<number, GraphView> => ({
      name: one.workflow_id,
      words: one.workflow,
      note: `${graphNote(one)}${left(graphs_left, "workflow")}`,
      picture: {
        rows: graphRows(one),
        columns: graphColumns(one, truth),
        id: (i) => one.nodes.id[i] ?? "",
        make: (host) => {
          const view = graph(host, graphModel(one, truth, {
            theme: () => state.theme(),
            slotOf,
            onSelect(id) {
              marked = id;
              view.select(marked);
            },
            onOpen: () => undefined,
          }));
          views.clear();
          views.add(view);
          return view;
        },
      },
    })),
  );
  if (!choices) return nothing("graph", "Activities", "No task ran", "A graph of activities comes from tasks.");
  const first = graphs[0];
  const title = first ? `${plural(first.nodes.id.length, "activity", "activities")} in ${graphs.length === 1 ? first.workflow : `the workflow ${first.workflow}`}` : "";
  const frame = section("graph", "Activities", title);
  const zoom = (factor: number): void => views.forEach((view) => view.zoom(factor));
  const press = (label: string, words: string, act: () => void): void => {
    const node = element("button", { type: "button", title: words, "aria-label": words }, label);
    node.addEventListener("click", act);
    frame.tools.append(node);
  };
  press("−", "Zoom out", () => zoom(1 / 1.3));
  press("+", "Zoom in", () => zoom(1.3));
  press("Fit", "Show all of it", () => views.forEach((view) => view.fit()));
  return charted(frame, "Workflow", choices, state);
}

export function curvesSection(report: Report, state: State): Charted {
  const { curves, curves_missing, metrics_left } = report.views;
  const choices = several(
    curves.map((one) => {
      const picture = curvePicture(one, () => state.theme(), (id) => state.select(id));
      const band = one.groups.some((group) => group.runs > 1);
      return {
        name: one.metric,
        words: one.metric,
        note: `${band ? "Line: the mean of runs that differ only in what tells repeats apart, as a seed. Band: one standard deviation." : "No configuration was repeated, so there is no band."}${left(metrics_left, "metric")}`,
        picture,
      };
    }),
  );
  const first = curves[0];
  if (!choices || !first) return nothing("curves", "Curves", "No metric was logged", curves_missing ?? "Nothing was logged; hr.log(loss=...) inside a task does.");
  const frame = section("curves", "Curves", `${first.metric} of ${plural(first.groups.length, "configuration")}`);
  return charted(frame, "Metric", choices, state, (view: CurvesView) => {
    view.select(state.selected);
  });
}

export function ranksSection(report: Report, state: State): Charted {
  const { ranks, ranks_left } = report.views;
  const choices = several(
    ranks.map((one) => ({
      name: one.quantity,
      words: one.quantity,
      note: `One scale from zero; hatched: not captured. Time runs in ${grouped(one.bins)} stretches.${left(ranks_left, "rank")}`,
      picture: ranksPicture(one, unpack(one.values, one.ranks.length * one.bins), () => state.theme()),
    })),
  );
  if (!choices) return nothing("ranks", "Ranks over time", "No task ran", "Ranks over time come from tasks.");
  const rows = choices[0].picture.rows;
  const known = rows.filter((row) => !Number.isNaN(row.mean));
  const mean = known.reduce((sum, row) => sum + row.mean, 0) / (known.length || 1);
  const has = (ranks[0]?.ranks ?? []).some((one) => one.rank !== null);
  const who = has ? plural(rows.length, "rank") : plural(rows.length, "process", "processes");
  return charted(section("ranks", "Ranks over time", `${who} busy ${percent(mean)} of the time`), "Quantity", choices, state);
}
