import { describe, expect, it } from "vitest";
import { linear, padded, ticks, timeLabel, timeTicks } from "../src/views/scale.ts";

describe("linear", () => {
  it("is undone by its inverse, also on a falling axis", () => {
    const scale = linear(2, 10, 300, 20);
    for (const value of [2, 3.3, 10]) expect(scale.value(scale.px(value))).toBeCloseTo(value, 12);
    expect(scale.px(2)).toBe(300);
  });
  it("survives a range of no width", () => expect(linear(5, 5, 0, 100).px(5)).toBe(0));
});

describe("ticks", () => {
  it("stand at round numbers, without the dust of a running sum", () => {
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(-3, 3, 6)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  });
  it("stays finite for what cannot be divided", () => {
    expect(ticks(4, 4, 5)).toEqual([4]);
    expect(ticks(0, Number.POSITIVE_INFINITY, 5)).toEqual([0]);
  });
  it("leaves room around the marks", () => {
    expect(padded([10, 20], 0.1)).toEqual([9, 21]);
    expect(padded([])).toEqual([0, 1]);
    const [low, high] = padded([3]);
    expect(low).toBeLessThan(3);
    expect(high).toBeGreaterThan(3);
  });
});

describe("time", () => {
  it("steps as a clock does", () => {
    expect(timeTicks(0, 90, 6)).toEqual({ step: 15, at: [0, 15, 30, 45, 60, 75, 90] });
    expect(timeTicks(0, 7200, 4).step).toBe(1800);
  });
  it("labels neighbours differently at any zoom", () => {
    for (const span of [1e-7, 3e-5, 0.004, 0.7, 40, 5000, 4e5]) {
      const from = 12.345678;
      const { step, at } = timeTicks(from, from + span, 8);
      const labels = at.map((t) => timeLabel(t, step));
      expect(new Set(labels).size, labels.join(" ")).toBe(at.length);
    }
  });
  it("reads as people write it", () => {
    expect(timeLabel(65, 60)).toBe("1:05");
    expect(timeLabel(3665, 60)).toBe("1:01:05");
    expect(timeLabel(0.25, 0.05)).toBe("250\u2009ms");
    expect(timeLabel(0, 5)).toBe("0");
  });
});
