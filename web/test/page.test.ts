import { describe, expect, it } from "vitest";
import type { TableAnswer } from "../src/api/answers.ts";
import { hrefOf, parseChosen, parsePath } from "../src/state/route.ts";
import { darkTheme, lightTheme, luminance } from "../src/views/colour.ts";
import { apart } from "../src/views/curves.ts";
import { largest } from "../src/views/heat.ts";
import { spanned } from "../src/views/pareto.ts";
import { amount } from "../src/views/ramp.ts";
import { linear } from "../src/views/scale.ts";
import { bandsOf } from "../src/views/spans.ts";
import { sumOf } from "../src/views/stacked.ts";
import { columnsOf, commandText, csvOf, cut, plain, valuesText } from "../src/widgets/cells.ts";
import { curvesOf, picture, sensorsNear, smallIsBetter, stripOf } from "../src/widgets/charts.ts";
import { completeSql, put } from "../src/widgets/completion.ts";
import { ranked, score, wordAt } from "../src/widgets/matching.ts";
import { askSql, filterAmong, pythonText, shellText, sqlAmong, sqlText } from "../src/widgets/questions.ts";
import { campaign } from "./server/campaign.mjs";
import { timeline } from "./server/charts.mjs";

describe("addresses", () => {
  it("names pages by their paths", () => {
    expect(parsePath("/")).toEqual({ page: "campaigns", id: "" });
    expect(parsePath("/task/a%2Fb")).toEqual({ page: "task", id: "a/b" });
    expect(parsePath("/energy/")).toEqual({ page: "energy", id: "" });
    for (const path of ["/task", "/energy/x", "/task/a/b", "/nowhere", "/task/%E0%A4%A"]) expect(parsePath(path).page).toBe("unknown");
    expect(parsePath(hrefOf("object", "ä/ö")).id).toBe("ä/ö");
  });

  it("reads what is chosen, and nothing from nonsense", () => {
    expect(parseChosen("task:a:b")).toEqual({ thing: "task", id: "a:b" });
    for (const text of ["", "task:", ":x", "script:alert(1)"]) expect(parseChosen(text)).toBeNull();
  });
});

describe("questions for elsewhere", () => {
  it("quotes for SQL, Python and a shell", () => {
    expect(sqlText("it's")).toBe("'it''s'");
    expect(pythonText('a"\\\n')).toBe('"a\\"\\\\\\n"');
    expect(shellText("plain-1.0:x")).toBe("plain-1.0:x");
    expect(shellText("a'b; rm")).toBe("'a'\\''b; rm'");
    expect(askSql('SELECT """ \\').python).not.toContain('SELECT """');
  });

  it("says which are meant", () => {
    expect(sqlAmong("task_id", new Set(["a", "it's"]))).toBe("\n  AND task_id IN ('a', 'it''s')");
    expect(filterAmong("id", ["a", "b"])).toBe(" id:a,b");
    expect([sqlAmong("task_id", null), filterAmong("id", null)]).toEqual(["", ""]);
  });
});

const answer: TableAnswer = {
  columns: [
    { name: "task_id", type: "id", unit: null },
    { name: "activity", type: "text", unit: null },
    { name: "energy_j", type: "real", unit: "J" },
    { name: "energy_truth", type: "text", unit: null },
    { name: "duration_s", type: "real", unit: "s" },
  ],
  rows: [
    ["00000000-0000-0000-0000-00000000abcd", "train", 1200, "estimated", 0.5],
    ["00000000-0000-0000-0000-00000000abce", "x".repeat(10_000_000), 1200, "measured", null],
  ],
  total: 2,
  shown: 2,
};

describe("cells", () => {
  const columns = columnsOf(answer, { hide: ["energy_truth"], link: { activity: "task_id" } });
  const [first, second] = answer.rows;

  it("writes numbers by their unit and marks what is not measured", () => {
    expect(columns.map((column) => column.name)).toEqual(["task", "activity", "energy", "duration"]);
    expect(columns[2]?.text(first ?? [])).toBe("≈\u20091.20\u2009kJ");
    expect(columns[2]?.text(second ?? [])).toBe("1.20\u2009kJ");
    expect(columns[3]?.text(second ?? [])).toBe("–");
    const bare = { columns: answer.columns.slice(0, 3), rows: answer.rows.map((row) => row.slice(0, 3)) };
    expect(columnsOf(bare, { truth: "mixed" })[2]?.text(bare.rows[0] ?? [])).toBe("≈\u20091.20\u2009kJ");
  });

  it("leads where an id names", () => {
    expect(columns[1]?.href?.(first ?? [])).toBe("/task/00000000-0000-0000-0000-00000000abcd");
  });

  it("cuts ten megabytes and says how much is left out", () => {
    const text = columns[1]?.text(second ?? []) ?? "";
    expect(text.length).toBeLessThan(300);
    expect(text).toContain("more characters");
    expect(cut("short")).toBe("short");
  });

  it("shows so many columns and no more", () => {
    const wide = { columns: Array.from({ length: 5000 }, (_, i) => ({ name: `c${i}`, type: "real", unit: null })), rows: [] };
    expect(columnsOf(wide).length).toBe(120);
  });

  it("writes values in a line, objects by their ids' ends", () => {
    expect(valuesText({ lr: 0.001, data: { $object: "00000000-0000-0000-0000-00000000abcd" } })).toBe("lr=0.001 data=…0000abcd");
    expect(valuesText(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, i])))).toMatch(/…$/);
  });

  it("shows what a wrapped value holds", () => {
    expect([plain({ $bytes: "ab12" }), plain({ a: 1 }), plain([1]), plain(null), plain("")]).toEqual(["ab12", '{"a":1}', "[1]", "–", ""]);
  });

  it("names programs without where they lie", () => {
    expect(commandText("/opt/venv/bin/python /home/me/my/train.py --out /scratch/x/ a/b")).toBe("python train.py --out /scratch/x/ a/b");
    const [only] = columnsOf({ columns: [{ name: "command", type: "text", unit: null }], rows: [["/bin/sh /a/b.sh"]] });
    expect([only?.text(["/bin/sh /a/b.sh"]), only?.full?.(["/bin/sh /a/b.sh"])]).toEqual(["sh b.sh", "/bin/sh /a/b.sh"]);
  });

  it("lets no spreadsheet run a cell", () => {
    expect(csvOf(["a"], [["=1+1"], ['say "x"'], [-3], [null]])).toBe("a\r\n'=1+1\r\n\"say \"\"x\"\"\"\r\n-3\r\n\r\n");
    expect(csvOf(["-a"], [["\uff1d1+1"], ["-3.5"], ["+1+1"], ["@x"]])).toBe("'-a\r\n'\uff1d1+1\r\n-3.5\r\n'+1+1\r\n'@x\r\n");
  });
});

describe("completion", () => {
  it("ranks what holds the letters in order", () => {
    expect(score("train-wide", "wide")).toBeGreaterThan(score("train-wide", "tnw"));
    expect(score("train", "xyz")).toBe(0);
    expect(ranked(["beta", "alphabet"], "bet", (one) => one)).toEqual(["beta", "alphabet"]);
  });

  it("puts in a column of the view that the question names", () => {
    const text = "SELECT dur FROM task";
    const option = completeSql(text, 10)[0];
    expect(option).toMatchObject({ put: "duration_s", note: "task" });
    expect(put(text, option ?? { put: "", note: "", begin: 0, end: 0 })).toEqual({ text: "SELECT duration_s FROM task", cursor: 17 });
    expect(wordAt("a bc", 4)).toEqual({ word: "bc", from: 2 });
  });
});

describe("views", () => {
  it("lets much stand out from the page, dark or light", () => {
    for (const theme of [darkTheme, lightTheme]) {
      const steps = Array.from({ length: 11 }, (_, i) => luminance(amount(i / 10, theme.dark)));
      steps.slice(1).forEach((value, i) => expect(theme.dark ? value > (steps[i] as number) : value < (steps[i] as number)).toBe(true));
    }
  });

  it("keeps labels apart and in order", () => {
    expect(apart([10, 11, 40], 14)).toEqual([10, 24, 40]);
    expect(apart([11, 10], 14)).toEqual([24, 10]);
  });

  it("takes the points inside a brush, however it was drawn", () => {
    const scale = linear(0, 10, 0, 100);
    const point = (id: string, cost: number, quality: number) => ({ id, cost, quality, number: "", costU95: null, front: false, best: false, truth: "measured" as const });
    const points = [point("a", 1, 1), point("b", 5, 5), point("c", 9, 9)];
    expect(spanned(points, scale, scale, { x0: 60, y0: 60, x1: 0, y1: 0 })).toEqual({ costs: [0, 6], qualities: [0, 6] });
    expect(spanned(points, scale, scale, { x0: 20, y0: 20, x1: 30, y1: 30 })).toBeNull();
  });

  it("adds up a bar's parts", () => {
    expect(sumOf({ id: "", label: "", parts: [1, NaN, 2] })).toBe(3);
    expect(largest([[1, NaN], [7, 2]])).toBe(7);
  });
});

describe("models", () => {
  const made = campaign();
  const line = timeline(made, new URLSearchParams({ workflow: made.flows[3]?.id ?? "", width: "800" }));

  it("puts every bar into its lane and keeps the failures", () => {
    const shape = picture(line as never, "status", new Map(), "measured");
    const { bands, height } = bandsOf(shape.spans);
    const placed = bands.reduce((sum, band) => sum + (band.row?.tasks.length ?? 0), 0);
    expect(placed).toBe(shape.spans.startNs.length);
    expect(height).toBeGreaterThan(0);
    expect(shape.spans.status.filter((status) => status === "failed").length).toBe(3);
    expect(Array.from(shape.spans.count).reduce((a, b) => a + b, 0)).toBe(line.shown);
    const merged = Array.from(shape.spans.count).findIndex((count) => count > 1);
    expect(shape.spans.id[merged]).toBeNull();
    expect(shape.describe(merged).title).toMatch(/tasks$/);
  });

  it("shows the lanes that were asked for, wherever they begin", () => {
    const lanes = Array.from({ length: 120 }, (_, i) => ({ label: `thread ${120 + i}`, hostname: "a", pid: 1, thread: i, rank: null, depth: 0 }));
    const spans = { lane: [0, 119], start_ns: [0, 5], duration_ns: [1, -1], activity: [0, 0], status: [2, 1], energy_j: [null, null], task: [0, 1], count: [1, 1] };
    const given = { ...line, lanes, lanes_total: 300, activities: ["step"], tasks: ["x", "y"], spans };
    const shape = picture(given as never, "activity", new Map(), "measured");
    expect([shape.spans.lanes.length, shape.spans.lanes[0]?.label, Array.from(shape.spans.lane)]).toEqual([120, "thread 120", [0, 119]]);
    expect(shape.describe(0).lines.find(([name]) => name === "where")?.[1]).toBe("a thread 120");
    expect(shape.describe(1).lines.find(([name]) => name === "duration")?.[1]).toBe("still open");
  });

  it("gives colours to the curves that end best", () => {
    const groups = [3, 1, 2].map((end, i) => ({ label: `g${i}`, runs: 1, step: [0, 1], mean: [5, end], low: [5, end], high: [5, end], count: [1, 1] }));
    const runs = groups.map((group, i) => ({ label: group.label, group: i, task_id: `t${i}`, workflow_id: "w", status: "finished", step: [0, 1], seconds: [0, 1], value: [5, 1] }));
    expect(curvesOf({ metric: "loss", metrics: [], runs, groups }, true).map((one) => [one.id, one.slot])).toEqual([["t1", 0], ["t2", 1], ["t0", 2]]);
    expect(curvesOf({ metric: "accuracy", metrics: [], runs, groups }, false)[0]?.id).toBe("t0");
    expect(smallIsBetter("val_loss")).toBe(true);
    expect(smallIsBetter("accuracy")).toBe(false);
  });

  it("shows the sensors of the time, power first", () => {
    const columns = ["sensor_id", "quantity", "source", "domain", "hostname", "pid", "first_at", "last_at"].map((name) => ({ name, type: "text", unit: null }));
    const row = (id: number, quantity: string, domain: string, pid: number | null, from: string, to: string) => [id, quantity, "proc", domain, "a", pid, `2026-01-01T00:${from}:00Z`, `2026-01-01T00:${to}:00Z`];
    const rows = [row(1, "process.memory.usage", "process", 7, "00", "10"), row(2, "hw.power", "node", null, "00", "10"), row(3, "hw.power", "node", null, "40", "50"), row(4, "process.memory.usage", "process", 8, "00", "10")];
    const at = (minute: string): number => Date.parse(`2026-01-01T00:${minute}:00Z`);
    expect(sensorsNear({ columns, rows, total: 4, shown: 4 }, at("05"), at("20"), new Set(["a"]), new Set([7])).map((one) => one[0])).toEqual([2, 1]);
  });

  it("draws no line across a gap in the samples", () => {
    const rows = [0, 1, 2, 30, 31].map((second) => ["s", second * 1e9, 1, 3, 2]);
    const counter = { columns: ["sensor", "at_ns", "min", "max", "mean"].map((name) => ({ name, type: "real", unit: name === "mean" ? "W" : null })), rows, total: 5, shown: 5 };
    const strip = stripOf(counter, 0, 40e9, 80, 0, () => darkTheme);
    expect(strip.unit).toBe("W");
    expect([strip.mean[0], strip.mean[1], strip.mean[20], strip.mean[60], strip.mean[79]]).toEqual([2, 2, NaN, 2, NaN]);
  });
});
