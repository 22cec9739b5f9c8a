// The chart answers of the made-up campaign, reduced to a window of pixels as the server does.
import { iso, random } from "./campaign.mjs";

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
  const from = Number(q.get("from_ns") ?? 0);
  const to = Number(q.get("to_ns") ?? end);
  const width = Math.max(100, Number(q.get("width") ?? 1000));
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
        lanes.push({ label: depth === 0 ? `rank ${rank}` : "", hostname: one.host, pid: one.pid, thread: String(one.pid), rank, workflow_id: c.flows[i]?.id });
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
    inWindow++;
    const lane = laneOf.get(`${t.workflow}:${t.lane}`) ?? 0;
    const status = statuses.indexOf(t.status);
    const activity = activities.indexOf(t.activity);
    const small = stop - start < perPixel * 2;
    const at = open.get(lane);
    if (small && at !== undefined && start - (spans.start_ns[at] + spans.duration_ns[at]) < perPixel && spans.duration_ns[at] < perPixel * 3) {
      spans.duration_ns[at] = stop - spans.start_ns[at];
      spans.count[at] += 1;
      spans.task[at] = -1;
      spans.energy_j[at] += t.energyJ;
      if ((worst[status] ?? 0) > (worst[spans.status[at]] ?? 0)) spans.status[at] = status;
      continue;
    }
    if (small) open.set(lane, spans.lane.length);
    else open.delete(lane);
    spans.lane.push(lane);
    spans.start_ns.push(start);
    spans.duration_ns.push(length);
    spans.activity.push(activity);
    spans.status.push(status);
    spans.energy_j.push(t.energyJ);
    spans.count.push(1);
    spans.task.push(ids.length);
    ids.push(t.id);
  }
  return { origin: iso(first), begin_ns: begin, end_ns: end, from_ns: from, to_ns: to, lanes, lanes_total: lanes.length, activities, statuses, tasks: ids, tasks_total: members.length, tasks_in_window: inWindow, spans };
}

export const sensors = [
  ["gpu0.power", "hw.power", "W", "gauge", "node01/gpu0", "nvml", "measured"],
  ["gpu0.utilisation", "hw.gpu.utilization", "%", "gauge", "node01/gpu0", "nvml", "measured"],
  ["cpu.power", "hw.power", "W", "gauge", "node01/cpu", "rapl", "measured"],
  ["memory.used", "process.memory.usage", "By", "gauge", "node01", "proc", "measured"],
];

/** @param {Campaign} c @param {URLSearchParams} q */
export function counters(c, q) {
  const index = Number(q.get("sensor") ?? 1) - 1;
  const [name, , unit] = sensors[index] ?? ["?", "", ""];
  const line = timeline(c, new URLSearchParams({ ...(q.get("workflow") ? { workflow: q.get("workflow") ?? "" } : {}), width: "400" }));
  const from = Number(q.get("from_ns") ?? 0);
  const to = Number(q.get("to_ns") ?? line.end_ns);
  const width = Math.max(50, Math.min(2000, Number(q.get("width") ?? 800)));
  const low = [];
  const high = [];
  const mean = [];
  const draw = random(index + 7);
  for (let i = 0; i < width; i++) {
    const at = from + ((i + 0.5) / width) * (to - from);
    const busy = at > 1.2e9 && at < line.end_ns * 0.96 ? 1 : 0;
    const wave = Math.sin(at / 4.1e9) * 0.12 + Math.sin(at / 0.9e9) * 0.08;
    const base = [70 + busy * 270 * (1 + wave), busy * (78 + wave * 90), 55 + busy * 60 * (1 + wave), 4e8 + busy * 2.4e9 + at / 90][index] ?? 0;
    const noise = base * 0.06 * draw();
    // A gap: the sampler was stopped for two seconds.
    const gone = index === 0 && at > 14e9 && at < 16e9;
    low.push(gone ? null : base - noise);
    high.push(gone ? null : base + noise * 2);
    mean.push(gone ? null : base);
  }
  return { origin: line.origin, from_ns: from, to_ns: to, sensor: name, unit, truth: "measured", samples: Math.round((to - from) / 1e8), min: low, max: high, mean };
}

/** @param {Campaign} c @param {URLSearchParams} q */
export function graph(c, q) {
  const level = q.get("level") ?? "activity";
  const own = c.tasks.filter((t) => !q.get("workflow") || c.flows[t.workflow]?.id === q.get("workflow"));
  const order = ["load", "forward", "backward", "all_reduce", "optimizer", "evaluate", "checkpoint"];
  /** @type {any[]} */
  const nodes = [];
  /** @param {string} id @param {string} label @param {string} kind @param {typeof own} members @param {number} x @param {number} y */
  const node = (id, label, kind, members, x, y) => {
    /** @type {Record<string, number>} */
    const status = {};
    for (const t of members) status[t.status] = (status[t.status] ?? 0) + 1;
    nodes.push({ id, label, kind, tasks: members.length, status, time_s: members.reduce((s, t) => s + (t.durationNs ?? 0) / 1e9, 0), energy_j: members.length ? members.reduce((s, t) => s + t.energyJ, 0) : null, x, y });
    return nodes.length - 1;
  };
  /** @type {any[]} */
  const edges = [];
  if (level === "activity") {
    node("object:dataset", "train.bin", "object", [], 0, 1);
    order.forEach((a, i) => node(`activity:${a}`, a, "activity", own.filter((t) => t.activity === a), 1 + i - (i === 6 ? 1 : 0), i === 6 ? 2 : i === 5 ? 0 : 1));
    node("object:model", "model", "object", [], 7, 2);
    const at = (/** @type {string} */ a) => nodes.findIndex((n) => n.label === a);
    edges.push({ from: 0, to: 1, name: "data", exact: true, count: 8 });
    for (let i = 1; i < 5; i++) edges.push({ from: i, to: i + 1, name: null, exact: true, count: 960 });
    edges.push({ from: at("optimizer"), to: at("evaluate"), name: null, exact: true, count: 40 });
    edges.push({ from: at("optimizer"), to: at("checkpoint"), name: null, exact: true, count: 40 });
    edges.push({ from: at("checkpoint"), to: at("model"), name: "model", exact: true, count: 8 });
    edges.push({ from: 0, to: at("evaluate"), name: "data", exact: false, count: 40 });
  } else {
    const shown = level === "wave" ? 5 : 24;
    for (let rank = 0; rank < c.ranks; rank++) {
      let before = node(`task:load${rank}`, "load", "task", own.filter((t) => t.rank === rank && t.activity === "load"), 0, rank);
      for (let s = 0; s < shown; s++) {
        const picked = level === "wave" ? own.filter((t) => t.rank === rank && t.activity === "epoch").slice(s, s + 1) : own.filter((t) => t.rank === rank && t.activity === "forward").slice(s, s + 1);
        const here = node(picked[0]?.id ?? `x${rank}.${s}`, level === "wave" ? `epoch ${s}` : "forward", level, picked, s + 1, rank);
        edges.push({ from: before, to: here, name: null, exact: true, count: 1 });
        before = here;
      }
    }
  }
  return { level, nodes, edges, nodes_total: level === "task" ? own.length : nodes.length };
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
  return {
    metric,
    metrics: ["loss", "val_loss"],
    by: "step",
    curves: [...groups.values()].map((g) => {
      const x = [...new Set(g.runs.flatMap((r) => [...r.keys()]))].sort((a, b) => a - b);
      const at = x.map((s) => g.runs.map((r) => r.get(s)).filter((v) => v !== undefined));
      return { label: g.label, runs: g.runs.length, task_ids: g.ids, x, mean: at.map((v) => v.reduce((a, b) => a + b, 0) / v.length), low: at.map((v) => Math.min(...v)), high: at.map((v) => Math.max(...v)) };
    }),
    missing: null,
  };
}

/** @param {Campaign} c @param {URLSearchParams} q */
export function ranks(c, q) {
  const quantity = q.get("quantity") || "power";
  const flow = c.flows.findIndex((f) => f.id === q.get("workflow"));
  const line = timeline(c, new URLSearchParams({ workflow: q.get("workflow") ?? "", width: "200" }));
  const slices = 90;
  const slice = line.end_ns / slices;
  const values = Array.from({ length: c.ranks }, () => /** @type {number[]} */ (Array(slices).fill(0)));
  const start = c.flows[flow]?.startNs ?? 0;
  const own = c.tasks.filter((t) => t.workflow === flow && (["load", "evaluate", "checkpoint"].includes(t.activity) || t.parent > 0) && t.activity !== "epoch" && t.activity !== "finetune");
  for (const t of own) {
    const from = (t.startNs - start) / slice;
    const to = from + (t.durationNs ?? 0) / slice;
    for (let s = Math.max(0, Math.floor(from)); s <= Math.min(slices - 1, to); s++) {
      const share = Math.max(0, Math.min(to, s + 1) - Math.max(from, s));
      const row = values[t.rank];
      if (row) row[s] = (row[s] ?? 0) + share * (quantity === "power" ? t.energyJ / ((t.durationNs || 1) / 1e9) : quantity === "busy" ? 1 : (t.durationNs ?? 0) / 1e9);
    }
  }
  return { quantity, quantities: ["power", "busy", "duration"], unit: quantity === "power" ? "W" : quantity === "busy" ? "" : "s", truth: "measured", ranks: values.map((_, i) => `rank ${i}`), from_s: 0, slice_s: slice / 1e9, values, missing: null };
}

/** @param {Campaign} c @param {URLSearchParams} q */
export function energyRows(c, q) {
  const rows = [];
  const conservation = { gpu: 0, cpu: 0 };
  let time = 0;
  for (const [i, f] of c.flows.entries()) {
    if (q.get("workflow") && f.id !== q.get("workflow")) continue;
    const trials = c.tasks.filter((t) => t.workflow === i && t.activity === "finetune");
    const joules = trials.reduce((s, t) => s + t.energyJ, 0);
    const seconds = trials.reduce((s, t) => s + (t.durationNs ?? 0) / 1e9, 0);
    time += seconds;
    conservation.gpu += joules * 0.82;
    conservation.cpu += joules * 0.18;
    rows.push([f.id, f.name, "gpu", joules * 0.82, joules * 0.02, seconds, "measured", "nvml counter, split by time on the device", ""]);
    rows.push([f.id, f.name, "cpu", joules * 0.18, joules * 0.015, seconds, "mixed", "rapl package counter, split by CPU time", "memory is not measured here: estimated at 0.38 W/GB"]);
  }
  const card = (/** @type {string} */ domain, /** @type {number} */ attributed, /** @type {string} */ truth, /** @type {string} */ method, /** @type {string} */ assumption) => {
    const idle = attributed * 0.14;
    const rest = attributed * 0.018;
    return { domain, measured_j: attributed + idle + rest, attributed_j: attributed, idle_j: idle, unattributed_j: rest, residual_j: 0, u95_j: attributed * 0.02, truth, method, assumption };
  };
  return { time, rows, conservation: [card("gpu", conservation.gpu, "measured", "nvml counter", ""), card("cpu", conservation.cpu, "mixed", "rapl package counter", "memory is not measured here: estimated at 0.38 W/GB")] };
}

/** @param {Campaign} c */
export function layers(c) {
  const draw = random(99);
  const paths = ["embed", ...Array.from({ length: 6 }, (_, i) => [`blocks.${i}.ln_1`, `blocks.${i}.attn`, `blocks.${i}.ln_2`, `blocks.${i}.mlp`]).flat(), "ln_f", "head"];
  const list = paths.map((path) => ({ path, type: /attn/.test(path) ? "CausalSelfAttention" : /mlp/.test(path) ? "MLP" : /ln/.test(path) ? "LayerNorm" : path === "head" ? "Linear" : "Embedding", parameters: /attn/.test(path) ? 36864 : /mlp/.test(path) ? 73728 : /ln/.test(path) ? 192 : 6240 }));
  const phases = ["forward", "backward"];
  const epochs = Array.from({ length: c.epochs }, (_, i) => i);
  const energy = [];
  const time = [];
  const memory = [];
  for (const layer of list) {
    const weight = /mlp/.test(layer.path) ? 34 : /attn/.test(layer.path) ? 26 : layer.path === "head" ? 22 : 3;
    const frozen = layer.path.startsWith("blocks.0") || layer.path === "embed";
    for (const epoch of epochs) {
      for (const phase of phases) {
        const value = weight * (phase === "backward" ? (frozen && epoch >= 2 ? 0 : 1.9) : 1) * (0.9 + draw() * 0.2);
        energy.push(value);
        time.push(value / 310);
        memory.push(weight * 2.1e5 * (phase === "backward" ? 1.6 : 1));
      }
    }
  }
  return { layers: list, epochs, phases, energy_j: energy, time_s: time, memory_bytes: memory, truth: "measured", missing: null };
}
