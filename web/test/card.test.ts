// The card of energy: books that add up, marks on every figure, and what is withheld never as 0.
import { describe, expect, it } from "vitest";
import type { CardActivity, CardDomain, CardLine, EnergyCardAnswer } from "../src/api/answers.ts";
import { activityRows, cardAmong, conservedOf, coverageWords, domainTree, flowBars, missingWords, reasonRows } from "../src/pictures/card.ts";
import { addsUp } from "../src/views/conservation.ts";
import { figure, shownTruth } from "../src/views/number.ts";
import { columnsOf } from "../src/widgets/cells.ts";
import { energyWords, truthWords } from "../src/widgets/facts.ts";

const plain = (text: string): string => text.replace(/[\u2009\u202f\u00a0]/g, " ");
const line = (workflow: string, domain: string, uj: number, more: Partial<CardLine> = {}): CardLine => ({ workflow_id: workflow, workflow: `run ${workflow}`, activity: "step", domain, energy_uj: uj, energy_j: uj / 1e6, u95_j: 0.5, sensor_u95_j: 0.3, split_u95_j: 0.4, truth: "measured", tasks: 2, withheld: 0, coverage: 1, method: "exclusive", assumption: "", ...more });
const books = (domain: string, attributed: number) => ({ domain, truth: "measured" as const, attributed_uj: attributed, elsewhere_uj: 1_000_000, idle_uj: 2_000_000, unattributed_uj: 500_000, measured_uj: attributed + 3_500_000, difference_uj: 0 });
const activity = (name: string, more: Partial<CardActivity>): CardActivity => ({ domain: "gpu", activity: name, resolution: "resolved", group: null, processes: 1, tasks: 4, time_s: 2, power_w: 50, attributed_j: 100, share_j: 100, group_j: 100, group_u95_j: 6, windows: 80, ...more });
const domain = (name: string, parent: string | null, more: Partial<CardDomain> = {}): CardDomain => ({ domain: name, parent, role: "divided", truth: "measured", counters: 1, measured_j: 10, children_j: null, other_j: null, uncompared_j: null, tolerance_j: null, inconsistent: false, coverage: 1, reason: null, ...more });

const card: EnergyCardAnswer = {
  of: "everything",
  idle_policy: "separate",
  total: { energy_j: 16, energy_uj: 16_000_000, u95_j: 1, sensor_u95_j: 0.8, split_u95_j: 0.6, truth: "mixed" },
  lines: [line("a", "gpu", 8_000_000), line("b", "gpu", 4_000_000, { coverage: 0.94 }), line("a", "cpu", 3_000_000, { truth: "emulated" }), line("b", "cpu", 1_000_000, { truth: "emulated" })],
  conservation: [books("gpu", 12_000_000), { ...books("cpu", 4_000_000), truth: "emulated" }],
  conservation_total: { ...books("", 16_000_000), truth: "emulated" },
  reasons: [
    { domain: "gpu", reason: "shorter than the sensor can tell", withheld: true, tasks: 5 },
    { domain: "cpu", reason: "shorter than the sensor can tell", withheld: true, tasks: 7 },
    { domain: "cpu", reason: "read failed", withheld: false, tasks: 1 },
  ],
  activities: [activity("attn", { resolution: "grouped", group: "attn + mlp", attributed_j: null, share_j: 30, group_j: 100 }), activity("mlp", { resolution: "grouped", group: "attn + mlp", attributed_j: null, share_j: 70, group_j: 100, time_s: 6, power_w: 10 }), activity("save", { resolution: "unresolved", attributed_j: null, group_j: 3 })],
  domains: [domain("node/gpu/mig", "node/gpu", { role: "part" }), domain("node", null, { role: "whole" }), domain("node/gpu", "node"), domain("lost", "not here")],
  without_energy: 2,
};

describe("a card of energy", () => {
  it("adds up, each domain and all of them", () => {
    const all = conservedOf(card);
    expect(all.map((one) => one.id)).toEqual(["gpu", "cpu", "all of them"]);
    expect(all.every((one) => addsUp(one))).toBe(true);
  });
  it("hatches what is not measured, or measured on what is emulated", () => {
    expect(conservedOf(card).map((one) => one.parts.map((part) => part.hatched))).toEqual([[false, false, false, false], [true, true, true, true], [true, true, true, true]]);
    const mixed = { ...card, lines: card.lines.map((one) => (one.truth === "emulated" ? { ...one, truth: "mixed" as const } : one)), conservation: [books("gpu", 12_000_000), books("cpu", 4_000_000)] };
    expect(conservedOf(mixed)[1]?.parts.map((part) => part.hatched)).toEqual([true, false, false, false]);
    expect(conservedOf(card)[1]?.truth).toBe("emulated");
    expect(shownTruth("mixed", "emulated by headrace lab")).toBe("emulated");
    expect(shownTruth("estimated", "emulated by headrace lab")).toBe("estimated");
    const bars = flowBars(card);
    expect(bars.domains).toEqual(["gpu", "cpu"]);
    expect(bars.rows.map((row) => row.parts)).toEqual([[8, 3], [4, 1]]);
    expect([0, 1].map((part) => plain(bars.words(2, bars.rows[0], part)))).toEqual(["2.00 J", "≈ 2.00 J"]);
    expect([0, 1].map((part) => bars.hatched(bars.rows[0] as (typeof bars.rows)[number], part))).toEqual([false, true]);
  });
  it("lays what others took elsewhere, to the micro-joule", () => {
    const some = cardAmong(card, new Set(["a"]));
    expect(some.total.energy_uj).toBe(11_000_000);
    expect(some.total.sensor_u95_j).toBeCloseTo(0.6);
    expect(some.conservation.map((one) => [one.attributed_uj, one.elsewhere_uj])).toEqual([[8_000_000, 5_000_000], [3_000_000, 2_000_000]]);
    expect(conservedOf(some).every((one) => addsUp(one))).toBe(true);
    expect(cardAmong(card, new Set()).total).toMatchObject({ energy_uj: 0, truth: "" });
  });
  it("gives what cannot be told apart the group's one figure, not 0 and not twice", () => {
    const rows = activityRows(card);
    expect(rows.map((row) => [row.activity, row.resolution, row.joules])).toEqual([["attn + mlp", "grouped", 100], ["save", "unresolved", 3]]);
    expect(rows[0]).toMatchObject({ members: 2, tasks: 8, time: 8, power: 20 });
    expect(rows[0]?.reason).not.toBe("");
  });
  it("puts each domain under the one that holds it, and loses none", () => {
    expect(domainTree(card.domains).map((row) => [row.domain, row.depth])).toEqual([["node", 0], ["node/gpu", 1], ["node/gpu/mig", 2], ["lost", 0]]);
    const loop = domainTree([domain("a", "a"), domain("b", null), domain("b", null, { role: "check" })]);
    expect(loop.map((row) => row.domain)).toEqual(["a", "b", "b"]);
  });
  it("says once why figures are missing", () => {
    expect(reasonRows(card.reasons).map((row) => [row.reason, row.tasks, row.domains])).toEqual([["shorter than the sensor can tell", 7, ["gpu", "cpu"]], ["read failed", 1, ["cpu"]]]);
    expect(plain(missingWords(card))).toBe("7 tasks without a figure of their own, 1 task covered in part, 2 tasks without energy");
    expect(plain(coverageWords(card))).toBe("94 % to 100 %");
  });
});

describe("figures", () => {
  it("carry their interval and their mark", () => {
    expect(plain(figure(931, 97.7, "mixed"))).toBe("≈ 931 J ± 97.7 J");
    expect(plain(figure(12, 1, "measured"))).toBe("12.0 J ± 1.00 J");
    expect(plain(figure(null, 3, "measured"))).toBe("–");
  });
  it("of a task that has none say so and never 0", () => {
    const withheld = { domain: "gpu", joules: null, truth: "measured" as const, method: "exclusive", resolution: "grouped" as const, reason: "shorter than the sensor can tell", group_joules: 10 };
    const own = { domain: "cpu", joules: 4, plus_minus_joules: 1, truth: "mixed" as const, method: "split", resolution: "resolved" as const, assumption: "emulated by headrace lab" };
    expect(energyWords([withheld])).toBe("◑ only with others");
    expect(energyWords([{ ...withheld, resolution: "unresolved" }])).toBe("○ cannot be told");
    expect(plain(energyWords([own]))).toBe("≈ 4.00 J ± 1.00 J");
    expect(plain(energyWords([own, withheld]))).toBe("≈ 4.00 J ± 1.00 J and more");
    expect(truthWords([own, withheld])).toBe("cpu emulated, gpu grouped");
  });
  it("stand in tables with how far off they may be, and in a reader's own question as asked", () => {
    const answer = { columns: [{ name: "energy_j", type: "real", unit: "J" }, { name: "energy_u95_j", type: "real", unit: "J" }, { name: "energy_truth", type: "text", unit: null }], rows: [[10, 2, "mixed"], [5, null, "measured"]] };
    const [energy, ...more] = columnsOf(answer);
    expect(answer.rows.map((row) => plain(energy?.text(row) ?? ""))).toEqual(["≈ 10.0 J ± 2.00 J", "5.00 J"]);
    expect(more.map((one) => one.name)).toEqual(["energy truth"]);
    const withheld = { columns: [...answer.columns, { name: "energy_resolution", type: "text", unit: null }], rows: [[null, null, null, "grouped"], [null, null, null, null]] };
    expect(withheld.rows.map((row) => columnsOf(withheld)[0]?.text(row))).toEqual(["◑ grouped", "–"]);
    expect(columnsOf(answer, { asNamed: true }).map((one) => one.name)).toEqual(["energy_j", "energy_u95_j", "energy_truth"]);
  });
});
