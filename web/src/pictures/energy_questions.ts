// Questions about energy that have an answer of their own, as a page shows them.
import type { AnswerColumn, Cell, TableAnswer } from "../api/answers.ts";
import type { Truth } from "../api/report.ts";
import { grouped, percent, plural, shortId, si } from "../views/number.ts";
import type { Slope } from "../views/slopes.ts";

export const energyQuestions = ["ranks", "outliers", "nodes", "phases", "thermal", "truth", "capture", "checks"] as const;
export type EnergyQuestion = (typeof energyQuestions)[number];
export const questionWords: Readonly<Record<EnergyQuestion, string>> = {
  ranks: "Time or energy",
  outliers: "Unexpected",
  nodes: "Idle and waiting",
  phases: "Busy or waste",
  thermal: "Heat",
  truth: "Estimated",
  capture: "Capture's own",
  checks: "Sensor checks",
};

type Records = readonly Readonly<Record<string, Cell>>[];

// A list of records as a table: its columns are the names that any has, in the order in which they come.
export function tableOf(records: Records | undefined): TableAnswer {
  const names = [...new Set((records ?? []).flatMap((one) => Object.keys(one)))];
  // How far off the energy may be stands behind it.
  const own = (name: string): string => (name === "u95_j" && names.includes("energy_j") && !names.includes("energy_u95_j") ? "energy_u95_j" : name);
  const columns: AnswerColumn[] = names.map((name) => ({ name: own(name), type: "json", unit: /_w$/.test(name) ? "W" : null }));
  const rows = (records ?? []).map((one) => names.map((name): Cell => one[name] ?? null));
  return { columns, rows, total: rows.length, shown: rows.length };
}

export interface RanksAnswer extends Readonly<Record<string, unknown>> {
  readonly activity: string | null;
  readonly tasks: number;
  readonly spearman: number | null;
  readonly inversions: number;
  readonly rows: readonly { task_id: string; activity: string; workflow: string; duration_s: number; energy_j: number; u95_j: number | null; truth: Truth; time_rank: number; energy_rank: number; moved: number; is_sure: boolean }[];
}

const mostSlopes = 40;

// The farthest moved; what stays in its place tells nothing.
export function slopesOf(found: RanksAnswer): Slope[] {
  return [...found.rows]
    .sort((a, b) => Number(b.is_sure) - Number(a.is_sure) || Math.abs(b.moved) - Math.abs(a.moved))
    .slice(0, mostSlopes)
    .map((row) => ({ id: row.task_id, label: `${row.activity} ${shortId(row.task_id)}`, left: row.time_rank, right: row.energy_rank, sure: row.is_sure }));
}

export function ranksTitle(found: RanksAnswer): string {
  const sure = found.rows.filter((row) => row.is_sure).length;
  if (found.inversions === 0) return `All ${plural(found.tasks, "task")} stand in the same order by time and by energy`;
  return `${plural(found.inversions, "task")} of ${grouped(found.tasks)} stand elsewhere by energy than by time, ${sure === 0 ? "none of them" : grouped(sure)} beyond doubt`;
}

export interface NodesAnswer {
  readonly nodes: readonly { hostname: string; domain: string; measured_j: number; attributed_j: number; elsewhere_j: number; idle_j: number; unattributed_j: number; truth: Truth }[];
  readonly stragglers: { readonly excess_s: number; readonly excess_j: number | null; readonly rows: Records };
  readonly waiting: { readonly waited_s: number; readonly waiting_j: number | null; readonly parts: Records; readonly waves: Records };
}

export const nodeParts = ["attributed", "to others", "idle", "not divisible"] as const;

export function nodesTitle(found: NodesAnswer): string {
  const sum = (of: (one: NodesAnswer["nodes"][number]) => number): number => found.nodes.reduce((all, one) => all + of(one), 0);
  const measured = sum((one) => one.measured_j);
  return `Idle took ${si(sum((one) => one.idle_j), "J")}${measured > 0 ? `, ${percent(sum((one) => one.idle_j) / measured)} of what was counted` : ""}; stragglers ${found.stragglers.excess_j === null ? "not known" : `≈ ${si(found.stragglers.excess_j, "J")}`}${found.waiting.waiting_j === null ? "" : `, waiting ≈ ${si(found.waiting.waiting_j, "J")}`}`;
}
