// What the views of a made-up report draw beside its tasks.
import { pack } from "./pack.mjs";

/** @param {{ id: string, name: string }[]} workflows @param {string} hostile @returns {import("../src/api/report.ts").Views} */
export function fixtureViews(workflows, hostile) {
  const graphs = workflows.map(({ id, name }, i) => ({
    workflow_id: id,
    workflow: name,
    level: "activity",
    activities: [`load${hostile}`, "finetune", "epoch", "evaluate"],
    relations: ["data", "parent"],
    names: ["batch", ""],
    nodes: {
      id: [`load${hostile}`, "finetune", "epoch", "evaluate"],
      activity: [0, 1, 2, 3],
      wave: [0, 1, 2, 2],
      tasks: [8, 9, 36, 9],
      statuses: { finished: [8, 8, 36, 9], failed: [0, 1, 0, 0] },
      duration_s: [3.2, 3.6, 14.4, 3.6],
      energy_j: [20, 22.5, 90, 22.5],
      x: [0, 1, 2, 2],
      y: [0, 0, -0.5, 0.5],
    },
    edges: { from: [0, 1, 1], to: [1, 2, 3], relation: [0, 1, 0], name: [0, 1, 0], exact: [true, true, i !== 1], count: [8, 36, 9] },
    tasks: 62,
    nodes_left: i === 1 ? 3 : 0,
  }));
  const step = Array.from({ length: 40 }, (_, i) => i + 1);
  /** @param {number} rate @param {number} runs */
  const group = (rate, runs) => {
    const mean = step.map((s) => 2 + 2 * Math.exp(-s * rate));
    return { label: `lr ${rate}${runs === 1 ? hostile : ""}`, runs, step, mean, low: mean.map((m) => m - (runs > 1 ? 0.12 : 0)), high: mean.map((m) => m + (runs > 1 ? 0.12 : 0)), count: step.map(() => runs) };
  };
  const groups = [group(0.05, 3), group(0.1, 3), group(0.2, 1)];
  const runs = groups.flatMap((one, g) => Array.from({ length: one.runs }, (_, r) => ({ label: `${one.label} seed ${r}`, group: g, task_id: `run-${g}-${r}`, workflow_id: workflows[0]?.id ?? "", status: "finished" })));
  const curves = ["val_loss", "accuracy"].map((metric) => ({ metric, metrics: ["accuracy", "val_loss"], activity: "finetune", runs, groups }));
  const bins = 60;
  const ranks = Array.from({ length: 6 }, (_, r) => ({ label: `rank ${r} · node-07`, hostname: "node-07", pid: 41200 + r, rank: r }));
  const busy = ranks.flatMap((_, r) => Array.from({ length: bins }, (_, b) => (b < r ? NaN : Math.min(1, 0.5 + 0.5 * Math.sin((b + r * 7) / 6)))));
  const columns = ["workflow_id", "workflow", "domain", "part", "energy_j", "tasks", "truth", "method", "assumption", "u95_j", "time_s"].map((name) => ({ name, type: "text", unit: null }));
  /** @type {(string | number | null)[][]} */
  const rows = workflows.map(({ id, name }, i) => [id, name, "node/cpu", "attributed", 40 + i * 25, 12, "estimated", "busy share × watts a core", "6.5 W a core", 4, 20 + i * 3]);
  const attributed = rows.reduce((sum, row) => sum + Number(row[4]), 0);
  for (const [part, joules] of /** @type {const} */ ([["elsewhere", 12], ["idle", 80], ["unattributed", 3], ["measured", attributed + 95]])) {
    rows.push([null, null, "node/cpu", part, joules, null, "estimated", "busy share × watts a core", "6.5 W a core", null, null]);
  }
  return {
    graphs,
    graphs_left: 0,
    curves,
    curves_missing: null,
    metrics_left: 0,
    ranks: [{ quantity: "busy", unit: null, from_ns: 0, to_ns: 83e9, bins, ranks, values: pack("f32", busy) }],
    ranks_left: 0,
    energy: { columns, rows, total: rows.length, shown: rows.length },
    diff: {
      equal: false,
      a: { kind: "workflow", id: workflows[0]?.id ?? "", name: workflows[0]?.name ?? "", tasks: 12 },
      b: { kind: "workflow", id: workflows[1]?.id ?? "", name: workflows[1]?.name ?? "", tasks: 12 },
      lines: [
        { section: "metrics", what: "finetune.val_loss", where: null, a: 2.1, b: 1.9, unit: null, differs: true, note: null },
        { section: "code", what: `git commit${hostile}`, where: null, a: "3e1a9d20", b: "77ab01cc", unit: null, differs: true, note: "+12 −3" },
        { section: "time", what: "finetune", where: "lr=0.1", a: 20, b: 26, unit: "s", differs: true, note: null },
      ],
    },
    diff_lines_left: 0,
  };
}
