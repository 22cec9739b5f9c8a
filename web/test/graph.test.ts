// The graph: what is found at a place, what is related, and what is drawn at which zoom.
import { describe, expect, it } from "vitest";
import { lightTheme } from "../src/views/colour.ts";
import { paintGraph, readable, type Sight } from "../src/views/graph_paint.ts";
import { box, cell, flow, GraphShape } from "../src/views/graph_shape.ts";

interface Given {
  x: number[];
  y: number[];
  failed?: number[];
  edges?: [number, number, number?][];
}
function shapeOf({ x, y, failed = x.map(() => 0), edges = [] }: Given): GraphShape {
  return new GraphShape({
    id: x.map(String),
    x: Float64Array.from(x),
    y: Float64Array.from(y),
    slot: Uint8Array.from(x, (_, i) => i % 3),
    tasks: Float64Array.from(x, () => 1),
    failed: Float64Array.from(failed),
    running: new Float64Array(x.length),
    from: Uint32Array.from(edges, (edge) => edge[0]),
    to: Uint32Array.from(edges, (edge) => edge[1]),
    flow: Uint8Array.from(edges, (edge) => edge[2] ?? flow.captured),
    count: Float64Array.from(edges, () => 1),
  });
}

// Layers of different heights, as they come.
const layers = [3, 50, 1, 0, 8].flatMap((high, x) => Array.from({ length: high }, (_, i) => [x, i - (high - 1) / 2] as const)).reverse();
const many = shapeOf({ x: layers.map(([x]) => x), y: layers.map(([, y]) => y) });

// Notes what is drawn.
function pen(): { context: CanvasRenderingContext2D; rects: { colour: string; x: number; y: number; high: number; alpha: number }[]; texts: string[]; lines: number } {
  const seen = { rects: [] as { colour: string; x: number; y: number; high: number; alpha: number }[], texts: [] as string[], lines: 0 };
  const own = {
    fillStyle: "",
    globalAlpha: 1,
    fillRect: (x: number, y: number, _wide: number, high: number) => seen.rects.push({ colour: own.fillStyle, x, y, high, alpha: own.globalAlpha }),
    fillText: (text: string) => seen.texts.push(text),
    measureText: (text: string) => ({ width: text.length * 6 }),
    lineTo: () => seen.lines++,
    bezierCurveTo: () => seen.lines++,
  };
  for (const name of ["save", "restore", "translate", "scale", "beginPath", "moveTo", "setLineDash", "roundRect", "fill", "stroke"]) Object.assign(own, { [name]: () => undefined });
  return Object.assign(seen, { context: own as unknown as CanvasRenderingContext2D });
}
const words = { label: (i: number): string => `task ${i}`, note: (): string => "1 s" };
const sight = (scale: number, size = 1e6): Sight => ({ scale, shiftX: size / 2, shiftY: size / 2, width: size, height: size });
const unmarked = { selected: -1, hovered: -1, related: null };

describe("a graph's shape", () => {
  it("finds each box where it is, and none between", () => {
    for (let i = 0; i < many.size; i++) {
      expect(many.at(many.across(i), many.down(i))).toBe(i);
      expect(many.at(many.across(i) + box.wide / 2 - 1, many.down(i) - box.high / 2 + 1)).toBe(i);
      expect(many.at(many.across(i) + cell.across / 2, many.down(i))).toBe(-1);
      expect(many.at(many.across(i), many.down(i) + cell.down / 2)).toBe(-1);
    }
    expect(shapeOf({ x: [], y: [] }).at(0, 0)).toBe(-1);
  });
  it("relates what leads to a box and what it leads to, round a cycle too", () => {
    const shape = shapeOf({ x: [0, 1, 2, 1, 2, 3], y: [0, 0, 0, 1, 1, 0], edges: [[0, 1], [1, 2], [0, 3], [3, 4], [2, 5], [4, 5], [2, 1]] });
    expect([...shape.related(1)]).toEqual([1, 1, 1, 0, 0, 1]);
    expect([...shape.related(5)]).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...shape.outOf(0)]).toEqual([0, 2]);
    expect([...shape.into(5)]).toEqual([4, 5]);
  });
});

describe("a graph's picture", () => {
  it("draws every box and every failure of thousands, without words", () => {
    const size = 5000;
    const x = Array.from({ length: size }, (_, i) => Math.floor(i / 50));
    const failed = x.map((_, i) => (i % 777 === 5 ? 1 : 0));
    const shape = shapeOf({ x, y: x.map((_, i) => (i % 50) - 24.5), failed, edges: x.flatMap((_, i): [number, number][] => (i + 50 < size ? [[i, i + 50]] : [])) });
    const seen = pen();
    paintGraph(seen.context, shape, lightTheme, words, sight(0.03), unmarked);
    const broken = seen.rects.filter((one) => one.colour === lightTheme.status.failed);
    const edge = seen.rects.filter((one) => one.colour === lightTheme.surface);
    expect(seen.rects.length - broken.length - edge.length).toBe(size);
    expect(edge).toHaveLength(broken.length);
    expect(broken).toHaveLength(failed.filter((one) => one === 1).length);
    // Three pixels on the screen, over what stands beside them.
    expect(broken.every((one) => one.high * 0.03 >= 3)).toBe(true);
    expect(seen.rects.slice(-broken.length)).toEqual(broken);
    expect(seen.texts).toEqual([]);
    expect(seen.lines).toBe(size - 50);
  });
  it("writes words where they can be read, only in sight", () => {
    const seen = pen();
    paintGraph(seen.context, many, lightTheme, words, { ...sight(readable), shiftX: 0, shiftY: 300, width: 300, height: 600 }, unmarked);
    expect(seen.texts).toContain("task 61");
    expect(seen.texts.length).toBeLessThan(2 * many.size);
  });
  it("dims what is not related, at any zoom", () => {
    const shape = shapeOf({ x: [0, 1, 1], y: [0, -0.5, 0.5], edges: [[0, 1], [0, 2, flow.parent]] });
    for (const scale of [0.1, 1]) {
      const seen = pen();
      paintGraph(seen.context, shape, lightTheme, words, sight(scale), { selected: 1, hovered: -1, related: shape.related(1) });
      expect(seen.rects.map((one) => one.alpha).sort()).toEqual([0.35, 1, 1]);
      expect(seen.context.globalAlpha).toBe(1);
    }
  });
});
