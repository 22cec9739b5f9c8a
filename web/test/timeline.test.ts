import { describe, expect, it } from "vitest";
import { tasksOf } from "../src/api/tasks.ts";
import { activityColours } from "../src/views/colour.ts";
import { endOf, lanesOf, taskAt } from "../src/views/timeline_rows.ts";
import { fixture } from "./fixture.mjs";

const report = fixture({ steps: 20 });
const tasks = tasksOf(report);
const endNs = (report.of.duration_s ?? 0) * 1e9;
const lanes = lanesOf(tasks, endNs);

describe("rows of the timeline", () => {
  it("hold each task once, and no two of a row overlap", () => {
    const seen = new Set<number>();
    for (const lane of lanes) {
      for (const row of lane.rows) {
        let last = -Infinity;
        for (const task of row.tasks) {
          expect(seen.has(task)).toBe(false);
          seen.add(task);
          expect(tasks.startNs[task]).toBeGreaterThanOrEqual(last);
          last = endOf(tasks, task, endNs);
        }
      }
    }
    expect(seen.size).toBe(tasks.rows);
  });
  it("put a child below its parent on the same thread", () => {
    const depth = new Map<number, number>();
    for (const lane of lanes) for (const row of lane.rows) for (const task of row.tasks) depth.set(task, row.depth);
    for (let task = 0; task < tasks.rows; task++) {
      const parent = tasks.parent[task] as number;
      if (parent >= 0 && tasks.place[parent] === tasks.place[task]) {
        expect(depth.get(task)).toBeGreaterThan(depth.get(parent) as number);
      }
    }
  });
  it("find the task under the pointer, and the nearest within reach", () => {
    for (const lane of lanes) {
      for (const row of lane.rows) {
        for (const task of row.tasks) {
          const middle = ((tasks.startNs[task] as number) + endOf(tasks, task, endNs)) / 2;
          expect(taskAt(tasks, row, middle, 0, endNs)).toBe(task);
        }
        const first = row.tasks[0] as number;
        const before = (tasks.startNs[first] as number) - 100;
        expect(taskAt(tasks, row, before, 50, endNs)).toBe(-1);
        expect(taskAt(tasks, row, before, 150, endNs)).toBe(first);
      }
    }
  });
});

describe("colours", () => {
  it("go to the heaviest seven; more share the eighth", () => {
    const slots = activityColours([1, 9, 8, 7, 6, 5, 4, 3, 2]);
    expect([...slots]).toEqual([7, 0, 1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(activityColours([3, 2, 1])).size).toBe(3);
  });
});
