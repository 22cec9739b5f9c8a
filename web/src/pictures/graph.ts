// Tasks as a graph of activities, waves or tasks; a box is its number in the answer.
import type { GraphAnswer } from "../api/answers.ts";
import { numbers } from "../api/client.ts";
import type { Truth } from "../api/report.ts";
import type { Theme } from "../views/colour.ts";
import type { GraphModel } from "../views/graph.ts";
import { flow, GraphShape } from "../views/graph_shape.ts";
import { duration, energy, grouped, plural } from "../views/number.ts";
import type { Column } from "../views/table.ts";

export interface GraphActs {
  theme(): Theme;
  slotOf(activity: string): number;
  onSelect(id: string | null): void;
  onOpen(id: string): void;
}

const labelOf = (answer: GraphAnswer, i: number): string => answer.activities[answer.nodes.activity[i] ?? -1] ?? "";

// Tasks of several statuses together.
function sumOf(answer: GraphAnswer, ...statuses: (keyof GraphAnswer["nodes"]["statuses"])[]): Float64Array {
  const out = new Float64Array(answer.nodes.id.length);
  for (const status of statuses) {
    const column = answer.nodes.statuses[status];
    if (column) for (let i = 0; i < out.length; i++) (out[i] as number) += column[i] ?? 0;
  }
  return out;
}

export function graphShape(answer: GraphAnswer, slotOf: (activity: string) => number): GraphShape {
  const { nodes, edges } = answer;
  const slots = answer.activities.map(slotOf);
  const parent = answer.relations.indexOf("parent");
  return new GraphShape({
    id: nodes.id,
    x: numbers(nodes.x),
    y: numbers(nodes.y),
    slot: Uint8Array.from(numbers(nodes.activity), (activity) => slots[activity] ?? 0),
    tasks: numbers(nodes.tasks),
    failed: sumOf(answer, "failed", "lost"),
    running: sumOf(answer, "running", "pending"),
    from: new Uint32Array(numbers(edges.from)),
    to: new Uint32Array(numbers(edges.to)),
    flow: Uint8Array.from(numbers(edges.relation), (relation, i) => (relation === parent ? flow.parent : edges.exact[i] ? flow.captured : flow.inferred)),
    count: numbers(edges.count),
  });
}

// A word on time or, where it is known, energy: both do not fit a box.
function note({ nodes }: GraphAnswer, i: number, truth: Truth): string {
  const [tasks, joules] = [nodes.tasks[i] ?? 0, nodes.energy_j[i] ?? null];
  return [tasks > 1 ? plural(tasks, "task") : "", joules !== null ? energy(joules, truth) : duration(nodes.duration_s[i] ?? null)].filter(Boolean).join(" · ");
}

export function graphModel(answer: GraphAnswer, truth: Truth, acts: GraphActs): GraphModel {
  const { nodes } = answer;
  const shape = graphShape(answer, acts.slotOf);
  return {
    shape,
    summary: `${plural(shape.size, "box", "boxes")}, ${plural(shape.edges, "edge")}. Arrows walk along the edges, Enter opens, T shows the table.`,
    theme: acts.theme,
    label: (i) => labelOf(answer, i),
    note: (i) => note(answer, i, truth),
    describe: (i) => ({
      title: labelOf(answer, i),
      lines: [
        ["tasks", grouped(nodes.tasks[i] ?? 0)],
        ...Object.entries(nodes.statuses).filter(([, counts]) => (counts[i] ?? 0) > 0).map(([name, counts]) => [name, grouped(counts[i] ?? 0)] as const),
        ["time", duration(nodes.duration_s[i] ?? null)],
        ["energy", energy(nodes.energy_j[i] ?? null, truth)],
      ],
    }),
    onSelect: (i) => acts.onSelect(i === null ? null : (nodes.id[i] ?? null)),
    onOpen: (i) => acts.onOpen(nodes.id[i] as string),
  };
}

// Its boxes, for the table.
export function graphRows(answer: GraphAnswer): readonly number[] {
  return Array.from(answer.nodes.id, (_, i) => i);
}

export function graphColumns(answer: GraphAnswer, truth: Truth, href?: (id: string) => string | null): Column<number>[] {
  const { nodes } = answer;
  const failed = sumOf(answer, "failed", "lost");
  return [
    { name: "what", text: (i) => labelOf(answer, i), ...(href ? { href: (i: number) => href(nodes.id[i] as string) } : {}) },
    { name: "wave", numeric: true, text: (i) => String(nodes.wave[i]), sort: (i) => nodes.wave[i] ?? null },
    { name: "tasks", numeric: true, text: (i) => grouped(nodes.tasks[i] ?? 0), sort: (i) => nodes.tasks[i] ?? null },
    { name: "failed", numeric: true, text: (i) => grouped(failed[i] as number), sort: (i) => failed[i] as number },
    { name: "time", numeric: true, text: (i) => duration(nodes.duration_s[i] ?? null), sort: (i) => nodes.duration_s[i] ?? null },
    { name: "energy", numeric: true, grow: true, text: (i) => energy(nodes.energy_j[i] ?? null, truth), sort: (i) => nodes.energy_j[i] ?? null },
  ];
}

// What the lines mean, and what is not there.
export function graphNote({ nodes, edges, relations, nodes_left }: GraphAnswer): string {
  const shown = nodes.id.length;
  const inferred = edges.exact.filter((exact) => !exact).length;
  const parent = relations.indexOf("parent");
  return [
    nodes_left > 0 ? `Showing ${grouped(shown)} of ${grouped(shown + nodes_left)}, those that failed, took longest or began first.` : "",
    edges.relation.includes(parent) ? "Dotted: lies in it." : "",
    "Arrows run with the data.",
    inferred > 0 ? `Dashed: ${plural(inferred, "edge")} inferred, not captured.` : edges.exact.length > 0 ? "Every edge was captured." : "No edge was captured.",
  ].filter(Boolean).join(" ");
}
