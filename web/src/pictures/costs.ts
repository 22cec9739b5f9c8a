// Where energy and time went: of each domain the parts that add up to what was measured, and of each
// workflow its share.
import type { Cell, TableAnswer } from "../api/answers.ts";
import type { Theme } from "../views/colour.ts";
import type { Conserved } from "../views/conservation.ts";
import { duration, energy, plural } from "../views/number.ts";
import { stacked, type StackedRow, type StackedView } from "../views/stacked.ts";

type Reader = (row: readonly Cell[], name: string) => Cell;

function reader(answer: TableAnswer): Reader {
  const at = new Map(answer.columns.map((column, i) => [column.name, i]));
  return (row, name) => row[at.get(name) ?? -1] ?? null;
}

const partNames = [
  ["attributed", "attributed to these tasks", 0],
  ["elsewhere", "to tasks elsewhere", 2],
  ["idle", "idle: no task ran", 1],
  ["unattributed", "not divisible", 7],
] as const;

// What is not there is not zero.
export function conserved(answer: TableAnswer): Conserved[] {
  const of = reader(answer);
  const domains = [...new Set(answer.rows.map((row) => String(of(row, "domain"))))];
  return domains.map((domain) => {
    const own = answer.rows.filter((row) => of(row, "domain") === domain);
    const sum = (part: string): number | null => {
      const values = own.filter((row) => of(row, "part") === part).map((row) => of(row, "energy_j")).filter((one): one is number => typeof one === "number");
      return values.length > 0 ? values.reduce((a, b) => a + b, 0) : null;
    };
    const said = (name: string): string => [...new Set(own.map((row) => String(of(row, name) ?? "")))].filter(Boolean).join("; ");
    const truths = new Set(own.map((row) => String(of(row, "truth") ?? "")));
    return {
      id: domain,
      truth: truths.size === 1 ? ([...truths][0] ?? "") : "mixed",
      parts: partNames.map(([part, label, slot]) => ({ label, value: sum(part), slot })),
      whole: sum("measured"),
      note: [said("method"), said("assumption") && `≈ ${said("assumption")}`].filter(Boolean).join(" · "),
    };
  });
}

// What some workflows took, of an answer about more: what tasks of the others took lies elsewhere.
export function costsAmong(answer: TableAnswer, flows: ReadonlySet<string>): TableAnswer {
  const of = reader(answer);
  const at = (name: string): number => answer.columns.findIndex((column) => column.name === name);
  const others = new Map<string, number>();
  const isOther = (row: readonly Cell[]): boolean => of(row, "part") === "attributed" && !flows.has(String(of(row, "workflow_id")));
  for (const row of answer.rows.filter(isOther)) {
    const domain = String(of(row, "domain"));
    others.set(domain, (others.get(domain) ?? 0) + Number(of(row, "energy_j") ?? 0));
  }
  const rows = answer.rows.filter((row) => !isOther(row)).map((row) => {
    const more = of(row, "part") === "elsewhere" ? others.get(String(of(row, "domain"))) : undefined;
    if (more === undefined) return row;
    others.delete(String(of(row, "domain")));
    return row.map((cell, i) => (i === at("energy_j") ? Number(cell ?? 0) + more : cell));
  });
  // Domains of which nothing lay elsewhere until now.
  const added = [...others].map(([domain, joules]) => answer.columns.map(({ name }): Cell => (name === "domain" ? domain : name === "part" ? "elsewhere" : name === "energy_j" ? joules : null)));
  return { ...answer, rows: [...rows, ...added] };
}

export interface Costs {
  readonly energy: readonly StackedRow[];
  readonly time: readonly StackedRow[];
  readonly domains: readonly string[];
  words(joules: number): string; // with ≈ where not all of it is measured
}

// A bar a workflow: its energy by domain, and the time of its outermost tasks.
export function costsOf(answer: TableAnswer): Costs {
  const of = reader(answer);
  const own = answer.rows.filter((row) => of(row, "part") === "attributed");
  const domains = [...new Set(own.map((row) => String(of(row, "domain"))))];
  const flows = [...new Map(own.map((row) => [String(of(row, "workflow_id")), String(of(row, "workflow"))]))];
  const rowsOf = (id: string): (readonly Cell[])[] => own.filter((row) => of(row, "workflow_id") === id);
  const truth = own.every((row) => of(row, "truth") === "measured") ? "measured" : "mixed";
  return {
    domains,
    words: (joules) => energy(joules, truth),
    energy: flows.map(([id, label]) => ({ id, label, parts: domains.map((domain) => rowsOf(id).filter((row) => of(row, "domain") === domain).reduce((all, row) => all + Number(of(row, "energy_j") ?? 0), 0)) })),
    time: flows.map(([id, label]) => ({ id, label, parts: [Number(of(rowsOf(id)[0] ?? [], "time_s") ?? NaN)] })),
  };
}

export function energyBars(costs: Costs, theme: () => Theme, onSelect: (id: string | null) => void): (host: HTMLElement) => StackedView {
  return (host) =>
    stacked(host, { rows: costs.energy, parts: costs.domains, quantity: "energy", unit: "J", words: (v) => costs.words(v), summary: `Energy of ${plural(costs.energy.length, "workflow")} by domain; the parts of a bar add up to it.`, theme, onSelect });
}

export function timeBars(costs: Costs, theme: () => Theme, onSelect: (id: string | null) => void): (host: HTMLElement) => StackedView {
  return (host) =>
    stacked(host, { rows: costs.time, parts: ["time of outermost tasks"], quantity: "time", unit: "s", words: (v) => duration(v), summary: `Time of the outermost tasks of ${plural(costs.time.length, "workflow")}.`, theme, onSelect });
}
