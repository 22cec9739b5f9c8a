// A part of a campaign, as two ranges of its trade-off: compact enough for the address, and what comes
// to lie within them while the campaign runs belongs to it.
import type { TradeoffAnswer } from "../api/answers.ts";

export type Range = readonly [from: number, to: number];

export interface Brush {
  readonly campaign: string; // its id
  readonly cost: "energy" | "time";
  readonly costs: Range; // J or s
  readonly quality: string;
  readonly qualities: Range;
}

const number = "(-?[\\d.]+(?:e[+-]?\\d+)?)";
const pattern = new RegExp(`^(energy|time)\\*${number}\\.\\.${number}\\*(.+)\\*${number}\\.\\.${number}\\*([0-9a-f-]{36})$`, "s");

export function parseBrush(text: string): Brush | null {
  const found = pattern.exec(text);
  if (!found) return null;
  const [, cost, a, b, quality, c, d, campaign] = found as unknown as string[];
  const [costs, qualities] = [[Number(a), Number(b)], [Number(c), Number(d)]] as unknown as [Range, Range];
  if ([...costs, ...qualities].some(Number.isNaN)) return null;
  return { campaign: campaign as string, cost: cost as Brush["cost"], costs, quality: quality as string, qualities };
}

export function brushText(brush: Brush): string {
  const range = (of: Range): string => of.map((one) => String(Number(one.toPrecision(6)))).join("..");
  return `${brush.cost}*${range(brush.costs)}*${brush.quality}*${range(brush.qualities)}*${brush.campaign}`;
}

export interface Brushed {
  readonly tasks: ReadonlySet<string>; // the configurations within
  readonly flows: ReadonlySet<string>; // their workflows
  readonly allTasks: number;
  readonly allFlows: number;
  // Of a workflow, where only some of its configurations lie within: these.
  partly(flow: string): readonly string[];
}

export function brushedOf(answer: Pick<TradeoffAnswer, "columns" | "rows">, brush: Brush): Brushed {
  const at = (name: string): number => answer.columns.findIndex((column) => column.name === name);
  const [cost, quality, task, flow] = [at(brush.cost === "energy" ? "energy_j" : "time_s"), at(brush.quality), at("task_id"), at("workflow_id")];
  const lies = (value: unknown, [from, to]: Range): boolean => typeof value === "number" && value >= from && value <= to;
  const within = answer.rows.filter((row) => lies(row[cost], brush.costs) && lies(row[quality], brush.qualities));
  const ids = (rows: typeof answer.rows, column: number): Set<string> => new Set(rows.map((row) => String(row[column])));
  return {
    tasks: ids(within, task),
    flows: ids(within, flow),
    allTasks: answer.rows.length,
    allFlows: ids(answer.rows, flow).size,
    partly(id) {
      const own = within.filter((row) => row[flow] === id);
      return own.length === answer.rows.filter((row) => row[flow] === id).length ? [] : own.map((row) => String(row[task]));
    },
  };
}
