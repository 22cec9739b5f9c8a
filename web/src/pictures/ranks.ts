// Ranks by time as a heat map.
import type { RanksAnswer } from "../api/answers.ts";
import type { Theme } from "../views/colour.ts";
import { heat, type HeatView } from "../views/heat.ts";
import { duration, percent, plural, significant, si } from "../views/number.ts";
import { timeLabel, timeTicks } from "../views/scale.ts";
import type { Picture } from "./picture.ts";

export interface RankRow {
  readonly name: string;
  readonly mean: number;
  readonly most: number;
}

// `values` by rank, one after the other; NaN: not captured.
export function ranksPicture(answer: Omit<RanksAnswer, "values">, values: Float64Array, theme: () => Theme): Picture<RankRow, HeatView> {
  const columns = answer.bins;
  const byRank = answer.ranks.map((_, i) => values.subarray(i * columns, (i + 1) * columns));
  const slice = (answer.to_ns - answer.from_ns) / 1e9 / columns;
  const names = answer.ranks.map((one) => one.label);
  const unit = answer.unit ?? "";
  const say = (value: number): string => (Number.isNaN(value) ? "not captured" : unit ? si(value, unit) : answer.quantity === "busy" ? percent(value) : significant(value));
  const { step, at } = timeTicks(0, columns * slice, 8);
  const rows = names.map((name, i) => {
    let [sum, count, most] = [0, 0, 0];
    for (const value of byRank[i] ?? []) if (!Number.isNaN(value)) [sum, count, most] = [sum + value, count + 1, Math.max(most, value)];
    return { name, mean: count > 0 ? sum / count : NaN, most };
  });
  return {
    rows,
    id: (row) => row.name,
    columns: [
      { name: "rank", text: (one) => one.name },
      { name: `mean ${answer.quantity}`, numeric: true, text: (one) => say(one.mean), sort: (one) => one.mean },
      { name: `most ${answer.quantity}`, numeric: true, grow: true, text: (one) => say(one.most), sort: (one) => one.most },
    ],
    make: (host) =>
      heat(host, {
        rows: names,
        columns,
        values: byRank,
        unit,
        quantity: answer.quantity,
        groups: [{ label: "since start", columns }],
        ticks: at.map((seconds) => ({ column: seconds / slice, label: timeLabel(seconds, step) })),
        summary: `${answer.quantity} of ${plural(answer.ranks.length, "rank")} over time. Arrows walk from cell to cell, T shows the table.`,
        theme,
        describe: (row, column) => ({ title: names[row] ?? "", lines: [["since start", duration(column * slice)], [answer.quantity, say(byRank[row]?.[column] ?? NaN)]] }),
        onSelect: () => undefined,
      }),
  };
}
