// Where each task lies: one lane a thread, as many rows in it as its tasks nest or overlap.
import type { Tasks } from "../api/tasks.ts";

export interface Row {
  readonly place: number;
  readonly depth: number;
  readonly tasks: Int32Array; // by start; no two overlap, so ends are ordered too
}

// What places a bar in time; tasks have it, and so have spans of many tasks.
export type Timed = Pick<Tasks, "startNs" | "durationNs">;

export interface Lane {
  readonly place: number;
  readonly rows: readonly Row[];
}

export function endOf(tasks: Timed, row: number, openEndNs: number): number {
  const length = tasks.durationNs[row] as number;
  const start = tasks.startNs[row] as number;
  return Number.isNaN(length) ? Math.max(openEndNs, start) : start + length;
}

// Rows of a lane: a child lies below its parent, siblings that overlap (coroutines) below each other.
export function lanesOf(tasks: Tasks, openEndNs: number): Lane[] {
  const byPlace: number[][] = tasks.places.map(() => []);
  for (let row = 0; row < tasks.rows; row++) byPlace[tasks.place[row] as number]?.push(row);
  const depthOf = new Int32Array(tasks.rows).fill(-1);
  const lanes: Lane[] = [];
  byPlace.forEach((members, place) => {
    if (members.length === 0) return;
    members.sort((a, b) => {
      const from = (tasks.startNs[a] as number) - (tasks.startNs[b] as number);
      return from !== 0 ? from : endOf(tasks, b, openEndNs) - endOf(tasks, a, openEndNs) || a - b;
    });
    const rows: number[][] = [];
    const ends: number[] = [];
    for (const task of members) {
      const parent = tasks.parent[task] as number;
      const under = parent >= 0 && tasks.place[parent] === place ? (depthOf[parent] as number) + 1 : 0;
      const start = tasks.startNs[task] as number;
      let depth = Math.max(0, under);
      while (depth < rows.length && (ends[depth] as number) > start) depth++;
      while (rows.length <= depth) {
        rows.push([]);
        ends.push(-Infinity);
      }
      (rows[depth] as number[]).push(task);
      ends[depth] = endOf(tasks, task, openEndNs);
      depthOf[task] = depth;
    }
    lanes.push({
      place,
      rows: rows.map((list, depth) => ({ place, depth, tasks: Int32Array.from(list) })),
    });
  });
  return lanes;
}

// The first task of a row that ends after the given time; rows are ordered, so by halves.
export function firstEndingAfter(tasks: Timed, row: Row, atNs: number, openEndNs: number): number {
  let low = 0;
  let high = row.tasks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(tasks, row.tasks[middle] as number, openEndNs) > atNs) high = middle;
    else low = middle + 1;
  }
  return low;
}

// The task of a row at a time, or the closest one within the reach; -1 for none.
export function taskAt(tasks: Timed, row: Row, atNs: number, reachNs: number, openEndNs: number): number {
  const index = firstEndingAfter(tasks, row, atNs, openEndNs);
  let best = -1;
  let least = reachNs;
  for (const candidate of [index - 1, index]) {
    const task = row.tasks[candidate];
    if (task === undefined) continue;
    const start = tasks.startNs[task] as number;
    const end = endOf(tasks, task, openEndNs);
    const distance = atNs < start ? start - atNs : atNs > end ? atNs - end : 0;
    if (distance <= least) {
      least = distance;
      best = task;
    }
  }
  return best;
}
