// The chart answers of the made-up campaign, reduced to a window of pixels as the server does.
import { iso, origin, random } from "./campaign.mjs";

/** @typedef {import("./campaign.mjs").Campaign} Campaign */
const statuses = ["pending", "running", "finished", "failed", "cancelled", "lost"];
const worst = [0, 2, 1, 5, 4, 3];

/** @param {Campaign} c @param {URLSearchParams} q */
export function timeline(c, q) {
  const flows = c.flows.map((_, i) => i).filter((i) => !q.get("workflow") || c.flows[i]?.id === q.get("workflow"));
  const members = c.tasks.filter((t) => flows.includes(t.workflow));
  const first = Math.min(...flows.map((i) => c.flows[i]?.startNs ?? 0));
  const last = Math.max(...flows.map((i) => c.flows[i]?.endNs ?? Math.max(...c.tasks.filter((t) => t.workflow === i).map((t) => t.startNs + (t.durationNs ?? 0)))));
  const begin = 0;
  const end = last - first;
  const base = origin * 1e6 + first; // since 1970
  const from = q.has("from_ns") ? Number(q.get("from_ns")) - base : begin;
  const to = q.has("to_ns") ? Number(q.get("to_ns")) - base : end;
  const width = Math.max(100, Number(q.get("width") ?? 1000));
  const lanesFrom = Number(q.get("lanes_from") ?? 0);
  const mostLanes = Number(q.get("lanes") ?? 200);
  const perPixel = (to - from) / width;
  const activities = [...new Set(c.tasks.map((t) => t.activity))];
  /** @type {Map<string, number>} */
  const laneOf = new Map();
  /** @type {any[]} */
  const lanes = [];
  for (const i of flows) {
    for (let rank = 0; rank < c.ranks; rank++) {
      const one = members.find((t) => t.workflow === i && t.rank === rank);
      if (!one) continue;
      for (let depth = 0; depth < 3; depth++) {
        laneOf.set(`${i}:${rank * 3 + depth}`, lanes.length);
        lanes.push({ label: `rank ${rank}`, hostname: one.host, pid: one.pid, thread: one.pid, rank, depth });
      }
    }
  }
  /** @type {any} */
  const spans = { lane: [], start_ns: [], duration_ns: [], activity: [], status: [], energy_j: [], task: [], count: [] };
  /** @type {string[]} */
  const ids = [];
  let inWindow = 0;
  /** @type {Map<number, number>} open merged span of a lane */
  const open = new Map();
  for (const t of members.slice().sort((a, b) => a.startNs - b.startNs)) {
    const start = t.startNs - first;
    const length = t.durationNs;
    const stop = length === null ? end : start + length;
    if (stop < from || start > to) continue;
    const lane = (laneOf.get(`${t.workflow}:${t.lane}`) ?? 0) - lanesFrom;
    if (lane < 0 || lane >= mostLanes) continue;
    inWindow++;
    const status = statuses.indexOf(t.status);
    const activity = activities.indexOf(t.activity);
    const small = stop - start < perPixel * 2;
    const at = open.get(lane);
    if (small && at !== undefined && start - (spans.start_ns[at] + spans.duration_ns[at]) < perPixel && spans.duration_ns[at] < perPixel * 3) {
      spans.duration_ns[at] = stop - spans.start_ns[at];
      spans.count[at] += 1;
      spans.task[at] = -1;
      if (q.get("colour") === "energy") spans.energy_j[at] += t.energyJ;
      if ((worst[status] ?? 0) > (worst[spans.status[at]] ?? 0)) spans.status[at] = status;
      continue;
    }
    if (small) open.set(lane, spans.lane.length);
    else open.delete(lane);
    spans.lane.push(lane);
    spans.start_ns.push(start);
    spans.duration_ns.push(length ?? -1);
    spans.activity.push(activity);
    spans.status.push(status);
    spans.energy_j.push(q.get("colour") === "energy" ? t.energyJ : null);
    spans.count.push(1);
    spans.task.push(ids.length);
    ids.push(t.id);
  }
  return { begin_at: iso(first), begin_ns: base, end_ns: base + end, from_ns: base + from, to_ns: base + to, lanes: lanes.slice(lanesFrom, lanesFrom + mostLanes), lanes_total: lanes.length, activities, statuses, tasks: ids, total: members.length, shown: inWindow, spans };
}

export const sensors = [
  ["gpu0.power", "hw.power", "W", "gauge", "node01/gpu0", "nvml", "measured"],
  ["gpu0.utilisation", "hw.gpu.utilization", "%", "gauge", "node01/gpu0", "nvml", "measured"],
  ["cpu.power", "hw.power", "W", "gauge", "node01/cpu", "rapl", "measured"],
  ["memory.used", "process.memory.usage", "By", "gauge", "node01", "proc", "measured"],
  ["gpu0.temperature", "hw.temperature", "Cel", "gauge", "node01/gpu0", "nvml", "measured"],
  ["gpu0.throttle_reasons", "hw.gpu.throttle_reasons", "1", "gauge", "node01/gpu0", "nvml", "measured"],
];

/** How well they were read. @param {Campaign} c @param {URLSearchParams} q */
export function sensorGaps(c, q) {
  if (c.tasks.length === 0) return { sensors: [], gaps: [], gaps_left: 0 };
  const from = Number(q.get("from_ns") ?? origin * 1e6);
  return {
    sensors: sensors.map((_, i) => ({ sensor_id: i + 1, readings: 4000, failed: i === 0 ? 20 : 0, period_s: 0.1, coverage: i === 0 ? 0.97 : 1 })),
    gaps: [{ sensor_id: 1, from_ns: from + 14e9, to_ns: from + 16e9, reason: "no permission", readings: 20 }, { sensor_id: 5, from_ns: from + 20e9, to_ns: from + 26e9, reason: "not read", readings: 0 }],
    gaps_left: 0,
  };
}

/** Rows of a sensor's pixels. @param {URLSearchParams} q */
export function counterRows(q) {
  const index = Number(q.get("sensor") ?? 1) - 1;
  const [name, , unit, , domain] = sensors[index] ?? ["?", "", "", "", ""];
  const from = Number(q.get("from_ns") ?? origin * 1e6);
  const to = Number(q.get("to_ns") ?? from + 400e9);
  const width = Math.max(50, Math.min(2000, Number(q.get("width") ?? 800)));
  const rows = [];
  const draw = random(index + 7);
  for (let i = 0; i < width; i++) {
    const at = ((i + 0.5) / width) * (to - from);
    const busy = at > 1.2e9 && at < (to - from) * 0.96 ? 1 : 0;
    const wave = Math.sin(at / 4.1e9) * 0.12 + Math.sin(at / 0.9e9) * 0.08;
    const base = [70 + busy * 270 * (1 + wave), busy * (78 + wave * 90), 55 + busy * 60 * (1 + wave), 4e8 + busy * 2.4e9 + at / 90, 38 + busy * (30 + wave * 40), busy && wave > 0.1 ? 4 : 0][index] ?? 0;
    const noise = index === 5 ? 0 : base * 0.06 * draw();
    // A gap: the sampler was stopped for two seconds.
    if (index === 0 && at > 14e9 && at < 16e9) continue;
    if (index === 4 && at > 20e9 && at < 26e9) continue;
    rows.push([index + 1, name, "node01", null, domain, from + (i / width) * (to - from), base - noise, base + noise * 2, base, 3]);
  }
  return { unit: unit === "By" ? "B" : unit, rows };
}

/** @param {Campaign} c @param {URLSearchParams} q */
export function graph(c, q) {
  const level = q.get("level") ?? "activity";
  const own = c.tasks.filter((t) => c.flows[t.workflow]?.id === q.get("workflow"));
  const order = ["load", "forward", "backward", "all_reduce", "optimizer", "evaluate", "checkpoint"];
  /** @type {any[]} */
  const nodes = [];
  /** @param {string} id @param {string} label @param {typeof own} members @param {number} x @param {number} y */
  const node = (id, label, members, x, y) => {
    /** @type {Record<string, number>} */
    const statuses = {};
    for (const t of members) statuses[t.status] = (statuses[t.status] ?? 0) + 1;
    nodes.push({ id, label, wave: x, tasks: members.length, statuses, duration_s: members.reduce((s, t) => s + (t.durationNs ?? 0) / 1e9, 0), energy_j: members.reduce((s, t) => s + t.energyJ, 0), x, y });
    return nodes.length - 1;
  };
  /** @type {any[]} */
  const edges = [];
  const edge = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ count, exact = true, relation = "data", name = "") => edges.push({ from, to, relation, name, exact, count });
  if (own.length === 0) return graphColumns(level, nodes, edges, 0);
  if (level === "activity") {
    const trial = node("finetune", "finetune", own.filter((t) => t.activity === "finetune"), 0, 0);
    const at = order.map((a, i) => node(a, a, own.filter((t) => t.activity === a), i === 6 ? 6 : i + 1, i === 6 ? 1 : i === 5 ? -1 : 0));
    edge(trial, at[0] ?? 0, 8, true, "parent");
    for (let i = 0; i < 4; i++) edge(at[i] ?? 0, at[i + 1] ?? 0, 960, true, "data", "batch");
    edge(at[4] ?? 0, at[5] ?? 0, 40);
    edge(at[4] ?? 0, at[6] ?? 0, 40);
    edge(at[0] ?? 0, at[5] ?? 0, 40, false, "data", "split");
  } else {
    const shown = level === "wave" ? 5 : 24;
    for (let rank = 0; rank < c.ranks; rank++) {
      const first = own.filter((t) => t.rank === rank && t.activity === "load");
      let before = node(level === "wave" ? `load${rank}#0` : (first[0]?.id ?? ""), "load", first, 0, rank);
      for (let s = 0; s < shown; s++) {
        const picked = own.filter((t) => t.rank === rank && t.activity === (level === "wave" ? "epoch" : "forward")).slice(s, s + 1);
        if (picked.length === 0) continue;
        const here = node(level === "wave" ? `epoch${rank}#${s + 1}` : (picked[0]?.id ?? ""), level === "wave" ? "epoch" : "forward", picked, s + 1, rank);
        edge(before, here, 1);
        before = here;
      }
    }
  }
  return graphColumns(level, nodes, edges, own.length);
}

// As the server gives them: columns side by side, texts once.
/** @param {string} level @param {any[]} nodes @param {any[]} edges @param {number} tasks */
function graphColumns(level, nodes, edges, tasks) {
  const [activities, names, relations] = [[...new Set(nodes.map((n) => n.label))], [...new Set(edges.map((e) => e.name))], ["data", "parent"]];
  /** @param {any[]} rows @param {string[]} columns */
  const side = (rows, columns) => Object.fromEntries(columns.map((name) => [name, rows.map((row) => row[name])]));
  const statuses = ["finished", "failed"].filter((status) => nodes.some((n) => n.statuses[status]));
  return {
    level,
    activities,
    relations,
    names,
    nodes: {
      ...side(nodes, ["id", "wave", "tasks", "duration_s", "energy_j", "x", "y"]),
      activity: nodes.map((n) => activities.indexOf(n.label)),
      statuses: Object.fromEntries(statuses.map((status) => [status, nodes.map((n) => n.statuses[status] ?? 0)])),
    },
    edges: { ...side(edges, ["from", "to", "exact", "count"]), relation: edges.map((e) => relations.indexOf(e.relation)), name: edges.map((e) => names.indexOf(e.name)) },
    tasks,
    nodes_left: level === "task" ? tasks - nodes.length : 0,
  };
}

/** @param {Campaign} c @param {URLSearchParams} q */
export function curves(c, q) {
  const metric = q.get("metric") || "loss";
  /** @type {Map<string, { label: string, ids: string[], runs: Map<number, number>[] }>} */
  const groups = new Map();
  const picked = c.tasks.map((t, i) => ({ t, i })).filter(({ t }) => t.activity === "finetune" && (!q.get("workflow") || c.flows[t.workflow]?.id === q.get("workflow")));
  /** @type {Map<number, number[]>} */
  const children = new Map();
  c.tasks.forEach((t, i) => children.set(t.parent, [...(children.get(t.parent) ?? []), i]));
  for (const { t, i } of picked) {
    const label = `lr=${t.used.lr} width=${t.used.width}`;
    const group = groups.get(label) ?? { label, ids: [], runs: [] };
    groups.set(label, group);
    /** @type {Map<number, number>} */
    const run = new Map();
    for (const e of children.get(i) ?? []) {
      const epoch = c.tasks[e];
      if (epoch?.activity !== "epoch") continue;
      if (metric === "val_loss") {
        if (epoch.generated.val_loss !== undefined) run.set(epoch.used.epoch, epoch.generated.val_loss);
        continue;
      }
      for (const s of children.get(e) ?? []) {
        const step = c.tasks[s];
        if (step?.generated.loss !== undefined) run.set(step.used.step, step.generated.loss);
      }
    }
    group.ids.push(t.id);
    group.runs.push(run);
  }
  const list = [...groups.values()];
  return {
    metric,
    metrics: ["loss", "val_loss"],
    logged: false,
    activity: "finetune",
    runs: list.flatMap((g, group) => g.runs.map((run, i) => ({ label: g.label, group, task_id: g.ids[i] ?? null, workflow_id: "", status: "finished", step: [...run.keys()], seconds: [...run.keys()].map((s) => s * 0.3), value: [...run.values()] }))),
    groups: list.map((g) => {
      const step = [...new Set(g.runs.flatMap((r) => [...r.keys()]))].sort((a, b) => a - b);
      const at = step.map((s) => g.runs.map((r) => r.get(s)).filter((v) => v !== undefined));
      const mean = at.map((v) => v.reduce((a, b) => a + b, 0) / v.length);
      const spread = at.map((v, i) => Math.sqrt(v.reduce((a, b) => a + (b - (mean[i] ?? 0)) ** 2, 0) / Math.max(1, v.length - 1)));
      return { label: g.label, runs: g.runs.length, step, mean, low: mean.map((m, i) => m - (spread[i] ?? 0)), high: mean.map((m, i) => m + (spread[i] ?? 0)), count: at.map((v) => v.length) };
    }),
  };
}

/** @param {Campaign} c @param {URLSearchParams} q */
export function ranks(c, q) {
  const quantity = q.get("quantity") || "busy";
  const flow = c.flows.findIndex((f) => f.id === q.get("workflow"));
  const line = timeline(c, new URLSearchParams({ workflow: q.get("workflow") ?? "", width: "200" }));
  const slices = Number(q.get("bins") ?? 200);
  const slice = (line.end_ns - line.begin_ns) / slices;
  const values = Array.from({ length: c.ranks }, () => /** @type {number[]} */ (Array(slices).fill(0)));
  const start = c.flows[flow]?.startNs ?? 0;
  const own = c.tasks.filter((t) => t.workflow === flow && (["load", "evaluate", "checkpoint"].includes(t.activity) || t.parent > 0) && t.activity !== "epoch" && t.activity !== "finetune");
  for (const t of own) {
    const from = (t.startNs - start) / slice;
    const to = from + (t.durationNs ?? 0) / slice;
    for (let s = Math.max(0, Math.floor(from)); s <= Math.min(slices - 1, to); s++) {
      const share = Math.max(0, Math.min(to, s + 1) - Math.max(from, s));
      const row = values[t.rank];
      if (row) row[s] = (row[s] ?? 0) + share * (quantity === "power" ? t.energyJ / ((t.durationNs || 1) / 1e9) : quantity === "busy" ? 1 : quantity === "failed" ? Number(t.status === "failed") : 1);
    }
  }
  return { quantity, unit: quantity === "power" ? "W" : null, from_ns: line.begin_ns, to_ns: line.end_ns, bins: slices, ranks: values.map((_, i) => ({ label: `rank ${i}`, hostname: "", pid: null, rank: i })), values: values.flat() };
}

/** @param {Campaign} c @param {URLSearchParams} q */
export function energyRows(c, q) {
  const rows = [];
  const sums = { gpu: 0, cpu: 0 };
  const [gpu, cpu, assumed] = ["nvml counter, split by time on the device", "rapl package counter, split by CPU time", "memory is not measured here: estimated at 0.38 W/GB"];
  for (const [i, f] of c.flows.entries()) {
    if (q.get("workflow") && f.id !== q.get("workflow")) continue;
    const trials = c.tasks.filter((t) => t.workflow === i && t.activity === "finetune");
    const joules = trials.reduce((s, t) => s + t.energyJ, 0);
    sums.gpu += joules * 0.82;
    sums.cpu += joules * 0.18;
    const seconds = trials.reduce((s, t) => s + (t.durationNs ?? 0) / 1e9, 0);
    rows.push([f.id, f.name, "gpu", "attributed", joules * 0.82, trials.length, "measured", gpu, "", joules * 0.02, seconds], [f.id, f.name, "cpu", "attributed", joules * 0.18, trials.length, "mixed", cpu, assumed, joules * 0.015, seconds]);
  }
  if (rows.length === 0) return rows;
  for (const [domain, truth] of /** @type {const} */ ([["gpu", "measured"], ["cpu", "mixed"]])) {
    const [idle, rest] = [sums[domain] * 0.14, sums[domain] * 0.018];
    rows.push([null, null, domain, "elsewhere", 0, null, truth, "", "", null, null], [null, null, domain, "idle", idle, null, truth, "", "", null, null], [null, null, domain, "unattributed", rest, null, truth, "", "", null, null], [null, null, domain, "measured", sums[domain] + 0 + idle + rest, null, truth, "", "", null, null]);
  }
  return rows;
}

/** @param {Campaign} c @param {URLSearchParams} q */
export function energyCard(c, q) {
  const emulated = "emulated by headrace lab";
  const domains = /** @type {const} */ ([["node/gpu-0", 0.82, "emulated", "exclusive", emulated], ["node/cpu-0", 0.18, "emulated", "split_cpu_ns", `divided by CPU time among processes; ${emulated}`]]);
  /** @type {Record<string, any>[]} */
  const lines = [];
  for (const [i, f] of c.flows.entries()) {
    if (q.get("workflow") && f.id !== q.get("workflow")) continue;
    for (const activity of ["forward", "backward", "checkpoint"]) {
      const own = c.tasks.filter((t) => t.workflow === i && t.activity === activity);
      const joules = own.reduce((s, t) => s + t.energyJ, 0);
      if (own.length === 0) continue;
      for (const [domain, share, truth, method, assumption] of domains) {
        const uj = Math.round(joules * share * 1e6);
        const [sensor, split] = [uj * 5e-8, domain === "node/cpu-0" ? uj * 25e-8 : uj * 1e-8];
        lines.push({ workflow_id: f.id, workflow: f.name, activity, domain, energy_j: uj / 1e6, energy_uj: uj, u95_j: Math.hypot(sensor, split), sensor_u95_j: sensor, split_u95_j: split, truth, tasks: own.length, withheld: activity === "checkpoint" ? own.length : 0, coverage: activity === "checkpoint" ? 0.94 : 1, method, assumption });
      }
    }
  }
  const sum = (/** @type {Record<string, any>[]} */ of, /** @type {string} */ name) => of.reduce((s, one) => s + one[name], 0);
  const books = (/** @type {string} */ domain, /** @type {Record<string, any>[]} */ own, /** @type {string} */ truth) => {
    const attributed = sum(own, "energy_uj");
    const [idle, rest] = [Math.round(attributed * 0.14), Math.round(attributed * 0.018)];
    return { domain, truth, attributed_uj: attributed, elsewhere_uj: 0, idle_uj: idle, unattributed_uj: rest, measured_uj: attributed + idle + rest, difference_uj: 0 };
  };
  const conservation = lines.length === 0 ? [] : domains.map(([domain, , truth]) => books(domain, lines.filter((one) => one.domain === domain), truth));
  const all = { domain: "", truth: "emulated", attributed_uj: 0, elsewhere_uj: 0, idle_uj: 0, unattributed_uj: 0, measured_uj: 0, difference_uj: 0 };
  for (const one of conservation) for (const name of /** @type {const} */ (["attributed_uj", "idle_uj", "unattributed_uj", "measured_uj"])) all[name] += one[name];
  const [uj, sensor, split] = [sum(lines, "energy_uj"), sum(lines, "sensor_u95_j"), sum(lines, "split_u95_j")];
  const activity = (/** @type {string} */ name, /** @type {string} */ resolution, /** @type {string | null} */ group, /** @type {number} */ joules, /** @type {number} */ groupJ) => ({ domain: "node/gpu-0", activity: name, resolution, group, processes: 4, tasks: 120, time_s: joules / 300, power_w: 300, attributed_j: resolution === "resolved" ? joules : null, share_j: joules, group_j: groupJ, group_u95_j: groupJ * 0.06, windows: 900 });
  const counter = (/** @type {string} */ domain, /** @type {string | null} */ parent, /** @type {string} */ role, /** @type {number} */ joules, /** @type {number | null} */ parts, wrong = false) => ({ domain, parent, role, truth: "measured", counters: 1, measured_j: joules, children_j: parts, other_j: parts === null ? null : joules - parts, uncompared_j: parts === null ? null : 0, tolerance_j: parts === null ? null : joules * 0.07, inconsistent: wrong, coverage: parts === null ? 0.98 : 1, reason: parts === null ? "read failed" : null });
  const some = lines.length > 0;
  const [gpu, cpu] = [conservation[0]?.measured_uj ?? 0, conservation[1]?.measured_uj ?? 0].map((one) => one / 1e6);
  return {
    of: "everything",
    idle_policy: "separate",
    total: { energy_j: uj / 1e6, energy_uj: uj, sensor_u95_j: sensor, split_u95_j: split, u95_j: Math.hypot(sensor, split), truth: some ? "emulated" : "" },
    lines,
    conservation,
    conservation_total: all,
    reasons: some ? [{ domain: "node/gpu-0", reason: "shorter than the sensor can tell", withheld: true, tasks: 41 }, { domain: "node/cpu-0", reason: "shorter than the sensor can tell", withheld: true, tasks: 41 }, { domain: "node/cpu-0", reason: "read failed", withheld: false, tasks: 3 }] : [],
    activities: some ? [activity("forward", "grouped", "backward + forward", 900, 2600), activity("backward", "grouped", "backward + forward", 1700, 2600), activity("validate", "resolved", null, 310, 310), activity("save", "unresolved", null, 4, 4)] : [],
    domains: some ? [counter("node", null, "whole", (gpu ?? 0) + (cpu ?? 0) * 0.8, (gpu ?? 0) + (cpu ?? 0), true), counter("node/cpu-0", "node", "divided", cpu ?? 0, null), counter("node/gpu-0", "node", "divided", gpu ?? 0, null)] : [],
    without_energy: some ? 2 : 0,
    carbon: { attributed_g: null, idle_g: null, unattributed_g: null, truth: "estimated", reason: "no carbon factors were given; headrace serve --carbon FILE --region R takes them from a file of yours" },
  };
}

/** @param {Campaign} c @param {string} about */
export function energyAnswer(c, about) {
  const tasks = c.tasks.filter((t) => t.activity === "finetune" && t.status === "finished").slice(0, 12);
  const place = (/** @type {typeof tasks} */ order, /** @type {typeof tasks[number]} */ t) => order.indexOf(t) + 1;
  const [slow, dear] = [[...tasks].sort((a, b) => (b.durationNs ?? 0) - (a.durationNs ?? 0)), [...tasks].sort((a, b) => b.energyJ - a.energyJ)];
  const of = (/** @type {typeof tasks[number]} */ t) => ({ task_id: t.id, activity: t.activity, workflow: c.flows[t.workflow]?.name, duration_s: (t.durationNs ?? 0) / 1e9, energy_j: t.energyJ, u95_j: t.energyJ * 0.04, truth: "mixed" });
  const rows = tasks.map((t) => ({ ...of(t), time_rank: place(slow, t), energy_rank: place(dear, t), energy_rank_best: 1, energy_rank_worst: 12, moved: place(slow, t) - place(dear, t), is_sure: Math.abs(place(slow, t) - place(dear, t)) > 3 })).filter((one) => one.moved !== 0);
  const sum = tasks.reduce((s, t) => s + t.energyJ, 0);
  switch (about) {
    case "ranks":
      return { of: "everything", activity: null, least: 1, tasks: tasks.length, without_energy: 1, spearman: tasks.length > 0 ? 0.62 : null, inversions: rows.length, rows };
    case "outliers":
      return { of: "everything", deviations: 3, rows: tasks.slice(0, 2).map((t) => ({ ...of(t), expected_j: t.energyJ * 0.8, deviations: 4.1, reason: "its node draws more" })), models: tasks.length > 0 ? [{ workflow: "train-base", activity: "finetune", tasks: 8, judged: 8, outliers: 1, spread: 0.03, expected_from: "ln lr, width", reason: null }] : [], left_out: 2 };
    case "nodes":
      return { of: "everything", nodes: tasks.length > 0 ? ["node01", "node02"].map((hostname) => ({ hostname, domain: "node/gpu-0", measured_j: sum, attributed_j: sum * 0.8, elsewhere_j: 0, idle_j: sum * 0.17, unattributed_j: sum * 0.03, difference_uj: 0, busy_s: 60, free_s: 8, base_w: 70, base_j: sum * 0.2, truth: "measured" })) : [], stragglers: { excess_s: 3, excess_j: tasks.length > 0 ? 810 : null, rows: tasks.slice(0, 2).map((t) => ({ ...of(t), median_s: 3, excess_s: 1, excess_j: 300 })) }, waiting: { waited_s: 2, waiting_j: tasks.length > 0 ? 140 : null, parts: [], waves: [] } };
    case "phases":
      return { of: "everything", gpu_below: 0.2, node_above_w: 100, power_of: ["node/cpu-0"], phases: tasks.length > 0 ? [{ activity: "forward", tasks: 900, time_s: 20, gpu_utilization: 0.91, cpu_utilization: 0.2, disk_utilization: null, node_power_w: 400, node_energy_j: 8000, waiting_s: 0, wasted_j: 0, coverage: 1 }, { activity: "load", tasks: 8, time_s: 4, gpu_utilization: 0.02, cpu_utilization: 0.8, disk_utilization: 0.6, node_power_w: 210, node_energy_j: 840, waiting_s: 4, wasted_j: 840, coverage: 1 }] : [], all: { wasted_j: tasks.length > 0 ? 840 : null }, note: "" };
    case "thermal":
      return { of: "everything", above_c: 80, activity: "finetune", runs: tasks.map((t) => ({ config: `lr=${t.used.lr}`, task_id: t.id, hostname: t.host, time_s: 30, peak_c: 84, mean_c: 71, above_s: 3, throttled_s: 1, coverage: 1, trajectory: { seconds: [], celsius: [] } })), throttling: tasks.slice(0, 1).map((t) => ({ hostname: t.host, device: "GPU-0", domain: "node/gpu-0", begin_ns: 0, end_ns: 1, seconds: 1, reasons: "power", bits: 4, tasks: [] })), note: "" };
    case "truth":
      return { of: "everything", rows: tasks.length > 0 ? [{ domain: "node/gpu-0", truth: "emulated", energy_j: sum * 0.8, share: 0.8, u95_j: sum * 0.02, tasks: tasks.length, method: "exclusive", sensors: "gpu-0.energy", sources: "nvml", assumption: "emulated by headrace lab" }] : [], without_estimates: { energy_j: sum * 0.8, u95_j: sum * 0.02, share: 0.8 }, tasks_only_estimated: 0, workflows: [] };
    case "capture":
      return { of: "everything", total: { records: c.tasks.length, own_j: sum * 0.001, energy_share: 0.001 }, by_detail: [{ detail: "50 sensors at 10 Hz", processes: 4, records: 8000, own_cpu_s: 0.2 }], processes: [] };
    case "checks":
      return { of: "everything", domains: [{ hostname: "node01", domain: "node", role: "whole", measured_j: sum, parts_j: sum * 1.2, other_j: -sum * 0.2, inconsistent: true }], inconsistent: 1 };
    default:
      return null;
  }
}

/** @param {string} workflow */
export function layerEnergy(workflow) {
  const draw = random(99);
  const paths = ["embed", ...Array.from({ length: 6 }, (_, i) => [`blocks.${i}.ln_1`, `blocks.${i}.attn`, `blocks.${i}.ln_2`, `blocks.${i}.mlp`]).flat(), "ln_f", "head"];
  const list = [];
  for (const [i, layer] of paths.entries()) {
    const weight = /mlp/.test(layer) ? 34 : /attn/.test(layer) ? 26 : layer === "head" ? 22 : 3;
    for (const phase of ["forward", "backward", "step"]) {
      const joules = weight * (phase === "backward" ? 1.9 : phase === "step" ? 0.3 : 1) * (0.9 + draw() * 0.2);
      const small = weight === 3;
      list.push({ workflow_id: workflow, workflow: "train", activity: "finetune", model: "CharLM", layer, phase, domain: "node/gpu-0", calls: 1200, time_s: joules / 310, share_j: joules, attributed_j: small ? null : joules, u95_j: joules * 0.07, power_w: 310, resolution: small ? (i === 0 ? "unresolved" : "grouped") : "resolved", group: small ? 100 : i * 3, group_size: small ? 42 : 1, group_j: small ? 140 : joules, windows: 900, coverage: 1, method: "layers of finetune", truth: "measured", reason: small ? "it always ran together with others" : null, hostname: "node01", pid: 5000 });
    }
  }
  const sum = list.reduce((s, one) => s + one.share_j, 0);
  return { of: "workflow", layers: list, conservation: [{ workflow_id: workflow, workflow: "train", activity: "finetune", domain: "node/gpu-0", layers_j: sum, outside_j: sum * 0.2, repeated_j: sum * 0.04, tasks_j: sum * 1.24, difference_uj: 0, truth: "measured" }] };
}
