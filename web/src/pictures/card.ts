// The card of energy as a page shows it: books that add up, figures with how far off they may be, and
// what could not be told with why.
import type { CardActivity, CardBooks, CardDomain, CardLine, CardReason, EnergyCardAnswer, Resolution } from "../api/answers.ts";
import type { Conserved } from "../views/conservation.ts";
import { energy, percent, plural } from "../views/number.ts";
import type { StackedRow } from "../views/stacked.ts";

// Only what these workflows took: what tasks of the others took lies elsewhere. The errors are added up,
// which is at most what they are together.
export function cardAmong(card: EnergyCardAnswer, flows: ReadonlySet<string>): EnergyCardAnswer {
  const lines = card.lines.filter((one) => flows.has(one.workflow_id));
  const moved = new Map<string, number>();
  for (const one of card.lines) if (!flows.has(one.workflow_id)) moved.set(one.domain, (moved.get(one.domain) ?? 0) + one.energy_uj);
  const shift = (one: CardBooks, by: number): CardBooks => ({ ...one, attributed_uj: one.attributed_uj - by, elsewhere_uj: one.elsewhere_uj + by });
  const sum = (of: (one: CardLine) => number): number => lines.reduce((all, one) => all + of(one), 0);
  const truths = new Set(lines.filter((one) => one.energy_uj !== 0).map((one) => one.truth));
  const [sensor, split] = [sum((one) => one.sensor_u95_j), sum((one) => one.split_u95_j)];
  return {
    ...card,
    lines,
    total: { energy_uj: sum((one) => one.energy_uj), energy_j: sum((one) => one.energy_uj) / 1e6, sensor_u95_j: sensor, split_u95_j: split, u95_j: Math.hypot(sensor, split), truth: truths.size === 1 ? ([...truths][0] ?? "") : truths.size === 0 ? "" : truths.has("emulated") ? "emulated" : "mixed" },
    conservation: card.conservation.map((one) => shift(one, moved.get(one.domain) ?? 0)),
    conservation_total: shift(card.conservation_total, [...moved.values()].reduce((a, b) => a + b, 0)),
  };
}

export function conservedOf(card: EnergyCardAnswer): Conserved[] {
  // What a counter counted may be measured while its division is a model's.
  const item = (one: CardBooks, id: string): Conserved => {
    const own = card.lines.filter((line) => (one.domain === "" || line.domain === one.domain) && line.energy_uj !== 0);
    const guessed = one.truth !== "measured";
    return {
      id,
      truth: one.truth,
      parts: [
        { label: "attributed to these tasks", value: one.attributed_uj / 1e6, slot: 0, hatched: guessed || own.some((line) => line.truth !== "measured") },
        { label: "to tasks elsewhere", value: one.elsewhere_uj / 1e6, slot: 2, hatched: guessed },
        { label: "idle: no task ran", value: one.idle_uj / 1e6, slot: 1, hatched: guessed },
        { label: "not divisible", value: one.unattributed_uj / 1e6, slot: 7, hatched: guessed },
      ],
      whole: one.measured_uj / 1e6,
      note: one.domain === "" ? "" : [...new Set(own.map((line) => [line.method, line.assumption].filter(Boolean).join(": ")))].join(" · "),
    };
  };
  const all = card.conservation.map((one) => item(one, one.domain));
  return all.length > 1 ? [...all, item(card.conservation_total, "all of them")] : all;
}

export interface FlowBars {
  readonly domains: readonly string[];
  readonly rows: readonly StackedRow[];
  hatched(row: StackedRow, part: number): boolean; // estimated, mixed or emulated
  words(joules: number, row?: StackedRow, part?: number): string;
}

export function flowBars(card: EnergyCardAnswer): FlowBars {
  const domains = [...new Set(card.lines.map((one) => one.domain))];
  const flows = [...new Map(card.lines.map((one) => [one.workflow_id, one.workflow || "no workflow"]))];
  const of = (flow: string, domain: string): readonly CardLine[] => card.lines.filter((one) => one.workflow_id === flow && one.domain === domain && one.energy_uj !== 0);
  const all = card.total.truth || "estimated";
  return {
    domains,
    words(joules, row, part) {
      const own = row && part !== undefined ? of(row.id, domains[part] ?? "") : [];
      return energy(joules, own.length > 0 && own.every((one) => one.truth === "measured") ? "measured" : all);
    },
    rows: flows.map(([id, label]) => ({ id, label, parts: domains.map((domain) => of(id, domain).reduce((all, one) => all + one.energy_uj, 0) / 1e6) })),
    hatched: (row, part) => of(row.id, domains[part] ?? "").some((one) => one.truth !== "measured"),
  };
}

// One row for each figure: of an activity that can be told from all others, of those that only
// together have one, of one that was divided by its time alone.
export interface ActivityRow {
  readonly id: string;
  readonly activity: string;
  readonly domain: string;
  readonly resolution: Resolution;
  readonly joules: number;
  readonly u95: number;
  readonly members: number;
  readonly tasks: number;
  readonly time: number;
  readonly power: number | null;
  readonly windows: number;
  readonly reason: string;
}

const told: Readonly<Record<Resolution, string>> = {
  resolved: "",
  grouped: "ran together or in one order: only their sum is known",
  unresolved: "too little was seen of it: divided by time alone",
};

export function activityRows(card: EnergyCardAnswer): ActivityRow[] {
  const figures = new Map<string, CardActivity[]>();
  for (const one of card.activities) {
    const key = one.group ? `${one.domain} ${one.resolution} ${one.group}` : `${one.domain} ${one.resolution} ${one.activity}`;
    figures.set(key, [...(figures.get(key) ?? []), one]);
  }
  return [...figures].map(([id, list]) => {
    const first = list[0] as CardActivity;
    const sum = (of: (one: CardActivity) => number): number => list.reduce((all, one) => all + of(one), 0);
    const time = sum((one) => one.time_s);
    return {
      id,
      activity: first.group ?? first.activity,
      domain: first.domain,
      resolution: first.resolution,
      joules: first.group_j,
      u95: first.group_u95_j,
      members: list.length,
      tasks: sum((one) => one.tasks),
      time,
      power: time > 0 && list.every((one) => one.power_w !== null) ? sum((one) => (one.power_w ?? 0) * one.time_s) / time : null,
      windows: Math.max(...list.map((one) => one.windows)),
      reason: told[first.resolution],
    };
  });
}

export interface DomainRow extends CardDomain {
  readonly depth: number;
  readonly place: number; // in the tree, from the top
  readonly last: boolean; // of its siblings
}

// Each domain under the one that holds it. One whose parent is not there stands at the top.
export function domainTree(domains: readonly CardDomain[]): DomainRow[] {
  const out: DomainRow[] = [];
  const names = new Set(domains.map((one) => one.domain));
  const add = (parent: string | null, depth: number): void => {
    const own = domains.filter((one) => (one.parent && names.has(one.parent) && one.parent !== one.domain ? one.parent : null) === parent);
    own.forEach((one, i) => {
      out.push({ ...one, depth, place: out.length, last: i === own.length - 1 });
      // The same domain may stand there twice, in two roles: its parts stand under the first.
      if (depth < 16 && own.findIndex((other) => other.domain === one.domain) === i) add(one.domain, depth + 1);
    });
  };
  add(null, 0);
  return out;
}

export interface ReasonRow {
  readonly id: string;
  readonly reason: string;
  readonly withheld: boolean;
  readonly tasks: number; // the most of a domain: a task may lack its figure in several
  readonly domains: readonly string[];
}

export function reasonRows(reasons: readonly CardReason[]): ReasonRow[] {
  const rows = new Map<string, CardReason[]>();
  for (const one of reasons) {
    const key = `${one.withheld ? "withheld" : "covered"} ${one.reason}`;
    rows.set(key, [...(rows.get(key) ?? []), one]);
  }
  return [...rows].map(([id, list]) => ({ id, reason: list[0]?.reason ?? "", withheld: list[0]?.withheld ?? false, tasks: Math.max(...list.map((one) => one.tasks)), domains: list.map((one) => one.domain) })).sort((a, b) => b.tasks - a.tasks);
}

// "94 % to 100 % of their time"; "" where it was not told.
export function coverageWords(card: EnergyCardAnswer): string {
  const all = card.lines.filter((one) => one.energy_uj !== 0 && one.coverage !== null).map((one) => one.coverage as number);
  if (all.length === 0) return "";
  const [least, most] = [percent(Math.min(...all)), percent(Math.max(...all))];
  return least === most ? least : `${least} to ${most}`;
}

// What is not in the figures, in a line: "5 tasks have no figure of their own, 2 are covered in part".
export function missingWords(card: EnergyCardAnswer): string {
  // In one domain a task has one reason; the same task may lack its figure in several.
  const most = (withheld: boolean): number => {
    const tasks = new Map<string, number>();
    for (const one of card.reasons) if (one.withheld === withheld) tasks.set(one.domain, (tasks.get(one.domain) ?? 0) + one.tasks);
    return Math.max(0, ...tasks.values());
  };
  return [most(true) > 0 && `${plural(most(true), "task")} without a figure of ${most(true) === 1 ? "its" : "their"} own`, most(false) > 0 && `${plural(most(false), "task")} covered in part`, card.without_energy > 0 && `${plural(card.without_energy, "task")} without energy`].filter(Boolean).join(", ");
}
