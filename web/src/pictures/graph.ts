// Tasks as a graph of activities, waves or tasks.
import type { GraphAnswer, GraphNode } from "../api/answers.ts";
import type { Truth } from "../api/report.ts";
import type { Theme } from "../views/colour.ts";
import type { GraphModel } from "../views/graph.ts";
import { duration, energy, grouped, plural } from "../views/number.ts";
import type { Column } from "../views/table.ts";

export interface GraphActs {
  theme(): Theme;
  slotOf(activity: string): number;
  onSelect(node: GraphNode | null): void;
  onOpen(node: GraphNode): void;
}

// A word on time or, where it is known, energy: both do not fit a box.
function note(node: GraphNode, truth: Truth): string {
  return [node.tasks > 1 ? plural(node.tasks, "task") : "", node.energy_j !== null ? energy(node.energy_j, truth) : duration(node.duration_s)].filter(Boolean).join(" · ");
}

export function graphModel(answer: GraphAnswer, truth: Truth, acts: GraphActs): GraphModel {
  return {
    nodes: answer.nodes,
    edges: answer.edges,
    summary: `${plural(answer.nodes.length, "box", "boxes")}, ${plural(answer.edges.length, "edge")}. Arrows walk along the edges, Enter opens, T shows the table.`,
    theme: acts.theme,
    colour: (node) => acts.theme().activity[acts.slotOf(node.label)] as string,
    note: (node) => note(node, truth),
    describe: (node) => ({
      title: node.label,
      lines: [["tasks", grouped(node.tasks)], ...Object.entries(node.statuses).map(([name, count]) => [name, grouped(count ?? 0)] as const), ["time", duration(node.duration_s)], ["energy", energy(node.energy_j, truth)]],
    }),
    onSelect: acts.onSelect,
    onOpen: acts.onOpen,
  };
}

export function graphColumns(truth: Truth, href?: (node: GraphNode) => string | null): Column<GraphNode>[] {
  const failed = (node: GraphNode): number => (node.statuses.failed ?? 0) + (node.statuses.lost ?? 0);
  return [
    { name: "what", text: (node) => node.label, ...(href ? { href } : {}) },
    { name: "wave", numeric: true, text: (node) => String(node.wave), sort: (node) => node.wave },
    { name: "tasks", numeric: true, text: (node) => grouped(node.tasks), sort: (node) => node.tasks },
    { name: "failed", numeric: true, text: (node) => grouped(failed(node)), sort: failed },
    { name: "time", numeric: true, text: (node) => duration(node.duration_s), sort: (node) => node.duration_s },
    { name: "energy", numeric: true, grow: true, text: (node) => energy(node.energy_j, truth), sort: (node) => node.energy_j },
  ];
}

// What the lines mean, and what is not there.
export function graphNote(answer: GraphAnswer): string {
  const inferred = answer.edges.filter((edge) => !edge.exact).length;
  return [
    answer.nodes_left > 0 ? `Showing ${grouped(answer.nodes.length)} of ${grouped(answer.nodes.length + answer.nodes_left)}, those that began first.` : "",
    answer.edges.some((edge) => edge.relation === "parent") ? "Dotted: lies in it." : "",
    "Arrows run with the data.",
    inferred > 0 ? `Dashed: ${plural(inferred, "edge")} inferred, not captured.` : answer.edges.length > 0 ? "Every edge was captured." : "No edge was captured.",
  ].filter(Boolean).join(" ");
}
