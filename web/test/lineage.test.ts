import { describe, expect, it } from "vitest";
import { fold } from "../src/views/lineage_groups.ts";
import { layersOf, layout, spread } from "../src/views/lineage_layout.ts";
import { fixture } from "./fixture.mjs";

describe("layers", () => {
  it("run with the data and bring late sources next to their use", () => {
    const edges = [
      { from: 0, to: 1 },
      { from: 1, to: 2 },
      { from: 2, to: 3 },
      { from: 4, to: 3 },
    ];
    const { layer, back } = layersOf(5, edges);
    expect([...layer]).toEqual([0, 1, 2, 3, 2]);
    expect(back.some(Boolean)).toBe(false);
  });
  it("survive a cycle: one edge is taken as running back", () => {
    const { layer, back } = layersOf(3, [
      { from: 0, to: 1 },
      { from: 1, to: 2 },
      { from: 2, to: 1 },
    ]);
    expect(back.filter(Boolean)).toHaveLength(1);
    expect([...layer]).toEqual([0, 1, 2]);
  });
});

describe("spread", () => {
  it("keeps order and gaps and moves as little as it can", () => {
    expect(spread([0, 100], [10])).toEqual([0, 100]);
    expect(spread([50, 50], [10])).toEqual([45, 55]);
    const got = spread([5, 0, 9, 9], [4, 4, 4]);
    for (let i = 1; i < got.length; i++) expect((got[i] as number) - (got[i - 1] as number)).toBeGreaterThanOrEqual(4 - 1e-9);
  });
});

describe("layout", () => {
  it("lets no two boxes touch and routes long edges through every layer between", () => {
    const nodes = Array.from({ length: 14 }, (_, i) => ({ along: 100, across: 30 + (i % 3) * 10 }));
    const edges = [
      [0, 3], [1, 3], [2, 3], [3, 4], [3, 5], [4, 6], [5, 7], [6, 8], [7, 8], [5, 8], [9, 8], [8, 10], [10, 11], [0, 11], [12, 13],
    ].map(([from, to]) => ({ from: from as number, to: to as number }));
    const placed = layout(nodes, edges, 40, 12);
    placed.nodes.forEach((a, i) => {
      placed.nodes.slice(i + 1).forEach((b, k) => {
        if (a.layer !== b.layer) return;
        const room = ((nodes[i]?.across ?? 0) + (nodes[i + 1 + k]?.across ?? 0)) / 2;
        expect(Math.abs(a.across - b.across)).toBeGreaterThanOrEqual(room);
      });
    });
    edges.forEach((edge, i) => {
      const [from, to] = [placed.nodes[edge.from], placed.nodes[edge.to]];
      expect(to?.along).toBeGreaterThan(from?.along ?? 0);
      expect(placed.routes[i]).toHaveLength((to?.layer ?? 0) - (from?.layer ?? 0) - 1);
    });
  });
  it("takes a graph of nothing", () => expect(layout([], [], 40, 10).layers).toBe(0));
});

describe("fold", () => {
  const report = fixture({ steps: 3 });
  const { nodes, edges, object_id: target } = report.lineage ?? { nodes: [], edges: [], object_id: "" };
  it("makes one box of files with the same ends, and opens it again", () => {
    const folded = fold(nodes, edges, target, new Set());
    const group = folded.boxes.find((b) => b.members.length > 1);
    expect(group?.members).toHaveLength(8);
    expect(folded.boxes.reduce((sum, b) => sum + b.members.length, 0)).toBe(nodes.length);
    const opened = fold(nodes, edges, target, new Set([group?.id ?? ""]));
    expect(opened.boxes).toHaveLength(nodes.length);
  });
  it("keeps an inferred edge marked, whatever it is folded with", () => {
    const folded = fold(nodes, edges, target, new Set());
    expect(folded.links.filter((l) => !l.exact)).toHaveLength(1);
    expect(folded.links.reduce((sum, l) => sum + l.count, 0)).toBe(edges.length);
  });
  it("never folds the object that the question is about", () => {
    const all = nodes.filter((n) => n.kind === "object");
    const folded = fold(all, [], target, new Set());
    expect(folded.boxes.some((b) => b.members.length === 1 && b.first.id === target)).toBe(true);
  });
});
