// Questions about energy: what moved, in which order, and tables of whatever an answer lists.
import { describe, expect, it } from "vitest";
import { nodesTitle, ranksTitle, slopesOf, tableOf, type RanksAnswer } from "../src/pictures/energy_questions.ts";
import { columnsOf } from "../src/widgets/cells.ts";

const plain = (text: string): string => text.replace(/[\u2009\u202f\u00a0]/g, " ");
const rank = (id: string, time: number, energy: number, sure: boolean): RanksAnswer["rows"][number] => ({ task_id: id, activity: "train", workflow: "w", duration_s: 1, energy_j: 1, u95_j: 0.1, truth: "measured", time_rank: time, energy_rank: energy, moved: time - energy, is_sure: sure });
const ranks = (rows: RanksAnswer["rows"]): RanksAnswer => ({ activity: null, tasks: 5, spearman: 0.4, inversions: rows.length, rows });

describe("rank inversions", () => {
  it("show what surely moved before what may have", () => {
    expect(slopesOf(ranks([rank("a", 1, 5, false), rank("b", 3, 2, true), rank("c", 4, 3, false)])).map((one) => [one.id, one.left, one.right])).toEqual([["b", 3, 2], ["a", 1, 5], ["c", 4, 3]]);
  });
  it("say how many, and how many beyond doubt", () => {
    expect(ranksTitle(ranks([rank("a", 1, 2, true), rank("b", 2, 1, false)]))).toBe("2 tasks of 5 stand elsewhere by energy than by time, 1 beyond doubt");
    expect(ranksTitle(ranks([rank("a", 1, 2, false)]))).toContain("none of them beyond doubt");
    expect(ranksTitle(ranks([]))).toContain("same order");
  });
});

describe("lists of an answer as tables", () => {
  it("have all names, each once, and the energy's interval behind it", () => {
    const table = tableOf([{ energy_j: 10, u95_j: 2, truth: "mixed" }, { energy_j: null, reason: "too short" }]);
    expect(table.columns.map((one) => one.name)).toEqual(["energy_j", "energy_u95_j", "truth", "reason"]);
    expect(table.rows[1]).toEqual([null, null, null, "too short"]);
    expect(plain(columnsOf(table)[0]?.text(table.rows[0] ?? []) ?? "")).toBe("≈ 10.0 J ± 2.00 J");
    expect(tableOf(undefined)).toMatchObject({ columns: [], rows: [] });
  });
});

describe("nodes", () => {
  it("say what idling took, and nothing of waiting that is not known", () => {
    const node = { hostname: "n1", domain: "node/gpu-0", measured_j: 100, attributed_j: 70, elsewhere_j: 0, idle_j: 25, unattributed_j: 5, truth: "measured" as const };
    const title = plain(nodesTitle({ nodes: [node], stragglers: { excess_s: 1, excess_j: null, rows: [] }, waiting: { waited_s: 0, waiting_j: null, parts: [], waves: [] } }));
    expect(title).toBe("Idle took 25.0 J, 25 % of what was counted; stragglers not known");
  });
});
