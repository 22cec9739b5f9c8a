// Models of the views from answers: what several pages draw in the same way.
import type { ActivityFigure, CurvesAnswer, TableAnswer, TimelineAnswer } from "../api/answers.ts";
import { numbers } from "../api/client.ts";
import type { Status, Truth } from "../api/report.ts";
import type { Colouring } from "../state/opening.ts";
import { activityColours, type Theme } from "../views/colour.ts";
import type { Curve } from "../views/curves.ts";
import { duration, energy as energyText, grouped, plural, si } from "../views/number.ts";
import { amount } from "../views/ramp.ts";
import type { Spans } from "../views/spans.ts";
import type { StripModel } from "../views/strip.ts";
import type { TooltipText } from "../views/tooltip.ts";
import { pick, statusText } from "./cells.ts";

export interface SpanPicture {
  readonly spans: Spans;
  readonly slotOf: Uint8Array; // of an activity
  readonly energy: Float64Array;
  readonly activity: Float64Array;
  readonly mostWatts: number;
  palette(theme: Theme): readonly string[];
  label(bar: number): string;
  describe(bar: number): TooltipText;
}

const statusOrder: readonly Status[] = ["pending", "running", "finished", "failed", "cancelled", "lost"];

// An activity has one colour on a page, whichever view shows it.
export function slotsOf(activities: readonly ActivityFigure[]): ReadonlyMap<string, number> {
  const slots = activityColours(activities.map((one) => one.seconds ?? 0));
  return new Map(activities.map((one, i) => [one.activity, slots[i] ?? 7]));
}

export function whereOf(lane: TimelineAnswer["lanes"][number] | undefined): string {
  if (!lane) return "";
  return `${lane.hostname} ${lane.rank === null ? lane.label : `rank ${lane.rank}`}`;
}

export function picture(answer: TimelineAnswer, colouring: Colouring, slots: ReadonlyMap<string, number>, truth: Truth): SpanPicture {
  const s = answer.spans;
  const lane = numbers(s.lane);
  const rows = lane.length;
  const startNs = numbers(s.start_ns);
  const durationNs = numbers(s.duration_ns).map((length) => (length < 0 ? NaN : length));
  const activity = numbers(s.activity);
  const energy = numbers(s.energy_j);
  const count = numbers(s.count);
  const task = numbers(s.task);
  const statusAt = numbers(s.status);
  const status: Status[] = [];
  const id: (string | null)[] = [];
  for (let i = 0; i < rows; i++) {
    status.push(answer.statuses[statusAt[i] as number] ?? "finished");
    id.push(answer.tasks[task[i] as number] ?? null);
  }
  const slotOf = Uint8Array.from(answer.activities, (name) => slots.get(name) ?? 7);
  const watts = (i: number): number => {
    const seconds = (durationNs[i] as number) / 1e9;
    return seconds > 0 ? (energy[i] as number) / seconds : NaN;
  };
  let mostWatts = 0;
  for (let i = 0; i < rows; i++) if (watts(i) > mostWatts && (durationNs[i] as number) > 1e6) mostWatts = watts(i);
  const slot = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) {
    if (colouring === "activity") slot[i] = slotOf[activity[i] as number] ?? 7;
    else if (colouring === "status") slot[i] = Math.max(0, statusOrder.indexOf(status[i] as Status));
    else slot[i] = Number.isNaN(watts(i)) ? 0 : Math.min(7, Math.max(0, Math.floor((watts(i) / (mostWatts || 1)) * 8)));
  }
  const name = (bar: number): string => answer.activities[activity[bar] as number] ?? "";
  return {
    slotOf,
    energy,
    activity,
    mostWatts,
    spans: {
      lanes: answer.lanes.map((one) => ({ label: one.depth === 0 ? one.label : "", group: one.hostname })),
      endNs: Math.max(1, answer.end_ns - answer.begin_ns),
      lane,
      startNs,
      durationNs,
      slot,
      status,
      count,
      id,
    },
    palette(theme) {
      if (colouring === "activity") return theme.activity;
      if (colouring === "status") return [...statusOrder.map((one) => theme.status[one]), theme.faint, theme.faint];
      return Array.from({ length: 8 }, (_, i) => amount((i + 0.5) / 8, theme.dark));
    },
    label: (bar) => ((count[bar] as number) > 1 ? `${name(bar)} and others, ${grouped(count[bar] as number)}` : name(bar)),
    describe(bar) {
      const many = (count[bar] as number) > 1;
      const joules = energy[bar] as number;
      return {
        title: many ? plural(count[bar] as number, "task") : name(bar),
        lines: [
          [many ? "longest" : "activity", name(bar)],
          [many ? "worst status" : "status", statusText(status[bar] ?? "")],
          ["since start", si((startNs[bar] as number) / 1e9, "s")],
          ["duration", Number.isNaN(durationNs[bar] as number) ? "still open" : duration((durationNs[bar] as number) / 1e9)],
          ...(Number.isNaN(joules) ? [] : [["energy", energyText(joules, truth)] as const]),
          ["where", whereOf(answer.lanes[lane[bar] as number])],
          ...(many ? [["", "look closer to see each"] as const] : []),
        ],
      };
    },
  };
}

// "width=32 lr=0.1" and "width=64 lr=0.1": only what tells them apart. Where that is still long and all
// have the same names, the names stand once: "width · lr" above "32 · 0.1".
export function distinct(labels: readonly string[]): { names: string; labels: string[] } {
  const parts = labels.map((label) => label.split(" "));
  const common = new Set((parts[0] ?? []).filter((part) => parts.every((own) => own.includes(part))));
  const own = parts.map((all) => all.filter((part) => !common.has(part)));
  const namesOf = (all: readonly string[]): string => all.map((part) => part.split("=")[0]).join(" · ");
  const names = namesOf(own[0] ?? []);
  const long = own.some((all) => all.join(" ").length > 22);
  if (long && names !== "" && own.every((all) => namesOf(all) === names && all.every((part) => part.includes("=")))) {
    return { names, labels: own.map((all) => all.map((part) => part.slice(part.indexOf("=") + 1)).join(" · ")) };
  }
  return { names: "", labels: own.map((all, i) => all.join(" ") || (labels[i] ?? "")) };
}

// One curve for each group of repeats; the eight that end best have a colour of their own.
export function curvesOf(answer: CurvesAnswer, minimise: boolean): (Curve & { tasks: string[] })[] {
  const last = (of: ArrayLike<number>): number => of[of.length - 1] ?? NaN;
  const { labels } = distinct(answer.groups.map((one) => one.label));
  return answer.groups
    .map((one, group) => {
      const tasks = answer.runs.filter((run) => run.group === group).map((run) => run.task_id ?? run.workflow_id);
      return { id: tasks[0] ?? one.label, label: labels[group] ?? one.label, runs: one.runs, tasks, x: numbers(one.step), mean: numbers(one.mean), low: numbers(one.low), high: numbers(one.high) };
    })
    .sort((a, b) => (last(a.mean) - last(b.mean)) * (minimise ? 1 : -1))
    .map((one, i) => ({ ...one, slot: Math.min(i, 7) }));
}

// Names with these in them are better when small; the same as the server takes by itself.
export function smallIsBetter(quality: string): boolean {
  return /loss|error|perplexity|mse|mae|rmse|nll|latency/i.test(quality);
}

const signOfLifeNs = 2.5e9;

// Pixels of a window from rows that name their time.
export function stripOf(answer: TableAnswer, fromNs: number, toNs: number, width: number, slot: number, theme: () => Theme): StripModel {
  const at = columnNumbers(answer, "at_ns");
  const [low, high, middle] = [columnNumbers(answer, "min"), columnNumbers(answer, "max"), columnNumbers(answer, "mean")];
  const [from, to] = toNs > fromNs ? [fromNs, toNs] : [Math.min(...at), Math.max(...at) + 1];
  const bins = Math.max(1, Math.min(width, toNs > fromNs ? width : at.length));
  const [min, max, mean] = [new Float64Array(bins).fill(NaN), new Float64Array(bins).fill(NaN), new Float64Array(bins).fill(NaN)];
  at.forEach((ns, i) => {
    const bin = Math.min(bins - 1, Math.max(0, Math.round(((ns - from) / (to - from)) * bins)));
    min[bin] = Math.min(min[bin] || Infinity, low[i] as number);
    max[bin] = Math.max(Number.isNaN(max[bin]) ? -Infinity : (max[bin] as number), high[i] as number);
    mean[bin] = middle[i] as number;
  });
  // Samples further apart than pixels are joined: what does not change is recorded once a second, so
  // only more than that is a gap.
  const filled = Array.from(mean, (value, i) => (Number.isNaN(value) ? -1 : i)).filter((i) => i >= 0);
  const steps = filled.slice(1).map((bin, i) => bin - (filled[i] as number)).sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? 1;
  const perBinNs = (to - from) / bins;
  for (let i = 1; i < filled.length; i++) {
    const [a, b] = [filled[i - 1] as number, filled[i] as number];
    if (b - a < 2 || b - a > Math.max(usual * 3 + 1, signOfLifeNs / perBinNs)) continue;
    for (let bin = a + 1; bin < b; bin++) {
      const share = (bin - a) / (b - a);
      for (const list of [min, max, mean]) list[bin] = (list[a] as number) + ((list[b] as number) - (list[a] as number)) * share;
    }
  }
  const first = answer.rows[0];
  const name = String(pick(answer, first, "sensor") ?? "sensor");
  const unit = answer.columns.find((column) => column.name === "mean")?.unit ?? "";
  return { name, unit, fromNs: from - fromNs, toNs: to - fromNs, min, max, mean, slot, summary: `${name} over time, ${plural(at.length, "point")}${unit ? `, in ${unit}` : ""}.`, theme };
}

// Sensors that were read in this time (ms since 1970) on these hosts: power first, then what keeps it
// busy. A process's own sensor counts where the process does.
export function sensorsNear(answer: TableAnswer, fromMs: number, toMs: number, hosts: ReadonlySet<string> | null, pids: ReadonlySet<number | null> | null): TableAnswer["rows"] {
  const rank = (row: TableAnswer["rows"][number]): number => {
    const quantity = String(pick(answer, row, "quantity"));
    const kind = [/power/, /energy/, /util/, /memory/].findIndex((one) => one.test(quantity));
    return (kind < 0 ? 4 : kind) + (pick(answer, row, "source") === "estimate" ? 0.5 : 0);
  };
  return answer.rows
    .filter((row) => {
      const [first, last] = [Date.parse(String(pick(answer, row, "first_at"))), Date.parse(String(pick(answer, row, "last_at")))];
      if (first > toMs || last < fromMs) return false;
      if (hosts && !hosts.has(String(pick(answer, row, "hostname")))) return false;
      return !pids || pick(answer, row, "domain") !== "process" || pids.has(pick(answer, row, "pid") as number | null);
    })
    .sort((a, b) => rank(a) - rank(b));
}

// Cells of one column, as numbers and by name.
export function columnNumbers(answer: TableAnswer, name: string): number[] {
  const at = answer.columns.findIndex((column) => column.name === name);
  return answer.rows.map((row) => (typeof row[at] === "number" ? (row[at] as number) : NaN));
}
