// Several counters over one window: asked for together, drawn as strips, or read as one table.
import type { TableAnswer } from "../api/answers.ts";
import { load, type Loaded } from "../state/loaded.svelte.ts";
import { duration, grouped } from "../views/number.ts";
import type { Column } from "../views/table.ts";
import { pick, unitText } from "./cells.ts";

export interface CounterWindow {
  readonly sensors: readonly string[];
  readonly fromNs: number; // since 1970; with toNs 0: all there is
  readonly toNs: number;
  readonly width: number;
}

// A place for each of at most `most` sensors. Call while a component is set up.
export function loadCounters(asked: () => CounterWindow, most: number): readonly Loaded<TableAnswer>[] {
  return Array.from({ length: most }, (_, i) =>
    load<TableAnswer>(() => {
      const { sensors, fromNs, toNs, width } = asked();
      const sensor = sensors[i];
      return sensor === undefined ? null : { path: "/counters", query: { sensor, ...(toNs > 0 ? { from_ns: fromNs, to_ns: toNs } : {}), width: Math.min(2000, width) } };
    }),
  );
}

export interface Reading {
  readonly sensor: string;
  readonly atNs: number; // since the begin that times count from
  readonly unit: string;
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
  readonly readings: number;
}

export function readingsOf(loaded: readonly Loaded<TableAnswer>[], begin: number): Reading[] {
  return loaded.flatMap(({ value: found }) => {
    if (!found) return [];
    const unit = found.columns.find((column) => column.name === "mean")?.unit ?? "";
    const number = (row: TableAnswer["rows"][number], name: string): number | null => {
      const value = pick(found, row, name);
      return typeof value === "number" ? value : null;
    };
    return found.rows.map((row) => ({ sensor: String(pick(found, row, "sensor")), atNs: Number(pick(found, row, "at_ns")) - begin, unit, min: number(row, "min"), mean: number(row, "mean"), max: number(row, "max"), readings: Number(pick(found, row, "readings") ?? 0) }));
  });
}

const amount = (name: "min" | "mean" | "max", title: string): Column<Reading> => ({ name: title, numeric: true, text: (one) => (one[name] === null ? "–" : unitText(one[name], one.unit || null, "measured")), full: (one) => `${one[name] ?? ""} ${one.unit}`, sort: (one) => one[name] });
export const readingColumns: readonly Column<Reading>[] = [
  { name: "sensor", text: (one) => one.sensor },
  { name: "since start", numeric: true, text: (one) => duration(one.atNs / 1e9), sort: (one) => one.atNs },
  amount("min", "least"),
  amount("mean", "mean"),
  amount("max", "most"),
  { name: "readings", numeric: true, text: (one) => grouped(one.readings), sort: (one) => one.readings },
];
