// Layers of a model by epoch and phase as a heat strip.
import type { LayersAnswer } from "../api/answers.ts";
import { numbers } from "../api/client.ts";
import type { Theme } from "../views/colour.ts";
import { heat, largest, type HeatView } from "../views/heat.ts";
import { duration, energy, grouped, percent, si } from "../views/number.ts";
import type { Column } from "../views/table.ts";
import type { Picture } from "./picture.ts";

export type LayerQuantity = "energy" | "time" | "memory";
export const layerQuantities: readonly LayerQuantity[] = ["energy", "time", "memory"];

export interface LayerRow {
  readonly path: string;
  readonly type: string;
  readonly parameters: number | null;
  readonly sum: number; // of memory the most
}

export interface LayersPicture extends Picture<LayerRow, HeatView> {
  readonly total: number;
  say(value: number): string;
}

export function layersPicture(answer: LayersAnswer, quantity: LayerQuantity, theme: () => Theme, onSelect: (path: string | null) => void): LayersPicture {
  const [epochs, phases, truth] = [answer.epochs ?? [0], answer.phases ?? ["all"], answer.truth ?? "estimated"];
  const unit = quantity === "energy" ? "J" : quantity === "time" ? "s" : "B";
  const columns = epochs.length * phases.length;
  const all = numbers((quantity === "energy" ? answer.energy_j : quantity === "time" ? answer.time_s : answer.memory_bytes) ?? []);
  // The first phase of all epochs, then the next: a phase reads as one strip.
  const values = answer.layers.map((_, l) =>
    Float64Array.from({ length: columns }, (_, c) => all[l * columns + (c % epochs.length) * phases.length + Math.floor(c / epochs.length)] ?? NaN),
  );
  const sum = (list: Float64Array): number => list.reduce((a, b) => (Number.isNaN(b) ? a : quantity === "memory" ? Math.max(a, b) : a + b), 0);
  const rows = answer.layers.map((one, i) => ({ ...one, sum: sum(values[i] ?? new Float64Array()) }));
  const total = rows.reduce((a, b) => a + b.sum, 0);
  const most = Math.max(0, ...rows.map((one) => one.sum));
  const say = (value: number): string => (Number.isNaN(value) ? "not captured" : quantity === "energy" ? energy(value, truth) : quantity === "time" ? duration(value) : si(value, unit));
  const share: Column<LayerRow> = { name: "share", numeric: true, text: (one) => percent(one.sum / (total || 1)), sort: (one) => one.sum };
  return {
    rows,
    total,
    say,
    id: (row) => row.path,
    columns: [
      { name: "layer", text: (one) => one.path, mono: true },
      { name: "type", text: (one) => one.type, grow: true },
      { name: "parameters", numeric: true, text: (one) => (one.parameters === null ? "–" : grouped(one.parameters)), sort: (one) => one.parameters },
      { name: quantity === "memory" ? "most memory" : quantity, numeric: true, text: (one) => say(one.sum), sort: (one) => one.sum, bar: (one) => one.sum / (most || 1) },
      ...(quantity === "memory" ? [] : [share]),
    ],
    make: (host) =>
      heat(host, {
        rows: answer.layers.map((one) => one.path),
        columns,
        values,
        unit,
        quantity,
        most: largest(values),
        groups: phases.map((phase) => ({ label: phase, columns: epochs.length })),
        ticks: phases.flatMap((_, p) => epochs.map((epoch, i) => ({ column: p * epochs.length + i + 0.5, label: i === 0 ? `epoch ${epoch}` : String(epoch) }))),
        summary: `${quantity} of ${answer.layers.length} layers in ${epochs.length} epochs and ${phases.join(" and ")}. Arrows walk from cell to cell.`,
        theme,
        describe: (row, column) => ({
          title: answer.layers[row]?.path ?? "",
          lines: [["type", answer.layers[row]?.type ?? ""], ["phase", phases[Math.floor(column / epochs.length)] ?? ""], ["epoch", String(epochs[column % epochs.length] ?? "")], [quantity, say(values[row]?.[column] ?? NaN)]],
        }),
        onSelect: (row) => onSelect(answer.layers[row]?.path ?? null),
      }),
  };
}
