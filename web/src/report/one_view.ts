// One view as a page of its own, as a notebook shows it below a cell: the same views as the report's,
// with their tables.
import type { GraphAnswer, TimelineAnswer } from "../api/answers.ts";
import type { Tradeoff, Truth } from "../api/report.ts";
import { graphColumns, graphModel, graphNote, graphRows } from "../pictures/graph.ts";
import { activityColours } from "../views/colour.ts";
import { element } from "../views/element.ts";
import { front } from "../views/front.ts";
import { graph, type GraphView } from "../views/graph.ts";
import { duration, energy, grouped, plural } from "../views/number.ts";
import { spans, type SpansView } from "../views/spans.ts";
import { statusWord } from "../views/timeline.ts";
import { picture } from "../widgets/charts.ts";
import { charted, type Charted } from "./charted.ts";
import { section } from "./section.ts";
import { State } from "./state.ts";
import { tradeoffSection } from "./tradeoff_section.ts";

interface Subject {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
}
interface TradeoffRows {
  readonly quality: string;
  readonly minimise: boolean;
  readonly activity: string;
  readonly rows: readonly { task_id: string; config: string; quality: number | null; time_s: number | null; energy_j: number | null; energy_u95_j: number | null; energy_truth: Truth | null }[];
}
// As src/report/single_view.h and python/headrace/views.py write it.
export type SingleView = { readonly format: "headrace.view"; readonly version: 1; readonly of: Subject; readonly truth: Truth | null } & (
  | { readonly view: "timeline"; readonly answer: TimelineAnswer & { readonly width: number } }
  | { readonly view: "graph"; readonly answer: GraphAnswer & { readonly level: string } }
  | { readonly view: "tradeoff"; readonly answer: TradeoffRows }
);

// Who is on the front, and for whom is not, one that is at least as good for no more.
export function tradeoffOf(answer: TradeoffRows): Tradeoff {
  const better = (a: number, b: number): boolean => (answer.minimise ? a <= b : a >= b);
  const fronts = (cost: "energy_j" | "time_s"): { on: ReadonlySet<number>; by(i: number): string | null } => {
    const points = answer.rows.map((row) => ({ cost: row[cost] ?? NaN, quality: row.quality ?? NaN }));
    const order = front(points, answer.minimise);
    return {
      on: new Set(order),
      by(i) {
        const own = points[i];
        if (!own || Number.isNaN(own.cost) || Number.isNaN(own.quality) || order.includes(i)) return null;
        const found = order.find((j) => (points[j]?.cost ?? Infinity) <= own.cost && better(points[j]?.quality ?? NaN, own.quality));
        return found === undefined ? null : (answer.rows[found]?.task_id ?? null);
      },
    };
  };
  const [joules, seconds] = [fronts("energy_j"), fronts("time_s")];
  const known = answer.rows.filter((row) => row.quality !== null);
  const best = known.reduce<(typeof known)[number] | null>((a, b) => (a === null || !better(a.quality ?? NaN, b.quality ?? NaN) ? b : a), null);
  return {
    quality: answer.quality,
    minimise: answer.minimise,
    activity: answer.activity,
    factors: ["configuration"],
    constants: [],
    configurations: answer.rows.map((row, i) => ({
      task_id: row.task_id,
      factors: [row.config],
      quality: row.quality,
      time_s: row.time_s,
      time_front: seconds.on.has(i),
      time_dominated_by: seconds.by(i),
      energy_j: row.energy_j,
      energy_u95_j: row.energy_u95_j,
      energy_truth: row.energy_truth,
      energy_front: joules.on.has(i),
      energy_dominated_by: joules.by(i),
    })),
    best: best?.task_id ?? null,
  };
}

function timelineView(view: SingleView & { view: "timeline" }, state: State): Charted {
  const { answer } = view;
  const frame = section("timeline", `Timeline of ${view.of.kind} ${view.of.name}`, `${plural(answer.shown, "task")} over ${duration((answer.to_ns - answer.from_ns) / 1e9)}`);
  const seconds = new Float64Array(answer.activities.length);
  answer.spans.activity.forEach((activity, i) => {
    const at = activity ?? 0;
    seconds[at] = (seconds[at] ?? 0) + Math.max(0, answer.spans.duration_ns[i] ?? 0);
  });
  const slotAt = activityColours([...seconds]);
  const slots = new Map(answer.activities.map((name, i) => [name, slotAt[i] ?? 7]));
  const truth = view.truth ?? "estimated";
  const drawing = picture(answer, "activity", slots, truth);
  const bars = Array.from({ length: drawing.spans.startNs.length }, (_, i) => i);
  const offset = answer.from_ns - answer.begin_ns;
  const status = (bar: number): string => statusWord(drawing.spans.status[bar] ?? "finished");
  const many = drawing.spans.count;
  const merged = bars.some((bar) => (many[bar] as number) > 1);
  const hidden = answer.lanes_total - answer.lanes.length;
  const note = [
    merged ? `Reduced to ${grouped(answer.width)} pixels: tasks narrower than one are drawn together, failed ones apart. timeline(between=(a, b)) looks closer.` : "Every task is a bar of its own.",
    hidden > 0 ? `${plural(hidden, "thread")} more ${hidden === 1 ? "is" : "are"} not drawn; lanes= takes more.` : "",
  ].filter(Boolean).join(" ");
  const made = charted(
    frame,
    "Timeline",
    [
      {
        name: "timeline",
        words: view.of.name,
        note,
        picture: {
          rows: bars,
          id: (bar) => String(bar),
          columns: [
            { name: "tasks", text: (bar) => drawing.label(bar) },
            { name: "status", text: status, mark: (bar) => `status-${drawing.spans.status[bar] ?? ""}` },
            { name: "start", numeric: true, text: (bar) => `+${duration((drawing.spans.startNs[bar] as number) / 1e9)}`, sort: (bar) => drawing.spans.startNs[bar] ?? null },
            { name: "duration", numeric: true, text: (bar) => duration((drawing.spans.durationNs[bar] as number) / 1e9), sort: (bar) => drawing.spans.durationNs[bar] ?? null },
            { name: "energy", numeric: true, text: (bar) => energy(drawing.energy[bar] ?? null, truth), sort: (bar) => drawing.energy[bar] ?? null },
            { name: "count", numeric: true, grow: true, text: (bar) => grouped(many[bar] as number), sort: (bar) => many[bar] ?? null },
          ],
          make(host): SpansView {
            const drawn = spans(host, {
              spans: drawing.spans,
              summary: `${plural(answer.shown, "task")} in ${plural(answer.lanes.length, "lane")} over time. Arrows move between tasks, W and S zoom, A and D pan, T shows the table.`,
              theme: () => state.theme(),
              palette: (theme) => drawing.palette(theme),
              label: (bar) => drawing.label(bar),
              describe: (bar) => drawing.describe(bar),
              onSelect: (id) => state.select(id),
              onOpen: () => undefined,
              onWindow: () => undefined,
            });
            if (offset > 0 || answer.to_ns < answer.end_ns) drawn.setWindow(offset, answer.to_ns - answer.begin_ns);
            return drawn;
          },
        },
      },
    ],
    state,
    (drawn) => drawn.select(state.selected),
  );
  const legend = element("ul", { class: "legend", "aria-label": "Colours of the activities" });
  const order = answer.activities.map((_, i) => i).sort((a, b) => (seconds[b] ?? 0) - (seconds[a] ?? 0)).slice(0, 8);
  for (const i of order) {
    const swatch = element("span", { class: "swatch" });
    const paint = (): void => void (swatch.style.background = state.theme().activity[slotAt[i] ?? 7] ?? "");
    paint();
    state.onChange(paint);
    legend.append(element("li", {}, swatch, element("span", {}, answer.activities[i] ?? "")));
  }
  made.body.prepend(legend);
  return made;
}

function graphView(view: SingleView & { view: "graph" }, state: State): Charted {
  const { answer } = view;
  const truth = view.truth ?? "estimated";
  const seconds = new Float64Array(answer.activities.length);
  answer.nodes.activity.forEach((activity, i) => {
    const at = activity ?? 0;
    seconds[at] = (seconds[at] ?? 0) + (answer.nodes.duration_s[i] ?? 0);
  });
  const slotAt = activityColours([...seconds]);
  const slots = new Map(answer.activities.map((name, i) => [name, slotAt[i] ?? 7]));
  const frame = section("graph", `Workflow ${view.of.name} by ${answer.level}`, `${plural(answer.nodes.id.length, "box", "boxes")} of ${plural(answer.tasks, "task")}`);
  return charted<number, GraphView>(
    frame,
    "Graph",
    [
      {
        name: "graph",
        words: view.of.name,
        note: graphNote(answer),
        picture: {
          rows: graphRows(answer),
          columns: graphColumns(answer, truth),
          id: (i) => answer.nodes.id[i] ?? "",
          make(host) {
            const drawn = graph(host, graphModel(answer, truth, { theme: () => state.theme(), slotOf: (name) => slots.get(name) ?? 7, onSelect: (id) => drawn.select(id), onOpen: () => undefined }));
            return drawn;
          },
        },
      },
    ],
    state,
  );
}

export function oneView(host: HTMLElement, view: SingleView): void {
  const state = new State();
  const main = element("main", { id: "main", class: "one-view" });
  host.replaceChildren(main);
  document.title = `${view.of.name} · Headrace`;
  if (view.view === "tradeoff") {
    main.append(tradeoffSection({ tradeoff: tradeoffOf(view.answer), tradeoff_missing: null, questions: [] }, state).node);
    state.tell();
    return;
  }
  const made = view.view === "timeline" ? timelineView(view, state) : graphView(view, state);
  main.append(made.node);
  made.show();
  state.tell();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "t") made.toggle();
    else if (event.key === "Escape") state.select(null);
  });
}
