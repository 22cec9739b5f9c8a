import { describe, expect, it } from "vitest";
import { axisLabels, bytes, duration, energy, grouped, percent, ratio, scalar, si, significant } from "../src/views/number.ts";

const plain = (text: string): string => text.replace(/[\u2009\u00a0]/g, " ");

describe("three significant digits", () => {
  it.each([
    [12_437, "J", "12.4 kJ"],
    [999.96, "J", "1.00 kJ"],
    [999.4, "J", "999 J"],
    [3.8249, "s", "3.82 s"],
    [1_213_000_000, "B", "1.21 GB"],
    [0.000_000_034, "s", "34.0 ns"],
    [0.0099996, "W", "10.0 mW"],
    [0, "J", "0 J"],
    [-1500, "J", "-1.50 kJ"],
    [100, "J", "100 J"],
  ])("%d %s", (value, unit, text) => expect(plain(si(value, unit))).toBe(text));
  it("says missing, never zero, for what is not known", () => {
    expect(si(null, "J")).toBe("–");
    expect(si(Number.NaN, "J")).toBe("–");
  });
  it.each([
    [2.0213, "2.02"],
    [0.04359, "0.0436"],
    [123456, "123 456"],
    [9.996, "10.0"],
    [0.0001, "1e-4"],
    [1e9, "1e9"],
  ])("bare %d", (value, text) => expect(plain(significant(value))).toBe(text));
});

describe("durations", () => {
  it.each([
    [0.0042, "4.20 ms"],
    [119, "119 s"],
    [133, "2 min 13 s"],
    [3600 * 5 + 60 * 7, "5 h 7 min"],
    [86400 * 3 + 3600, "3 d 1 h"],
  ])("%d s", (value, text) => expect(plain(duration(value))).toBe(text));
});

describe("marks and values", () => {
  it("marks energy that was not measured", () => {
    expect(plain(energy(412, "estimated"))).toBe("≈ 412 J");
    expect(plain(energy(412, "mixed"))).toBe("≈ 412 J");
    expect(plain(energy(412, "measured"))).toBe("412 J");
    expect(energy(null, "estimated")).toBe("–");
  });
  it("keeps a set-up's own values apart", () => {
    expect(scalar(0.0003)).toBe("0.0003");
    expect(scalar(5061022)).toBe("5061022");
    expect(scalar(1e-8)).toBe("1e-8");
    expect(scalar(true)).toBe("true");
    expect(scalar(null)).toBe("–");
  });
  it("groups, compares, shares", () => {
    expect(plain(grouped(1204331))).toBe("1 204 331");
    expect(ratio(2.34)).toBe("2.3×");
    expect(plain(percent(0.496))).toBe("50 %");
  });
  it("gives an axis one prefix and the digits of its step", () => {
    expect(axisLabels([400, 600, 800, 1000], "J")).toEqual({ labels: ["0.4", "0.6", "0.8", "1.0"], unit: "kJ" });
    expect(axisLabels([2, 2.05, 2.1], "").labels).toEqual(["2.00", "2.05", "2.10"]);
  });
});

describe("bytes", () => {
  it("writes whole ones whole", () => {
    expect([7, 999, 1000, 197_000, null].map((value) => plain(bytes(value)))).toEqual(["7 B", "999 B", "1.00 kB", "197 kB", "–"]);
  });
});
