// How well sensors were read, in words.
import type { SensorGapsAnswer } from "../api/answers.ts";
import { duration } from "../views/number.ts";

// "2 × no permission 500 ms, not read 4.00 s"; "" where nothing is missing.
export function gapWords(gaps: SensorGapsAnswer["gaps"]): string {
  const sums = new Map<string, { count: number; ns: number }>();
  for (const one of gaps) {
    const sum = sums.get(one.reason) ?? { count: 0, ns: 0 };
    sums.set(one.reason, { count: sum.count + 1, ns: sum.ns + one.to_ns - one.from_ns });
  }
  return [...sums].sort(([, a], [, b]) => b.ns - a.ns).map(([reason, { count, ns }]) => `${count > 1 ? `${count} × ` : ""}${reason} ${duration(ns / 1e9)}`).join(", ");
}
