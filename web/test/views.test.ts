// Every view keeps to `(host, model) -> {draw, destroy, hit, select}` and finds what was drawn at a place.
import { afterEach, describe, expect, it } from "vitest";
import { tasksOf } from "../src/api/tasks.ts";
import { lightTheme } from "../src/views/colour.ts";
import { addsUp, conservation, partAt, sumOfParts, type Conserved } from "../src/views/conservation.ts";
import { curves } from "../src/views/curves.ts";
import { graph, type GraphModel } from "../src/views/graph.ts";
import { GraphShape, type Graph } from "../src/views/graph_shape.ts";
import { heat } from "../src/views/heat.ts";
import { lineage } from "../src/views/lineage.ts";
import { pareto } from "../src/views/pareto.ts";
import { spans } from "../src/views/spans.ts";
import { stacked } from "../src/views/stacked.ts";
import { strip } from "../src/views/strip.ts";
import { table } from "../src/views/table.ts";
import { timeline } from "../src/views/timeline.ts";
import { fixture } from "./fixture.mjs";
import { paper } from "./paper.mjs";

const page = paper(800, 400);
const theme = (): typeof lightTheme => lightTheme;
const nothing = (): void => undefined;
const described = { title: "", lines: [] };
let host = page.host();
afterEach(() => {
  host = page.host();
});

interface View {
  draw(): void;
  destroy(): void;
}
// Draws, draws again, and leaves its host as it was.
function lives<V extends View>(view: V): V {
  page.draw();
  view.draw();
  page.draw();
  return view;
}
function ends(view: View): void {
  view.destroy();
  page.draw();
  expect(host.children).toEqual([]);
}

// Columns of a graph, those that are not given filled up.
function shapeOf(of: { id: string[]; x?: number[]; y?: number[]; failed?: number[]; from?: number[]; to?: number[]; flow?: number[] }): GraphShape {
  const { id } = of;
  const zeros = id.map(() => 0);
  const edges = (of.from ?? []).map(() => 0);
  const columns: Graph = {
    id,
    x: Float64Array.from(of.x ?? zeros),
    y: Float64Array.from(of.y ?? zeros),
    slot: Uint8Array.from(id, (_, i) => i % 8),
    tasks: Float64Array.from(id, () => 2),
    failed: Float64Array.from(of.failed ?? zeros),
    running: Float64Array.from(zeros),
    from: Uint32Array.from(of.from ?? []),
    to: Uint32Array.from(of.to ?? []),
    flow: Uint8Array.from(of.flow ?? edges),
    count: Float64Array.from(edges, () => 2),
  };
  return new GraphShape(columns);
}
const modelOf = (shape: GraphShape): GraphModel => ({ shape, summary: "", theme, label: (i) => shape.graph.id[i] as string, note: () => "", describe: () => described, onSelect: nothing, onOpen: nothing });

describe("a view finds what it drew", () => {
  it("curves: the line under the pointer, nothing between lines", () => {
    const line = (id: string, level: number) => ({ id, label: id, runs: 2, slot: 0, x: [0, 1, 2], mean: [level, level, level], low: [level, level, level], high: [level, level, level] });
    const view = lives(curves(host, { curves: [line("low", 0), line("high", 10)], xName: "step", yName: "loss", summary: "", theme, onSelect: nothing }));
    // 52 to 610 across, 366 to 12 down; 6 % above and below.
    const found = [...Array(400).keys()].map((y) => view.hit(331, y)?.id).filter((id) => id !== undefined);
    expect(new Set(found)).toEqual(new Set(["high", "low"]));
    expect(found[0]).toBe("high");
    expect(view.hit(331, 190)).toBeNull();
    view.select("low");
    ends(view);
  });
  it("graph: the box at a place, at any zoom", () => {
    const shape = shapeOf({ id: ["a", "b"], x: [0, 1], failed: [1, 1], from: [0], to: [1] });
    const view = lives(graph(host, modelOf(shape)));
    const middle = (): (string | undefined)[] => [...Array(800).keys()].map((x) => view.hit(x, Number.parseFloat(host.style.height ?? "170") / 2) ?? undefined);
    const before = middle();
    expect(new Set(before)).toEqual(new Set([undefined, "a", "b"]));
    expect(before.indexOf("a")).toBeLessThan(before.indexOf("b"));
    view.zoom(0.5);
    expect(middle().filter((id) => id === "a").length).toBeLessThan(before.filter((id) => id === "a").length);
    view.select("b");
    ends(view);
  });
  it("graph: stays where the reader looks while it grows", () => {
    const row = (size: number, name = ""): GraphShape => shapeOf({ id: Array.from({ length: size }, (_, i) => `${name}${i}`), x: Array.from({ length: size }, (_, i) => i) });
    const view = lives(graph(host, modelOf(row(3))));
    const seen = (): (string | null)[] => {
      page.draw();
      return [...Array(800).keys()].map((x) => view.hit(x, Number.parseFloat(host.style.height ?? "170") / 2));
    };
    view.show(modelOf(row(4)));
    expect(seen()).toContain("3");
    view.zoom(2);
    const close = seen();
    view.show(modelOf(row(40)));
    expect(seen()).toEqual(close);
    view.show(modelOf(row(5, "other ")));
    expect(seen()).toContain("other 4");
    view.zoom(2);
    view.fit();
    expect(seen()).toContain("other 0");
    ends(view);
  });
  it("graph: a failure far away is seen among its neighbours", () => {
    const numbers = Array.from({ length: 400 }, (_, i) => i);
    const shape = shapeOf({ id: numbers.map(String), x: numbers, failed: numbers.map((i) => (i === 200 ? 1 : 0)) });
    const view = graph(host, modelOf(shape));
    const pen = (host.children[0] as HTMLCanvasElement).getContext("2d") as CanvasRenderingContext2D;
    const painted: { colour: string; high: number }[] = [];
    let scale = 1;
    pen.scale = (x) => (scale = x);
    pen.fillRect = (_x, _y, _wide, high) => painted.push({ colour: String(pen.fillStyle), high: high * scale });
    page.draw();
    expect(painted.at(-1)?.colour).toBe(lightTheme.status.failed);
    expect(painted.at(-1)?.high).toBeGreaterThanOrEqual(3);
    expect(painted.at(-2)?.colour).toBe(lightTheme.surface);
    expect(painted.at(-3)?.high).toBeLessThan(2);
    ends(view);
  });
  it("heat: the cell, and none in the margins", () => {
    const view = lives(
      heat(host, { rows: ["r0", "r1"], columns: 4, values: [[0, 1, 2, NaN], [1, 1, 1, 1]], unit: "W", quantity: "power", summary: "", groups: [], theme, describe: () => described, onSelect: nothing }),
    );
    expect(view.hit(145, 30)).toEqual([0, 0]);
    expect(view.hit(791, 30)).toEqual([0, 3]);
    expect(view.hit(20, 30)).toBeNull();
    expect(view.hit(400, 10)).toBeNull();
    expect(view.hit(791, 300)).toEqual([1, 3]);
    view.select(1, 2);
    ends(view);
  });
  it("stacked: the bar of a row", () => {
    const view = lives(
      stacked(host, { rows: [{ id: "a", label: "a", parts: [1, 2] }, { id: "b", label: "b", parts: [NaN, 1] }], parts: ["x", "y"], quantity: "energy", unit: "J", summary: "", words: String, theme, onSelect: nothing }),
    );
    expect(view.hit(200, 30)).toBe("a");
    expect(view.hit(200, 24 + 45)).toBe("b");
    expect(view.hit(200, 5)).toBeNull();
    expect(view.hit(200, 399)).toBeNull();
    view.select("b");
    ends(view);
  });
  it("strip: the pixel of a time", () => {
    const view = lives(strip(host, { name: "power", unit: "W", fromNs: 0, toNs: 1e9, min: [0, 1, NaN], max: [1, 2, NaN], mean: [0.5, 1.5, NaN], slot: 0, summary: "", theme }));
    expect(view.hit(141, 50)).toBe(0);
    expect(view.hit(140 + 650 / 2, 50)).toBe(1);
    expect(view.hit(789, 50)).toBe(2);
    expect(view.hit(100, 50)).toBe(-1);
    expect(view.hit(795, 50)).toBe(-1);
    view.select(1);
    ends(view);
  });
  it("pareto: the nearest mark", () => {
    const point = (id: string, cost: number, quality: number) => ({ id, number: id, cost, costU95: 1, quality, front: true, best: false, truth: "measured" as const });
    const view = lives(
      pareto(host, { points: [point("a", 1, 1), point("b", 9, 9)], costName: "energy", costUnit: "J", qualityName: "loss", minimise: true, summary: "", theme, describe: () => described, onHover: nothing, onSelect: nothing }),
    );
    const found = new Set<string | null>();
    for (let x = 0; x < 800; x += 5) for (let y = 0; y < 400; y += 5) found.add(view.hit(x, y));
    expect(found).toEqual(new Set([null, "a", "b"]));
    view.select("a");
    ends(view);
  });
  it("timeline and spans: the task at a time in its row", () => {
    const report = fixture({ steps: 5 });
    const tasks = tasksOf(report);
    const view = lives(
      timeline(host, { tasks, workflows: report.workflows, colourSlot: new Uint8Array(tasks.activities.length), endNs: 90e9, summary: "", theme, label: () => "", describe: () => described, onSelect: nothing }),
    );
    const found = new Set<number>();
    for (let x = 0; x < 800; x += 4) for (let y = 0; y < 400; y += 4) found.add(view.hit(x, y));
    expect(found.size).toBeGreaterThan(5);
    expect(view.hit(5, 5)).toBe(-1);
    view.select(0);
    ends(view);

    const bars = spans(host, {
      spans: { lanes: [{ label: "a", group: "h" }, { label: "b", group: "h" }], endNs: 100, lane: [0, 1], startNs: Float64Array.of(0, 50), durationNs: Float64Array.of(50, 50), slot: Uint32Array.of(0, 1), status: ["finished", "failed"], count: [1, 7], id: ["one", null] },
      summary: "", theme, palette: (t) => t.activity, label: () => "", describe: () => described, onSelect: nothing, onOpen: nothing, onWindow: nothing,
    });
    lives(bars);
    expect(bars.hit(200, 30)).toBe(0);
    expect(bars.hit(700, 30)).toBe(-1);
    expect(bars.hit(700, 48)).toBe(1);
    expect(bars.hit(20, 30)).toBe(-1);
    bars.select("one");
    ends(bars);
  });
  it("lineage: the box of an object or task", () => {
    const report = fixture({ steps: 2 });
    const found = report.lineage;
    if (!found) throw new Error("fixture");
    const view = lives(lineage(host, { nodes: found.nodes, edges: found.edges, target: found.object_id, summary: "", theme, colourOf: () => "#000000", describe: () => described, onSelect: nothing }));
    const boxes = new Set<unknown>();
    for (let x = 0; x < 800; x += 8) for (let y = 0; y < 400; y += 8) boxes.add(view.hit(x, y));
    expect(boxes.has(null)).toBe(true);
    expect(boxes.size).toBeGreaterThan(4);
    view.select(found.object_id);
    ends(view);
  });
  it("table: the row under a point", () => {
    const view = lives(table(host, { caption: "", columns: [{ name: "n", text: (n: number) => String(n) }], rows: [1, 2], id: String, onSelect: nothing }));
    const [first, second] = page.find(host, "tbody").children;
    first.box = { left: 0, top: 28, right: 100, bottom: 52 };
    second.box = { left: 0, top: 52, right: 100, bottom: 76 };
    expect(view.hit(5, 30)).toBe("1");
    expect(view.hit(5, 60)).toBe("2");
    expect(view.hit(5, 10)).toBeNull();
    view.select("2");
    ends(view);
  });
  it("conservation: the card, its parts, and whether they add up", () => {
    const part = (value: number | null, slot: number) => ({ label: String(slot), value, slot });
    const one: Conserved = { id: "node/cpu", truth: "measured", parts: [part(3, 0), part(null, 1), part(1, 2)], whole: 4, note: "" };
    expect(sumOfParts(one)).toBe(4);
    expect([partAt(one, 0.5), partAt(one, 0.8), partAt(one, 1.1)]).toEqual([0, 2, -1]);
    expect([addsUp(one), addsUp({ ...one, whole: 5 }), addsUp({ ...one, whole: null })]).toEqual([true, false, null]);
    let chosen: string | null = null;
    const view = lives(conservation(host, { items: [one, { ...one, id: "gpu" }], unit: "J", theme, onSelect: (id) => (chosen = id) }));
    const [card] = host.children[0].children;
    card.box = { left: 0, top: 0, right: 300, bottom: 200 };
    expect(view.hit(10, 10)).toBe("node/cpu");
    card.tell("click", {});
    expect(chosen).toBe("node/cpu");
    view.select("gpu");
    ends(view);
  });
});
