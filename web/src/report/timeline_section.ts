// The tasks over time with their inspector, and the same tasks as a table.
import type { Report } from "../api/report.ts";
import type { Tasks } from "../api/tasks.ts";
import { button, element } from "../views/element.ts";
import { duration, energy, grouped, plural } from "../views/number.ts";
import { table, type Column } from "../views/table.ts";
import { statusWord, timeline, type TimelineView } from "../views/timeline.ts";
import { taskDetails, taskLines, valueLines, type Line } from "./details.ts";
import { ranked } from "./configurations.ts";
import { ask, section, twin, type Section } from "./section.ts";
import type { State } from "./state.ts";
import { timelineTitle } from "./summary.ts";

export interface TimelineSection extends Section {
  readonly view: TimelineView;
  toggle(): void;
}

// A bar's words: its activity and the values that tell it from its neighbours.
export function barLabels(report: Report, tasks: Tasks): (row: number) => string {
  const factors = new Set(report.tradeoff?.factors ?? []);
  const fixed = new Map<number, string>();
  const numbers = new Map((report.tradeoff ? ranked(report.tradeoff) : []).map((r) => [tasks.row(r.configuration.task_id), r.number]));
  for (const [row, values] of tasks.values) {
    const lines = valueLines(values.used, 40);
    const own = lines.filter(([name]) => factors.has(name));
    const shown = own.length > 0 ? own : lines.filter(([name]) => /^(epoch|step|index|width|name)$/.test(name)).slice(0, 1);
    if (shown.length > 0) fixed.set(row, ` ${shown.map(([name, value]) => `${name} ${value}`).join(" · ")}`);
  }
  return (row) => {
    const number = numbers.get(row);
    const activity = tasks.activityOf(row);
    const own = fixed.get(row) ?? "";
    // "epoch 0", not "epoch epoch 0".
    const words = own.startsWith(` ${activity} `) ? own.slice(1) : `${activity}${own}`;
    return number ? `${number}  ${words}` : words;
  };
}

function taskColumns(report: Report, tasks: Tasks): Column<number>[] {
  const lines = (text: string | undefined): string => valueLines(text, 6).map(([name, value]) => (name ? `${name} ${value}` : value)).join(" · ");
  const workflow = (row: number): string => report.workflows[tasks.places[tasks.place[row] as number]?.workflow ?? -1]?.name ?? "";
  const columns: Column<number>[] = [
    { name: "activity", text: (row) => tasks.activityOf(row) },
    { name: "status", text: (row) => statusWord(tasks.statusOf(row)), mark: (row) => `status-${tasks.statusOf(row)}` },
    { name: "workflow", text: workflow },
    { name: "start", numeric: true, text: (row) => `+${duration((tasks.startNs[row] as number) / 1e9)}`, sort: (row) => tasks.startNs[row] ?? null },
    { name: "duration", numeric: true, text: (row) => duration((tasks.durationNs[row] as number) / 1e9), sort: (row) => tasks.durationNs[row] ?? null },
  ];
  if (tasks.energyJ) {
    const joules = tasks.energyJ;
    columns.push({
      name: "energy",
      numeric: true,
      text: (row) => energy(joules[row] ?? null, report.of.energy?.truth ?? "estimated"),
      sort: (row) => joules[row] ?? null,
    });
  }
  columns.push(
    { name: "used", text: (row) => lines(tasks.values.get(row)?.used) },
    { name: "generated", grow: true, text: (row) => lines(tasks.values.get(row)?.generated) },
    { name: "thread", text: (row) => tasks.places[tasks.place[row] as number]?.thread ?? "" },
  );
  return columns;
}

function legend(tasks: Tasks, colourSlot: Uint8Array, state: State): HTMLElement {
  const counts = new Float64Array(tasks.activities.length);
  const seconds = new Float64Array(tasks.activities.length);
  for (let row = 0; row < tasks.rows; row++) {
    const activity = tasks.activity[row] as number;
    counts[activity] = (counts[activity] ?? 0) + 1;
    const length = tasks.durationNs[row] as number;
    if (!Number.isNaN(length)) seconds[activity] = (seconds[activity] ?? 0) + length / 1e9;
  }
  const node = element("ul", { class: "legend", "aria-label": "Colours of the activities" });
  const swatches: [HTMLElement, number][] = [];
  const order = tasks.activities.map((_, i) => i).sort((a, b) => (seconds[b] ?? 0) - (seconds[a] ?? 0));
  const own = order.filter((i) => colourSlot[i] !== 7 || tasks.activities.length <= 8);
  const rest = order.filter((i) => !own.includes(i));
  const add = (name: string, slot: number, count: number, time: number): void => {
    const swatch = element("span", { class: "swatch" });
    swatches.push([swatch, slot]);
    node.append(element("li", {}, swatch, element("span", {}, name), element("span", { class: "secondary" }, `${grouped(count)} · ${duration(time)}`)));
  };
  for (const i of own) add(tasks.activities[i] as string, colourSlot[i] as number, counts[i] ?? 0, seconds[i] ?? 0);
  if (rest.length > 0) {
    const sum = (of: Float64Array): number => rest.reduce((s, i) => s + (of[i] ?? 0), 0);
    add(`${rest.length} others`, 7, sum(counts), sum(seconds));
  }
  if (tasks.status.some((_, row) => tasks.statusOf(row) === "failed")) {
    node.append(element("li", {}, element("span", { class: "swatch hatched" }), "failed"));
  }
  const paint = (): void => swatches.forEach(([swatch, slot]) => (swatch.style.background = state.theme().activity[slot] ?? ""));
  paint();
  state.onChange(paint);
  return node;
}

export function timelineSection(report: Report, tasks: Tasks, colourSlot: Uint8Array, state: State): TimelineSection {
  const frame = section("timeline", "Timeline", timelineTitle(report));
  const lastEnd = tasks.startNs.reduce((last, start, row) => Math.max(last, start + (tasks.durationNs[row] || 0)), 0);
  const endNs = Math.max(lastEnd, (report.of.duration_s ?? 0) * 1e9);
  const label = barLabels(report, tasks);
  const chart = element("div", { class: "timeline" });
  const side = element("aside", { class: "inspector", "aria-live": "polite", "aria-label": "Chosen task" });
  const pane = element("div", { class: "timeline-host" });
  const left = element("div", { class: "timeline-left" }, legend(tasks, colourSlot, state), pane);
  chart.append(left, side);
  frame.body.append(chart);
  const failed = tasks.status.reduce((count, _, row) => count + Number(tasks.statusOf(row) === "failed"), 0);
  const view = timeline(pane, {
    tasks,
    workflows: report.workflows,
    colourSlot,
    endNs,
    summary:
      `${plural(tasks.rows, "task")} of ${plural(tasks.activities.length, "activity", "activities")} over ${duration(endNs / 1e9)}, ${grouped(failed)} failed. ` +
      "Arrows move between tasks, W and S zoom, A and D pan, F fits, T shows the table.",
    theme: () => state.theme(),
    label,
    describe(row) {
      const values = tasks.values.get(row);
      const some = (text: string | undefined, sign: string): Line[] => valueLines(text, 5).map(([name, value]) => [`${sign} ${name}`, value]);
      return {
        title: tasks.activityOf(row),
        colour: state.theme().activity[colourSlot[tasks.activity[row] as number] ?? 7] ?? "",
        lines: [...taskLines(report, tasks, row), ...some(values?.used, "→"), ...some(values?.generated, "←")],
      };
    },
    onSelect: (row) => state.select(row < 0 ? null : tasks.id(row)),
    onWindow: (from, to) => state.put("window", from <= 0 && to >= endNs ? "" : `${Math.round(from)}..${Math.round(to)}`),
  });
  const [from, to] = state.get("window").split("..").map(Number);
  // Who opens a link sees its window, wherever the chosen task lies.
  let linked = from !== undefined && to !== undefined && to > from;
  if (linked) view.setWindow(from as number, to as number);
  frame.tools.append(
    button("−", "Zoom out (s)", () => view.zoom(1.6)),
    button("+", "Zoom in (w)", () => view.zoom(1 / 1.6)),
    button("Fit", "Show all of it (f)", () => view.fit()),
  );
  const { toggle } = twin(frame, chart, (host) => {
    const rows = table(host, {
      caption: "Tasks",
      columns: taskColumns(report, tasks),
      rows: Array.from({ length: tasks.rows }, (_, row) => row),
      sortBy: { column: 3, descending: false },
      id: (row) => tasks.id(row),
      onSelect: (id) => state.select(id),
    });
    state.onChange(() => rows.select(state.selected));
  });
  if (tasks.total > tasks.rows) {
    frame.body.append(
      element("p", { class: "note" }, `Showing ${grouped(tasks.rows)} of ${grouped(tasks.total)} tasks: failed ones and the longest first. The rest: headrace ls tasks.`),
    );
  }
  ask(frame, report.questions.filter((q) => q.section === "timeline"));

  let inspected = -2;
  const show = (): void => {
    const row = state.selected ? tasks.row(state.selected) : -1;
    view.select(row);
    view.draw();
    if (row === inspected) return;
    inspected = row;
    if (row >= 0) {
      if (!linked) view.reveal(row);
      side.replaceChildren(taskDetails(report, tasks, row));
    } else {
      side.replaceChildren(
        element("p", { class: "hint" }, "Choose a bar to see its values."),
        element("dl", { class: "keys" },
          ...([["W S", "zoom"], ["A D", "pan"], ["F", "fit"], ["← →", "next task"], ["↑ ↓", "parent, child"], ["Enter", "zoom to task"], ["T", "table"], ["Esc", "clear"]] as const).flatMap(([key, what]) => [
            element("dt", {}, element("kbd", {}, key)),
            element("dd", {}, what),
          ])),
      );
    }
  };
  state.onChange(show);
  show();
  linked = false;
  return { ...frame, view, toggle };
}
