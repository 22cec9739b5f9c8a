// Energy of a model's layers: each layer and phase with a figure of its own, or that of the group which
// it cannot be told from; and the tree of the layers' paths, whose sums are known wherever no group
// reaches beyond them.
import type { Resolution } from "../api/answers.ts";
import type { Truth } from "../api/report.ts";
import { resolutionGlyph } from "../views/colour.ts";
import { figure, missing, plural } from "../views/number.ts";

// GET /energy/layers: a row for each layer, phase, domain and process; conservation by activity.
export interface LayerRow {
  readonly workflow_id: string;
  readonly workflow: string | null;
  readonly activity: string | null;
  readonly model: string | null;
  readonly layer: string;
  readonly phase: string;
  readonly domain: string;
  readonly calls: number | null;
  readonly time_s: number;
  readonly share_j: number;
  readonly attributed_j: number | null;
  readonly u95_j: number | null;
  readonly power_w?: number | null;
  readonly resolution: Resolution;
  readonly group: number | null;
  readonly group_size: number | null;
  readonly group_j: number | null;
  readonly windows?: number | null;
  readonly coverage?: number | null;
  readonly method: string;
  readonly truth: Truth;
  readonly reason: string | null;
  readonly hostname?: string | null;
  readonly pid?: number | null;
}
export interface LayersBooks {
  readonly activity: string;
  readonly domain: string;
  readonly layers_j: number;
  readonly outside_j: number;
  readonly repeated_j: number;
  readonly tasks_j: number;
  readonly difference_uj: number;
  readonly truth: Truth;
}
export interface LayerEnergyAnswer {
  readonly of: string;
  readonly layers: readonly LayerRow[];
  readonly conservation: readonly LayersBooks[];
}

// Rows whose joules are one figure.
function groupOf(row: LayerRow): string {
  return row.resolution === "resolved" || row.group === null ? `${keyOf(row)} ${row.layer} ${row.phase}` : `${keyOf(row)} #${row.group}`;
}
function keyOf(row: LayerRow): string {
  return `${row.hostname ?? ""} ${row.pid ?? ""} ${row.workflow_id} ${row.activity ?? ""} ${row.domain}`;
}

export interface Figure {
  readonly joules: number | null; // null: it is told only together with others
  readonly u95: number | null; // added up: at most what they are together
  readonly resolution: Resolution; // the least of its parts
  readonly truth: Truth;
  readonly withGroup: number | null; // of all that it cannot be told from, where it is not known
  readonly others: readonly string[]; // which those are
  readonly seconds: number;
  readonly calls: number;
  readonly reason: string;
  readonly share: number; // in the books: for sums, not for this
}

export type Groups = ReadonlyMap<string, readonly LayerRow[]>;
export function groupsOf(all: readonly LayerRow[]): Groups {
  const out = new Map<string, LayerRow[]>();
  for (const row of all) {
    const key = groupOf(row);
    const list = out.get(key);
    if (list) list.push(row);
    else out.set(key, [row]);
  }
  return out;
}

// What rows took together, as far as it can be told: a group counts once, and only if all of it is there.
export function figureOf(rows: readonly LayerRow[], all: Groups): Figure {
  const own = new Set(rows);
  const groups = groupsOf(rows);
  const resolutions = new Set(rows.map((row) => row.resolution));
  const truths = new Set(rows.map((row) => row.truth));
  let [joules, u95, open, together] = [0, 0, false, 0];
  let hasU95 = true;
  const others = new Set<string>();
  for (const [key, list] of groups) {
    const first = list[0] as LayerRow;
    const alone = first.resolution === "resolved" || first.group === null;
    const beyond = alone ? [] : (all.get(key) ?? []).filter((row) => !own.has(row));
    for (const row of beyond) others.add(`${row.layer || "the model"} ${row.phase}`);
    // Group 0 holds the tasks' time outside all layers as well.
    const outside = !alone && first.group === 0;
    if (outside) others.add("the time outside layers");
    const value = alone ? (first.attributed_j ?? first.group_j ?? first.share_j) : (first.group_j ?? list.reduce((sum, row) => sum + row.share_j, 0));
    if (beyond.length > 0 || outside) open = true;
    else joules += value;
    together += value;
    // A group's is the most of its members'.
    const most = list.reduce<number | null>((sum, row) => (row.u95_j === null ? sum : Math.max(sum ?? 0, row.u95_j)), null);
    if (most === null) hasU95 = false;
    else u95 += most;
  }
  return {
    joules: open || rows.length === 0 ? null : joules,
    u95: hasU95 && rows.length > 0 && !(resolutions.has("grouped") || resolutions.has("unresolved")) ? u95 : null,
    resolution: resolutions.has("unresolved") ? "unresolved" : resolutions.has("grouped") ? "grouped" : "resolved",
    truth: truths.size === 1 ? ([...truths][0] as Truth) : "mixed",
    withGroup: open ? together : null,
    others: [...others],
    seconds: rows.reduce((sum, row) => sum + row.time_s, 0),
    calls: rows.reduce((sum, row) => sum + (row.calls ?? 0), 0),
    reason: [...new Set(rows.map((row) => row.reason).filter(Boolean))].join("; "),
    share: rows.reduce((sum, row) => sum + row.share_j, 0),
  };
}

export interface LayerNode {
  readonly path: string; // with the model's name before it
  readonly layer: string;
  readonly name: string; // the last part of the path
  readonly depth: number;
  readonly place: number;
  readonly inside: number; // layers below it
  readonly rows: readonly LayerRow[]; // its own and those of all below
  readonly figure: Figure; // of all of these
  readonly phases: ReadonlyMap<string, Figure>;
}

const order = ["forward", "backward", "step"];
export function phasesOf(rows: readonly LayerRow[]): string[] {
  const place = (phase: string): number => (order.includes(phase) ? order.indexOf(phase) : order.length);
  return [...new Set(rows.map((row) => row.phase))].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}

// Each model, its layers by their paths below it: what holds what, in the order of their names.
export function layerTree(rows: readonly LayerRow[]): LayerNode[] {
  interface Draft {
    path: string;
    layer: string;
    name: string;
    depth: number;
    own: LayerRow[];
    below: Map<string, Draft>;
  }
  const roots = new Map<string, Draft>();
  for (const row of rows) {
    const model = row.model ?? "model";
    let at = roots.get(model);
    if (!at) roots.set(model, (at = { path: model, layer: "", name: model, depth: 0, own: [], below: new Map() }));
    const parts = row.layer === "" || row.layer === model ? [] : row.layer.split(".");
    parts.forEach((part, i) => {
      const above = at as Draft;
      let next = above.below.get(part);
      if (!next) above.below.set(part, (next = { path: `${model}/${parts.slice(0, i + 1).join(".")}`, layer: parts.slice(0, i + 1).join("."), name: part, depth: above.depth + 1, own: [], below: new Map() }));
      at = next;
    });
    at.own.push(row);
  }
  const out: LayerNode[] = [];
  const phases = phasesOf(rows);
  const groups = groupsOf(rows);
  const rowsOf = (draft: Draft): LayerRow[] => [...draft.own, ...[...draft.below.values()].flatMap(rowsOf)];
  const countOf = (draft: Draft): number => [...draft.below.values()].reduce((sum, one) => sum + 1 + countOf(one), 0);
  const add = (draft: Draft): void => {
    const all = rowsOf(draft);
    out.push({ path: draft.path, layer: draft.layer, name: draft.name, depth: draft.depth, place: out.length, inside: countOf(draft), rows: all, figure: figureOf(all, groups), phases: new Map(phases.map((phase) => [phase, figureOf(all.filter((row) => row.phase === phase), groups)])) });
    [...draft.below.values()].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })).forEach(add);
  };
  [...roots.values()].forEach(add);
  return out;
}

// Of all that ran in layers, how much has figures of its own: "18 of 24".
export function resolvedCount(rows: readonly LayerRow[]): readonly [resolved: number, all: number] {
  return [rows.filter((row) => row.resolution === "resolved").length, rows.length];
}

// The domain in which most joules have figures of their own.
export function bestDomain(rows: readonly LayerRow[]): string {
  const own = new Map<string, number>();
  for (const row of rows) own.set(row.domain, (own.get(row.domain) ?? 0) + (row.attributed_j ?? 0));
  return [...own].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))[0]?.[0] ?? "";
}

// "● 12.4 J ± 600 mJ"; "◑ 31.0 J with 2 others": never 0 for what cannot be told.
export function figureWords(one: Figure | undefined): string {
  if (!one || (one.seconds === 0 && one.calls === 0 && one.share === 0)) return missing;
  const glyph = resolutionGlyph[one.resolution];
  if (one.joules !== null) return `${glyph} ${figure(one.joules, one.u95, one.truth)}`;
  return `${glyph} ${figure(one.withGroup, null, one.truth)} with ${plural(one.others.length, "other")}`;
}
