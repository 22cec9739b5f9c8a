// Layers of a model: sums that are known only where no group reaches beyond them.
import { describe, expect, it } from "vitest";
import { bestDomain, figureOf, figureWords, groupsOf, layerTree, phasesOf, resolvedCount, type LayerRow } from "../src/pictures/layer_energy.ts";

const plain = (text: string): string => text.replace(/[\u2009\u202f\u00a0]/g, " ");
const row = (layer: string, phase: string, joules: number, more: Partial<LayerRow> = {}): LayerRow => ({ workflow_id: "w", workflow: "fit", activity: "train", model: "Net", layer, phase, domain: "gpu", calls: 10, time_s: 1, share_j: joules, attributed_j: joules, u95_j: 1, resolution: "resolved", group: null, group_size: null, group_j: joules, method: "layers", truth: "measured", reason: null, hostname: "n1", pid: 1, ...more });
const tied = (layer: string, phase: string, share: number, group: number, groupJ: number): LayerRow => row(layer, phase, share, { resolution: "grouped", attributed_j: null, group, group_j: groupJ, group_size: 2, reason: "always ran together" });

// a.x and a.y are told only together; b's forward is told only with c's.
const rows = [row("a.x", "backward", 4), tied("a.x", "forward", 3, 1, 10), tied("a.y", "forward", 7, 1, 10), tied("b", "forward", 2, 2, 5), tied("c", "forward", 3, 2, 5), row("b", "step", 6)];
const of = (path: string): ReturnType<typeof layerTree>[number] => layerTree(rows).find((one) => one.path === path) as ReturnType<typeof layerTree>[number];

describe("layers by path", () => {
  it("stand below what holds them, also what ran nothing itself", () => {
    expect(layerTree(rows).map((one) => [one.path, one.depth, one.inside])).toEqual([["Net", 0, 5], ["Net/a", 1, 2], ["Net/a.x", 2, 0], ["Net/a.y", 2, 0], ["Net/b", 1, 0], ["Net/c", 1, 0]]);
    expect(phasesOf(rows)).toEqual(["forward", "backward", "step"]);
    expect(phasesOf([row("a", "odd", 1), row("a", "step", 1)])).toEqual(["step", "odd"]);
  });
  it("have a sum wherever all of a group lies within, and each group counts once", () => {
    expect(of("Net/a").figure).toMatchObject({ joules: 14, resolution: "grouped", withGroup: null });
    expect(of("Net").figure.joules).toBe(4 + 10 + 5 + 6);
    expect(of("Net/a").phases.get("forward")?.joules).toBe(10);
  });
  it("say with whom a figure is shared, and never 0", () => {
    const x = of("Net/a.x");
    expect(x.figure).toMatchObject({ joules: null, withGroup: 14, others: ["a.y forward"] });
    expect(plain(figureWords(x.phases.get("forward")))).toBe("◑ 10.0 J with 1 other");
    expect(plain(figureWords(x.phases.get("backward")))).toBe("● 4.00 J ± 1.00 J");
    expect(figureWords(x.phases.get("step"))).toBe("–");
    expect(figureWords(undefined)).toBe("–");
  });
  it("are apart where processes or domains are", () => {
    const two = [tied("a", "forward", 1, 1, 3), { ...tied("b", "forward", 2, 1, 3), pid: 2 }];
    expect(figureOf([two[0] as LayerRow], groupsOf(two)).joules).toBe(3);
  });
  it("share the group of the time outside layers with that time", () => {
    const all = [tied("a", "forward", 3, 0, 9), tied("b", "forward", 2, 0, 9)];
    expect(figureOf(all, groupsOf(all))).toMatchObject({ joules: null, withGroup: 9, others: ["the time outside layers"] });
  });
  it("are shown first where most joules have figures of their own", () => {
    expect(bestDomain([tied("a", "forward", 90, 1, 90), { ...row("a", "forward", 5), domain: "second" }])).toBe("second");
    expect(bestDomain([])).toBe("");
  });
  it("add up their intervals only where each has one of its own", () => {
    expect(figureOf([row("a", "forward", 1), row("b", "forward", 2, { u95_j: 3 })], groupsOf([])).u95).toBe(4);
    expect(of("Net/a").figure.u95).toBeNull();
    expect(figureOf([], groupsOf([])).joules).toBeNull();
    expect(resolvedCount(rows)).toEqual([2, 6]);
  });
});
