import { describe, expect, it } from "vitest";
import { tasksOf } from "../src/api/tasks.ts";
import { ranked } from "../src/report/configurations.ts";
import { valueLines } from "../src/report/details.ts";
import { lineageTitle } from "../src/report/lineage_section.ts";
import { summarise, timelineTitle } from "../src/report/summary.ts";
import { barLabels } from "../src/report/timeline_section.ts";
import { compare } from "../src/views/table.ts";
import { fixture } from "./fixture.mjs";

const report = fixture({ steps: 5 });
const plain = (text: string): string => text.replace(/[\u2009\u00a0]/g, " ");

describe("the answer", () => {
  it("names the best configuration, its quality, its marked energy and its time", () => {
    const { headline, sentences } = summarise(report);
    expect(plain(headline)).toMatch(/^Best: lr 0\.001 · frozen_blocks 0 · width 128 · dataset_share 1 reaches val_loss 2\.02 for ≈ [\d.]+ J in [\d.]+ s$/);
    expect(plain(sentences.join(" "))).toMatch(/The cheapest on the energy front is 6 .* less energy .*\(12 % higher\)/);
    expect(plain(sentences.join(" "))).toMatch(/\d of 9 configurations are dominated/);
  });
  it("says why there is none, instead of inventing one", () => {
    const { headline, sentences } = summarise({ ...report, tradeoff: null, tradeoff_missing: "No task generated a loss." });
    expect(plain(headline)).toMatch(/^llm_finetune: .* tasks in 5 workflows/);
    expect(sentences).toEqual(["No task generated a loss."]);
  });
  it("leaves out what was not measured at all", () => {
    const tradeoff = report.tradeoff;
    if (!tradeoff) throw new Error("fixture");
    const blind = tradeoff.configurations.map((c) => ({ ...c, energy_j: null, energy_u95_j: null, energy_truth: null, energy_front: false, energy_dominated_by: null }));
    const { headline } = summarise({ ...report, tradeoff: { ...tradeoff, configurations: blind } });
    expect(headline).not.toMatch(/J|≈|null|NaN/);
  });
  it("titles say what their charts show", () => {
    expect(plain(timelineTitle(report))).toBe("finetune took 49 % of the workflows' time");
    expect(lineageTitle(report)).toBe("best.pt comes from 9 sources through 4 tasks in 4 workflows");
  });
});

describe("configurations", () => {
  it("are numbered by quality, those without one last", () => {
    const all = report.tradeoff ? ranked(report.tradeoff) : [];
    const qualities = all.map((r) => r.configuration.quality);
    expect(qualities[qualities.length - 1]).toBeNull();
    const known = qualities.filter((q): q is number => q !== null);
    expect(known).toEqual([...known].sort((a, b) => a - b));
    expect(all[0]?.best).toBe(true);
  });
});

describe("words of bars and tables", () => {
  it("tell a bar from its neighbours", () => {
    const tasks = tasksOf(report);
    const label = barLabels(report, tasks);
    const row = tasks.row(report.tradeoff?.best ?? "");
    expect(label(row)).toMatch(/^1 {2}finetune lr 0\.001 · /);
    expect(label([...tasks.parent].indexOf(row))).toBe("epoch 0");
  });
  it("take hostile and broken values as text", () => {
    expect(valueLines('{"a":{"b":[1,2]},"c":"<img src=x>"}')).toEqual([["a", '{"b":[1,2]}'], ["c", "<img src=x>"]]);
    expect(valueLines("{broken")).toEqual([["", "{broken"]]);
    expect(valueLines('{"loss":{"$float":"nan"},"at":{"$time":"2026-11-21T14:37:05Z"},"big":{"$int":"36893488147419103232"}}')).toEqual([
      ["loss", "nan"],
      ["at", "2026-11-21T14:37:05Z"],
      ["big", "36893488147419103232"],
    ]);
    expect(valueLines("[1]")).toEqual([["", "[1]"]]);
    expect(valueLines(undefined)).toEqual([]);
  });
  it("sort missing values last both ways", () => {
    expect(compare(null, 3, false)).toBe(1);
    expect(compare(null, 3, true)).toBe(1);
    expect(compare(2, 10, false)).toBeLessThan(0);
    expect(compare("step 2", "step 10", false)).toBeLessThan(0);
  });
});
