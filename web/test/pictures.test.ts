// What the page, the report and notebooks make of an answer before it is drawn.
import { describe, expect, it } from "vitest";
import type { DiffAnswer } from "../src/api/answers.ts";
import { unpack } from "../src/api/columns.ts";
import { conserved, costsAmong, costsOf } from "../src/pictures/costs.ts";
import { curvePicture } from "../src/pictures/curves.ts";
import { diffColumns, diffRows, diffTitle } from "../src/pictures/diff.ts";
import { graphNote } from "../src/pictures/graph.ts";
import { ranksPicture } from "../src/pictures/ranks.ts";
import { tradeoffOf } from "../src/report/one_view.ts";
import { lightTheme } from "../src/views/colour.ts";
import { addsUp } from "../src/views/conservation.ts";
import { fixture } from "./fixture.mjs";

const { views } = fixture({ steps: 3 });
const theme = (): typeof lightTheme => lightTheme;
const nothing = (): void => undefined;
const plain = (text: string): string => text.replace(/[\u2009\u00a0]/g, " ");

describe("where it went", () => {
  it("adds the parts of a domain up to what was measured", () => {
    const [cpu] = conserved(views.energy);
    expect(cpu?.parts.map((part) => part.value)).toEqual([450, 12, 80, 3]);
    expect(cpu && addsUp(cpu)).toBe(true);
    expect(cpu?.truth).toBe("estimated");
  });
  it("keeps what is not there apart from zero", () => {
    const [cpu] = conserved({ ...views.energy, rows: views.energy.rows.filter((row) => row[3] === "attributed") });
    expect(cpu?.whole).toBeNull();
    expect(cpu?.parts.map((part) => part.value)).toEqual([450, null, null, null]);
    expect(cpu && addsUp(cpu)).toBeNull();
  });
  it("lays what others took elsewhere where only some are meant", () => {
    const some = costsAmong(views.energy, new Set(costsOf(views.energy).energy.slice(1, 3).map((row) => row.id)));
    const [cpu] = conserved(some);
    expect(cpu?.parts.map((part) => part.value)).toEqual([65 + 90, 12 + 40 + 115 + 140, 80, 3]);
    expect(cpu && addsUp(cpu)).toBe(true);
    expect(costsOf(some).energy.map((row) => row.parts)).toEqual([[65], [90]]);
    const bare = { ...views.energy, rows: views.energy.rows.filter((row) => row[3] !== "elsewhere") };
    expect(conserved(costsAmong(bare, new Set()))[0]?.parts.map((part) => part.value)).toEqual([null, 450, 80, 3]);
  });
  it("gives each workflow its own bar", () => {
    const costs = costsOf(views.energy);
    expect(costs.energy.map((row) => row.parts)).toEqual([[40], [65], [90], [115], [140]]);
    expect(costs.time[1]?.parts).toEqual([23]);
  });
});

describe("pictures and their tables", () => {
  it("ranks: means leave out what was not captured", () => {
    const [busy] = views.ranks;
    if (!busy) throw new Error("fixture");
    const values = unpack(busy.values, busy.ranks.length * busy.bins);
    const picture = ranksPicture(busy, values, theme);
    expect(picture.rows).toHaveLength(6);
    expect(picture.rows.every((row) => row.mean > 0 && row.mean <= row.most && row.most <= 1)).toBe(true);
    const none = ranksPicture({ ...busy, ranks: busy.ranks.slice(0, 1) }, new Float64Array(busy.bins).fill(NaN), theme);
    expect(none.columns[1]?.text(none.rows[0] as (typeof none.rows)[number])).toBe("not captured");
  });
  it("curves: one a group of repeats, the best first", () => {
    const [loss] = views.curves;
    if (!loss) throw new Error("fixture");
    const picture = curvePicture(loss, theme, nothing);
    expect(picture.rows.map((curve) => curve.runs)).toEqual([1, 3, 3]);
  });
  it("graph: says what is inferred and what is not shown", () => {
    expect(views.graphs.map(graphNote)[0]).toBe("Dotted: lies in it. Arrows run with the data. Every edge was captured.");
    expect(graphNote(views.graphs[1] as (typeof views.graphs)[number])).toContain("Showing 4 of 7");
    expect(graphNote(views.graphs[1] as (typeof views.graphs)[number])).toContain("Dashed: 1 edge inferred");
  });
  it("diff: sections in order, changes with their sign", () => {
    const answer = views.diff as DiffAnswer;
    const rows = diffRows(answer);
    expect(rows.map((line) => line.section)).toEqual(["code", "metrics", "time"]);
    const change = diffColumns(answer)[2];
    expect(rows.map((line) => plain(change?.text(line) ?? ""))).toEqual(["≠", "−9.5 %", "+30 %"]);
    expect(diffTitle(answer)).toBe("pretrain against prepare: 3 differences");
  });
});

describe("a trade-off from rows", () => {
  const row = (task_id: string, quality: number | null, energy_j: number | null, time_s: number | null) => ({ task_id, config: task_id, quality, time_s, energy_j, energy_u95_j: null, energy_truth: energy_j === null ? null : ("measured" as const) });
  it("finds the fronts of energy and of time, and who beats whom", () => {
    const made = tradeoffOf({ quality: "loss", minimise: true, activity: "fit", rows: [row("a", 1, 10, 5), row("b", 2, 5, 9), row("c", 3, 8, 1), row("d", null, 1, 1), row("e", 2.5, null, 6)] });
    expect(made.configurations.map((one) => one.energy_front)).toEqual([true, true, false, false, false]);
    expect(made.configurations.map((one) => one.time_front)).toEqual([true, false, true, false, false]);
    expect(made.configurations.map((one) => one.energy_dominated_by)).toEqual([null, null, "b", null, null]);
    expect(made.configurations.map((one) => one.time_dominated_by)).toEqual([null, "a", null, null, "a"]);
    expect(made.best).toBe("a");
  });
  it("has no best without a quality", () => {
    expect(tradeoffOf({ quality: "acc", minimise: false, activity: "fit", rows: [row("a", null, 1, 1)] }).best).toBeNull();
  });
});
