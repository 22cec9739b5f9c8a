// Models of the views from answers: what several pages draw in the same way.
import type { ActivityFigure, CounterAnswer, CurvesAnswer, TableAnswer, TimelineAnswer } from "../api/answers.ts";
import { numbers } from "../api/client.ts";
import type { Status } from "../api/report.ts";
import { activityColours, type Theme } from "../views/colour.ts";
import type { Curve } from "../views/curves.ts";
import { duration, grouped, plural, si } from "../views/number.ts";
import { amount } from "../views/ramp.ts";
import type { Spans } from "../views/spans.ts";
import type { StripModel } from "../views/strip.ts";
import type { TooltipText } from "../views/tooltip.ts";
import { statusText } from "./cells.ts";

export type Colouring = "activity" | "status" | "energy";

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

export function picture(answer: TimelineAnswer, colouring: Colouring, slots: ReadonlyMap<string, number>): SpanPicture {
  const s = answer.spans;
  const lane = numbers(s.lane);
  const rows = lane.length;
  const startNs = numbers(s.start_ns, rows);
  const durationNs = numbers(s.duration_ns, rows);
  const activity = numbers(s.activity, rows);
  const energy = numbers(s.energy_j, rows);
  const count = numbers(s.count, rows);
  const task = numbers(s.task, rows);
  const statusAt = numbers(s.status, rows);
  const status = Array.from(statusAt, (at): Status => answer.statuses[at] ?? "finished");
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
  const workflows = new Set(answer.lanes.map((one) => one.workflow_id ?? "")).size;
  return {
    slotOf,
    energy,
    activity,
    mostWatts,
    spans: {
      lanes: answer.lanes.map((one) => ({ label: one.label, group: workflows > 1 ? `${one.workflow_id ?? ""} ${one.hostname}` : one.hostname })),
      endNs: Math.max(1, answer.end_ns),
      lane,
      startNs,
      durationNs,
      slot,
      status,
      count,
      id: Array.from(task, (at) => (at >= 0 ? (answer.tasks[at] ?? null) : null)),
    },
    palette(theme) {
      if (colouring === "activity") return theme.activity;
      if (colouring === "status") return [...statusOrder.map((one) => theme.status[one]), theme.faint, theme.faint];
      return Array.from({ length: 8 }, (_, i) => amount((i + 0.5) / 8, theme.dark));
    },
    label(bar) {
      const name = answer.activities[activity[bar] as number] ?? "";
      return (count[bar] as number) > 1 ? `${name} and others, ${grouped(count[bar] as number)}` : name;
    },
    describe(bar) {
      const many = (count[bar] as number) > 1;
      const where = answer.lanes[lane[bar] as number];
      const joules = energy[bar] as number;
      return {
        title: many ? plural(count[bar] as number, "task") : (answer.activities[activity[bar] as number] ?? ""),
        lines: [
          [many ? "longest" : "activity", answer.activities[activity[bar] as number] ?? ""],
          [many ? "worst status" : "status", statusText(status[bar] ?? "")],
          ["since start", si((startNs[bar] as number) / 1e9, "s")],
          ["duration", Number.isNaN(durationNs[bar] as number) ? "still open" : duration((durationNs[bar] as number) / 1e9)],
          ...(Number.isNaN(joules) ? [] : [["energy", si(joules, "J")] as const]),
          ["where", `${where?.hostname ?? ""} ${where?.rank === null || where?.rank === undefined ? (where?.label ?? "") : `rank ${where.rank}`}`],
          ...(many ? [["", "look closer to see each"] as const] : []),
        ],
      };
    },
  };
}

export function curvesOf(answer: CurvesAnswer): Curve[] {
  const lists = answer.curves.map((one) => ({ ...one, x: numbers(one.x), mean: numbers(one.mean), low: numbers(one.low), high: numbers(one.high) }));
  const last = (of: Float64Array): number => of[of.length - 1] ?? NaN;
  // The eight that end best have a colour of their own; the rest share one.
  return lists
    .sort((a, b) => last(a.mean) - last(b.mean))
    .map((one, i) => ({ id: one.task_ids[0] ?? one.label, label: one.label, runs: one.runs, slot: Math.min(i, 7), x: one.x, mean: one.mean, low: one.low, high: one.high }));
}

export function stripOf(answer: CounterAnswer, slot: number, theme: () => Theme): StripModel {
  const mean = numbers(answer.mean);
  return {
    name: answer.sensor,
    unit: answer.unit,
    fromNs: answer.from_ns,
    toNs: answer.to_ns,
    min: numbers(answer.min, mean.length),
    max: numbers(answer.max, mean.length),
    mean,
    slot,
    summary: `${answer.sensor} over time, ${plural(answer.samples, "sample")}, in ${answer.unit || "its own unit"}.`,
    theme,
  };
}

// Cells of one column, as numbers and by name.
export function columnNumbers(answer: TableAnswer, name: string): number[] {
  const at = answer.columns.findIndex((column) => column.name === name);
  return answer.rows.map((row) => (typeof row[at] === "number" ? (row[at] as number) : NaN));
}
