import { describe, expect, it } from "vitest";
import { front, staircase } from "../src/views/front.ts";
import { narrowBars, nearest, type ParetoPoint } from "../src/views/pareto.ts";
import { linear } from "../src/views/scale.ts";

// The definition itself, pair by pair.
function slow(points: { cost: number; quality: number }[], minimise: boolean): number[] {
  const good = (q: number): number => (minimise ? -q : q);
  return points
    .map((_, i) => i)
    .filter((i) => {
      const p = points[i] as { cost: number; quality: number };
      return !points.some((q) => q.cost <= p.cost && good(q.quality) >= good(p.quality) && (q.cost < p.cost || good(q.quality) > good(p.quality)));
    });
}

describe("front", () => {
  it("equals the definition on many random sets, ties included", () => {
    let state = 1;
    const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
    for (let round = 0; round < 200; round++) {
      const points = Array.from({ length: 1 + Math.floor(random() * 12) }, () => ({ cost: Math.floor(random() * 6), quality: Math.floor(random() * 6) }));
      for (const minimise of [true, false]) {
        expect([...front(points, minimise)].sort((a, b) => a - b)).toEqual(slow(points, minimise));
      }
    }
  });
  it("never keeps a point without a figure", () => {
    expect(front([{ cost: Number.NaN, quality: 1 }, { cost: 2, quality: 2 }], true)).toEqual([1]);
  });
  it("steps level first, then down", () => {
    expect(staircase([{ cost: 1, quality: 9 }, { cost: 4, quality: 3 }])).toEqual([
      { cost: 1, quality: 9 },
      { cost: 4, quality: 9 },
      { cost: 4, quality: 3 },
    ]);
  });
});

describe("hit", () => {
  const point = (id: string, cost: number, quality: number): ParetoPoint => ({ id, number: id, cost, costU95: null, quality, front: true, best: false, truth: "measured" });
  it("draws bars of uncertainty only where they say something", () => {
    const points = [point("a", 20, 50), point("b", 60, 50), point("c", 100, 50)];
    expect(narrowBars(points.map((p) => ({ ...p, costU95: 4 })))).toBe(true);
    expect(narrowBars(points.map((p) => ({ ...p, costU95: 60 })))).toBe(false);
    expect(narrowBars(points)).toBe(true);
  });
  const x = linear(0, 100, 0, 100);
  const y = linear(0, 100, 100, 0);
  it("takes the nearest mark in reach and nothing beyond", () => {
    const points = [point("a", 20, 50), point("b", 30, 50)];
    expect(nearest(points, x, y, 26, 50)?.id).toBe("b");
    expect(nearest(points, x, y, 24, 52)?.id).toBe("a");
    expect(nearest(points, x, y, 60, 50)).toBeNull();
  });
});
