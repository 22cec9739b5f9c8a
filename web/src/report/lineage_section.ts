// What the best model was made from: a drawing, sentences, and a table of the same edges.
import type { LineageNode, Report } from "../api/report.ts";
import type { Tasks } from "../api/tasks.ts";
import { button, element } from "../views/element.ts";
import { grouped, plural } from "../views/number.ts";
import { lineage } from "../views/lineage.ts";
import { table } from "../views/table.ts";
import { nodeDetails } from "./details.ts";
import { ask, section, twin, type Section } from "./section.ts";
import type { State } from "./state.ts";

export function lineageTitle(report: Report): string {
  const found = report.lineage;
  if (!found) return "No lineage to show";
  const made = new Set(found.edges.map((e) => e.to));
  const raw = found.nodes.filter((n) => n.kind === "object" && !made.has(n.id)).length;
  const tasks = found.nodes.filter((n) => n.kind === "task").length;
  const workflows = new Set(found.nodes.map((n) => n.workflow).filter((w) => w !== null)).size;
  return `${found.name} comes from ${plural(raw, "source")} through ${plural(tasks, "task")} in ${plural(workflows, "workflow")}`;
}

export interface LineageSection extends Section {
  toggle(): void;
}

export function lineageSection(report: Report, tasks: Tasks, colourSlot: Uint8Array, state: State): LineageSection {
  const frame = section("lineage", "Lineage", lineageTitle(report));
  const found = report.lineage;
  const questions = report.questions.filter((q) => q.section === "lineage");
  if (!found) {
    frame.body.append(element("p", { class: "empty" }, report.lineage_missing ?? "No object was generated here."));
    ask(frame, questions);
    return { ...frame, toggle: () => undefined };
  }
  const byId = new Map(found.nodes.map((n) => [n.id, n]));
  const inferred = found.edges.filter((e) => !e.exact).length;
  const chart = element("div", { class: "lineage" });
  const host = element("div", { class: "lineage-host" });
  const frameBox = element("div", { class: "lineage-box" }, host);
  const side = element("aside", { class: "inspector", "aria-live": "polite", "aria-label": "Why this model" });
  chart.append(frameBox, side);
  frame.body.append(chart);
  const view = lineage(host, {
    nodes: found.nodes,
    edges: found.edges,
    target: found.object_id,
    summary:
      `${lineageTitle(report)}. ${plural(found.edges.length, "edge")}, ${grouped(inferred)} inferred. ` +
      "Arrows walk along the edges, T shows the table.",
    theme: () => state.theme(),
    colourOf(node: LineageNode) {
      const activity = tasks.activities.indexOf(node.label);
      return state.theme().activity[colourSlot[activity] ?? 7] ?? state.theme().secondary;
    },
    describe: (node) => ({ title: node.label, lines: [["kind", node.type], ...(node.workflow ? [["workflow", node.workflow] as [string, string]] : []), ...node.detail.slice(0, 8)] }),
    onSelect: (id) => state.select(id),
  });
  frame.tools.append(
    button("−", "Zoom out", () => view.zoom(1 / 1.3)),
    button("+", "Zoom in", () => view.zoom(1.3)),
    button("Fit", "Fold all groups and show all of it", () => view.fit()),
  );
  const { toggle } = twin(frame, chart, (into) => {
    const rows = found.edges.map((edge, i) => ({ ...edge, key: String(i) }));
    table(into, {
      caption: "Edges in the direction of the data",
      columns: [
        { name: "from", text: (e) => byId.get(e.from)?.label ?? e.from },
        { name: "kind of from", text: (e) => byId.get(e.from)?.type ?? "" },
        { name: "relation", text: (e) => (e.relation === "used" ? "used by" : e.relation === "parent" ? "holds" : "generated") },
        { name: "to", text: (e) => byId.get(e.to)?.label ?? e.to },
        { name: "kind of to", text: (e) => byId.get(e.to)?.type ?? "" },
        { name: "as", text: (e) => e.name ?? "" },
        { name: "workflow", grow: true, text: (e) => byId.get(e.to)?.workflow ?? byId.get(e.from)?.workflow ?? "" },
        { name: "known", text: (e) => (e.exact ? "captured" : "inferred") },
      ],
      rows,
      id: (e) => e.key,
    });
  });
  const why = element("dl", { class: "why" });
  for (const line of found.lines) why.append(element("dt", {}, line.label), element("dd", {}, line.text));
  let shown: string | null | undefined;
  const show = (): void => {
    view.select(state.selected);
    view.draw();
    const node = state.selected ? byId.get(state.selected) : undefined;
    const key = node?.id ?? null;
    if (key === shown) return;
    shown = key;
    if (node) side.replaceChildren(nodeDetails(node));
    else side.replaceChildren(element("h3", {}, `Why ${found.name}`), why);
  };
  state.onChange(show);
  show();
  const notes = ["Round: object. Square: task, in its colour of the timeline. Arrows run with the data."];
  if (found.edges.some((e) => e.relation === "parent")) notes.push("Dotted: the outer task holds the inner.");
  notes.push(inferred > 0 ? `Dashed: ${plural(inferred, "edge")} inferred, not captured.` : "Every edge was captured; none is inferred.");
  frame.body.append(element("p", { class: "note" }, notes.join(" ")));
  ask(frame, questions);
  return { ...frame, toggle };
}
