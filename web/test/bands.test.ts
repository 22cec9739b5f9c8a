// Bands under the lanes: what holds until when, on which scale, and why nothing is known.
import { describe, expect, it } from "vitest";
import { gapWords } from "../src/pictures/sensors.ts";
import { heldValues, isThrottled, scaleOf, throttleWords } from "../src/views/bands.ts";
import { gapAt } from "../src/views/strip.ts";

const plain = (text: string): string => text.replace(/[\u2009\u202f\u00a0]/g, " ");
const second = 1e9;

describe("bands", () => {
  it("hold a value until the next reading, and not for ever", () => {
    const values = heldValues([0, second], [1, 5], [1, 3], 0, 10 * second, 10);
    expect([...values]).toEqual([1, 5, 3, NaN, NaN, NaN, NaN, NaN, NaN, NaN]);
  });
  it("keep the greatest of a pixel, and what began before the window", () => {
    expect([...heldValues([0, 1, 2], [1, 9, 2], [1, 9, 2], 0, 4 * second, 4)].slice(0, 1)).toEqual([9]);
    expect([...heldValues([-second], [7], [7], 0, 2 * second, 2)]).toEqual([7, NaN]);
    expect([...heldValues([], [], [], 0, second, 2)]).toEqual([NaN, NaN]);
  });
  it("have a scale that says its end", () => {
    const heat = scaleOf("hw.temperature", "Cel", "nvml", 71);
    expect([heat.level(20), heat.level(100), plain(heat.end), plain(heat.words(71))]).toEqual([0, 1, "100 °C", "71.0 °C"]);
    expect([scaleOf("hw.gpu.utilization", "1", "nvml", 0.4).level(0.4), scaleOf("hw.gpu.utilization", "%", "x", 40).level(40)]).toEqual([0.4, 0.4]);
    expect(scaleOf("hw.power", "W", "x", 0).level(0)).toBe(0);
  });
  it("tell what holds a device down from what does not", () => {
    expect([0, 0x1, 0x2, 0x4, 0x40].map(isThrottled)).toEqual([false, false, false, true, true]);
    expect(throttleWords(0x44)).toBe("power limit, temperature, by hardware");
    expect(throttleWords(0)).toBe("none");
    expect(scaleOf("hw.gpu.throttle_reasons", "1", "amdsmi", 16).words(16)).toContain("0x10");
  });
});

describe("gaps of sensors", () => {
  it("say how often, why and how long", () => {
    const gap = (from: number, to: number, reason: string) => ({ sensor_id: 1, from_ns: from, to_ns: to, reason, readings: 0 });
    expect(plain(gapWords([gap(0, 2e8, "no permission"), gap(5e8, 8e8, "no permission"), gap(1e9, 5e9, "not read")]))).toBe("not read 4.00 s, 2 × no permission 500 ms");
    expect(gapWords([])).toBe("");
  });
  it("are found under the pointer", () => {
    const gaps = [{ fromNs: 10, toNs: 20, reason: "gone" }];
    expect([9, 10, 19, 20].map((ns) => gapAt(gaps, ns)?.reason)).toEqual([undefined, "gone", "gone", undefined]);
  });
});
