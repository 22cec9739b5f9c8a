import { describe, expect, it } from "vitest";
import { brushedOf, brushText, parseBrush, type Brush } from "../src/state/brush.ts";

const campaign = "0000c4a3-6ea1-8f00-8000-000000000001";
const brush: Brush = { campaign, cost: "energy", costs: [10, 20], quality: "val loss*2..3", qualities: [-0.5, 1.25e-7] };
const flow = (n: number): string => `flow${n}`;

describe("a brush", () => {
  it("is a text and back, whatever the quality is called", () => {
    expect(brushText(brush)).toBe(`energy*10..20*val loss*2..3*-0.5..1.25e-7*${campaign}`);
    expect(parseBrush(brushText(brush))).toEqual(brush);
    expect(parseBrush(brushText({ ...brush, cost: "time", costs: [0, 1e21] }))).toEqual({ ...brush, cost: "time", costs: [0, 1e21] });
  });

  it("is nothing where the text is none", () => {
    for (const text of ["", "a,b", `energy*1..2*q*1..2*x`, `power*1..2*q*1..2*${campaign}`, `energy*...*q*1..2*${campaign}`, `energy*1..2**1..2*${campaign}`]) expect(parseBrush(text), text).toBeNull();
  });

  const answer = {
    columns: ["config", "val loss*2..3", "time_s", "energy_j", "task_id", "workflow_id"].map((name) => ({ name, type: "text", unit: null })),
    rows: [
      ["a", 0, 5, 10, "task1", flow(1)],
      ["b", 0, 5, 20.5, "task2", flow(1)],
      ["c", -0.2, 50, 15, "task3", flow(2)],
      ["d", null, 5, 15, "task4", flow(3)],
      ["e", 0, 5, null, "task5", flow(3)],
    ],
  };

  it("holds what lies in both ranges, and their workflows", () => {
    const found = brushedOf(answer, brush);
    expect([[...found.tasks], [...found.flows], found.allTasks, found.allFlows]).toEqual([["task1", "task3"], ["flow1", "flow2"], 5, 3]);
    expect([...brushedOf(answer, { ...brush, cost: "time" }).tasks]).toEqual([]);
  });

  it("tells which configurations of a workflow it holds, where not all", () => {
    const found = brushedOf(answer, brush);
    expect([found.partly("flow1"), found.partly("flow2"), found.partly("elsewhere")]).toEqual([["task1"], [], []]);
  });
});
