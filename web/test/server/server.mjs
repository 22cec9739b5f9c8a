// The server's API with a made-up campaign behind it, for tests and pictures of the page:
//   node test/server/server.mjs [PORT] [STATE]     STATE: full (default), empty, slow, error, live
// Serves web/dist/page as the program does, with the same policy. Loopback only.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { campaign, iso } from "./campaign.mjs";
import { counterRows, curves, energyAnswer, energyCard, energyRows, graph, layerEnergy, ranks, sensorGaps, sensors, timeline } from "./charts.mjs";

/** @typedef {import("./campaign.mjs").Task} Task */
const root = process.env.HEADRACE_PAGE ?? join(dirname(fileURLToPath(import.meta.url)), "../../dist/page");
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
export const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

class Refused extends Error {
  /** @param {number} status @param {{ kind: string, what: string, why: string, next: string, at?: number | null }} failure */
  constructor(status, failure) {
    super(failure.what);
    this.status = status;
    this.failure = { at: null, ...failure };
  }
}
/** @param {string} what */
const absent = (what) => new Refused(404, { kind: "not_found", what: `There is no ${what}.`, why: "It was never captured here, or was removed.", next: "headrace ls lists what there is." });

/** @typedef {{ name: string, type: string, unit?: string | null }} Col */
/** @param {Col[]} columns @param {any[][]} rows @param {URLSearchParams} q */
function page(columns, rows, q) {
  const sort = q.get("sort");
  if (sort) {
    const name = sort.replace(/^-/, "");
    const at = columns.findIndex((c) => [name, `${name}_at`, `${name}_s`, `${name}_j`].includes(c.name));
    if (at < 0) throw new Refused(400, { kind: "invalid_argument", what: `There is no column ${name} to sort by.`, why: `The columns are ${columns.map((c) => c.name).join(", ")}.`, next: "Sort by one of them." });
    const way = sort.startsWith("-") ? -1 : 1;
    rows = rows.slice().sort((a, b) => ((a[at] ?? -Infinity) < (b[at] ?? -Infinity) ? -1 : 1) * way);
  }
  const offset = Number(q.get("offset") ?? 0);
  const limit = Number(q.get("limit") ?? 1000);
  const shown = rows.slice(offset, offset + limit);
  return { columns: columns.map((c) => ({ unit: null, ...c })), rows: shown, total: rows.length, shown: shown.length, watermark: "w1" };
}
const fields = ["activity", "status", "workflow", "rank", "hostname", "duration", "energy", "used.lr", "used.width", "generated.loss", "id"];
/** @param {string} text @param {ReturnType<typeof campaign>} c @returns {(t: Task) => boolean} */
function filterOf(text, c) {
  /** @type {((t: Task) => boolean)[]} */
  const tests = [];
  const among = /\(id:(\S+) OR parent:\S+\)/.exec(text);
  if (among) {
    const ids = (among[1] ?? "").split(",");
    tests.push((t) => ids.includes(t.id) || ids.includes(c.tasks[t.parent]?.id ?? ""));
  }
  for (const match of text.replace(among?.[0] ?? "", "").matchAll(/\S+/g)) {
    const [word] = match;
    const parts = /^(-?)([\w.]+)(:|<=|>=|<|>)(.+)$/.exec(word);
    if (!parts || !fields.includes(parts[2] ?? "")) {
      throw new Refused(400, { kind: "invalid_argument", what: `This filter is not understood at “${word}”.`, why: parts ? `A task has no ${parts[2]}.` : "A term is FIELD:VALUE or FIELD<VALUE.", next: `Fields: ${fields.join(", ")}.`, at: match.index });
    }
    const [, not, field, op, value] = /** @type {string[]} */ (/** @type {unknown} */ (parts));
    const scale = { kJ: 1e3, J: 1, ms: 1e-3, s: 1, min: 60 }[/** @type {"s"} */ (/[a-zA-Z]+$/.exec(value ?? "")?.[0] ?? "s")] ?? 1;
    /** @param {Task} t @returns {any} */
    const of = (t) => ({ activity: t.activity, status: t.status, workflow: c.flows[t.workflow]?.name, rank: t.rank, hostname: t.host, duration: (t.durationNs ?? 0) / 1e9, energy: t.energyJ, "used.lr": t.used.lr, "used.width": t.used.width, "generated.loss": t.generated.loss, id: t.id })[/** @type {"id"} */ (field)];
    tests.push((/** @type {Task} */ t) => {
      const own = of(t);
      const number = parseFloat(value ?? "") * scale;
      const yes = op === ":" ? String(own) === value || String(own).startsWith(String(value).replace(/\*$/, "\u0000").includes("\u0000") ? String(value).slice(0, -1) : "\u0001") : own !== undefined && (op === "<" ? own < number : op === ">" ? own > number : op === "<=" ? own <= number : own >= number);
      return not ? !yes : yes;
    });
  }
  return (t) => tests.every((test) => test(t));
}

/** @param {{ state?: string, live?: boolean, hostile?: boolean, ranks?: number }} options */
export function madeUp({ state = "full", live = state === "live", hostile = false, ranks: many = 8 } = {}) {
  const c = campaign({ live, hostile, ranks: many });
  if (state === "empty") {
    c.tasks.length = c.flows.length = c.objects.length = 0;
  }
  let watermark = 1;
  /** @type {Set<import("node:http").ServerResponse>} */
  const listeners = new Set();
  const now = { state, delayMs: state === "slow" ? 4000 : 0 };
  const flowIndex = (/** @type {string | null} */ id) => c.flows.findIndex((f) => f.id === id);
  const need = (/** @type {string} */ id) => {
    const at = flowIndex(id);
    if (at < 0) throw absent(`workflow ${id.slice(0, 40)}`);
    return at;
  };
  const taskColumns = [
    { name: "task_id", type: "uuid" }, { name: "activity", type: "text" }, { name: "status", type: "text" }, { name: "started_at", type: "time" },
    { name: "duration_s", type: "number", unit: "s" }, { name: "energy_j", type: "number", unit: "J" }, { name: "rank", type: "integer" }, { name: "hostname", type: "text" },
    { name: "workflow", type: "text" }, { name: "workflow_id", type: "uuid" }, { name: "used", type: "json" }, { name: "generated", type: "json" },
  ];
  const taskRow = (/** @type {Task} */ t) => [t.id, t.activity, t.status, iso(t.startNs), t.durationNs === null ? null : t.durationNs / 1e9, t.energyJ, t.rank, t.host, c.flows[t.workflow]?.name, c.flows[t.workflow]?.id, t.used, t.generated];
  const energyOf = (/** @type {Task[]} */ roots, tasks = roots.length) => {
    const joules = roots.reduce((s, t) => s + t.energyJ, 0);
    return roots.length === 0 ? [] : [
      { domain: "gpu", joules: joules * 0.82, plus_minus_joules: joules * 0.02, coverage: 1, truth: "measured", method: "nvml counter, split by time on the device", assumption: "", tasks },
      { domain: "cpu", joules: joules * 0.18, plus_minus_joules: joules * 0.015, coverage: 0.98, truth: "mixed", method: "rapl package counter, split by CPU time", assumption: "memory is not measured here: estimated at 0.38 W/GB", tasks },
    ];
  };
  const activitiesOf = (/** @type {Task[]} */ own) => [...new Set(own.map((t) => t.activity))].map((activity) => {
    const some = own.filter((t) => t.activity === activity);
    return { activity, tasks: some.length, failed: some.filter((t) => t.status === "failed").length, seconds: some.reduce((s, t) => s + (t.durationNs ?? 0) / 1e9, 0) };
  });
  const flowTable = (/** @type {URLSearchParams} */ q) => page(
    ["workflow_id", "campaign", "parent_workflow_id", "name", "status", "started_at", "ended_at", "duration_s", "tasks", "hostname", "pid", "command", "exit_code", "tags", "note", "error", "failed", "running", "energy_j", "energy_u95_j", "energy_truth"].map((name) => ({ name, type: "text", unit: name === "duration_s" ? "s" : /_j$/.test(name) ? "J" : null })),
    c.flows.map((f, i) => {
      const own = c.tasks.filter((t) => t.workflow === i);
      return [f.id, c.name, null, f.name, f.status, iso(f.startNs), f.endNs === null ? null : iso(f.endNs), f.endNs === null ? null : (f.endNs - f.startNs) / 1e9, own.length, f.hostname, f.pid, f.command, f.status === "failed" ? 1 : f.status === "running" ? null : 0, null, null, null, own.filter((t) => t.status === "failed").length, own.filter((t) => t.status === "running").length, own.filter((t) => t.parent < 0).reduce((s, t) => s + t.energyJ, 0), own.filter((t) => t.parent < 0).reduce((s, t) => s + t.energyJ, 0) * 0.04, "mixed"];
    }),
    q,
  );
  const lineage = (/** @type {string} */ id, forward = false) => {
    const at = c.objects.findIndex((o) => o.id === id);
    const taskAt = c.tasks.findIndex((t) => t.id === id);
    if (at < 0 && taskAt < 0) throw absent(`object, task or workflow ${id.slice(0, 40)}`);
    const object = c.objects[at];
    const task = c.tasks[taskAt >= 0 ? taskAt : (object?.by ?? -1)];
    const data = /** @type {import("./campaign.mjs").Thing} */ (c.objects[c.data]);
    /** @type {any[]} */
    const nodes = [];
    /** @type {any[]} */
    const edges = [];
    const put = (/** @type {any} */ n) => nodes.push({ distance: nodes.length, exact: true, ...n });
    const subject = object ?? { name: task?.activity ?? "?", id };
    if (object) put({ kind: "object", id: object.id, label: object.name, facts: { kind: object.kind, path: object.path, size_bytes: object.size, sha256: object.sha } });
    if (task) {
      put({ kind: "task", id: task.id, label: task.activity, facts: { workflow: c.flows[task.workflow]?.name, duration_s: (task.durationNs ?? 0) / 1e9, energy_j: task.energyJ, ...task.used, data: undefined } });
      if (object) edges.push({ from: task.id, to: object.id, relation: "generated", name: "model", exact: true });
      put({ kind: "object", id: data.id, label: data.name, facts: { kind: "dataset", path: data.path, size_bytes: data.size } });
      edges.push({ from: data.id, to: task.id, relation: "used", name: "data", exact: true });
    }
    const prepare = { id: "9e9a0000-6ea1-8f00-8000-000000000001" };
    put({ kind: "task", id: prepare.id, label: "prepare", facts: { workflow: "prepare" } });
    edges.push({ from: prepare.id, to: data.id, relation: "generated", name: "dataset", exact: true });
    for (const r of c.raw) {
      const o = c.objects[r];
      if (!o) continue;
      put({ kind: "object", id: o.id, label: o.name, facts: { kind: "file", path: o.path, size_bytes: o.size } });
      edges.push({ from: o.id, to: prepare.id, relation: "used", name: "text", exact: o.name !== "tokens.json" });
    }
    return {
      subject: { kind: object ? "object" : "task", id, name: subject.name },
      sentences: forward ? [`${subject.name} affects 40 tasks and 39 objects in ${c.flows.length} workflows.`, "39 models end the chain; the best is model_w3_r1.pt."] : [
        `${subject.name} was written by task ${task?.activity} of workflow ${c.flows[task?.workflow ?? 0]?.name}, 2026-11-21 09:12:07 UTC.`,
        "code: git 3e1a9d2 with 1 file changed since; command python train.py --sweep 0 --epochs 5",
        "data: train.bin ← task prepare ← shakespeare.txt (raw), tokens.json (raw, inferred)",
        `params: ${Object.entries(task?.used ?? {}).filter(([k]) => k !== "data").map(([k, v]) => `${k}=${v}`).join(" ")}`,
        "env: python 3.11.2, torch 2.10.0, 42 packages, on node01 with 4 H100",
        `cost: ${((task?.durationNs ?? 0) / 1e9).toFixed(1)} s, ${((task?.energyJ ?? 0) / 1e3).toFixed(1)} kJ (mixed: nvml and rapl counters)`,
        "not captured: the tokenizer's version: add --env-file to headrace run",
      ],
      graph: { nodes, edges },
      not_captured: [{ what: "the tokenizer's version", how: "add --env-file to headrace run" }],
    };
  };

  /** @param {string} path @param {URLSearchParams} q @param {any} body */
  const answer = (path, q, body) => {
    const [head, id, ...rest] = path.split("/").map(decodeURIComponent);
    if (rest.length > 0) throw absent(`resource ${path}`);
    switch (head) {
      case "campaigns": {
        const top = c.tasks.filter((t) => t.parent < 0);
        if (!id) {
          return page(["campaign_id", "name", "started_at", "ended_at", "workflows", "tasks", "tags", "note", "failed", "running", "energy_j", "energy_u95_j", "energy_truth"].map((name) => ({ name, type: "text", unit: /_j$/.test(name) ? "J" : null })),
            now.state === "empty" ? [] : [[c.id, c.name, iso(0), live ? null : iso(c.flows.at(-1)?.endNs ?? 0), c.flows.length, c.tasks.length, { paper: "draft2" }, "Does freezing blocks pay at equal loss?", c.tasks.filter((t) => t.status === "failed").length, c.tasks.filter((t) => t.status === "running").length, top.reduce((s, t) => s + t.energyJ, 0), top.reduce((s, t) => s + t.energyJ, 0) * 0.03, "mixed"]], q);
        }
        if (id !== c.id) throw absent(`campaign ${id.slice(0, 40)}`);
        return { thing: "campaign", campaign_id: c.id, name: c.name, started_at: iso(0), ended_at: live ? null : iso(c.flows.at(-1)?.endNs ?? 0), workflows: c.flows.length, tasks: c.tasks.length, tags: { paper: "draft2" }, note: "Does freezing blocks pay at equal loss?", activities: activitiesOf(c.tasks), energy: energyOf(top) };
      }
      case "workflows": {
        if (!id) return flowTable(q);
        const at = need(id);
        const f = /** @type {import("./campaign.mjs").Workflow} */ (c.flows[at]);
        const own = c.tasks.filter((t) => t.workflow === at);
        return { thing: "workflow", workflow_id: f.id, campaign_id: c.id, campaign: c.name, name: f.name, status: f.status, started_at: iso(f.startNs), ended_at: f.endNs === null ? null : iso(f.endNs), duration_s: f.endNs === null ? null : (f.endNs - f.startNs) / 1e9, hostname: f.hostname, pid: f.pid, command: f.command, exit_code: f.status === "failed" ? 1 : f.status === "running" ? null : 0, activities: activitiesOf(own), energy: energyOf(own.filter((t) => t.parent < 0)) };
      }
      case "tasks": {
        if (!id) {
          const test = filterOf(q.get("filter") ?? "", c);
          const parent = q.get("parent");
          const some = c.tasks.filter((t) => (!q.get("workflow") || c.flows[t.workflow]?.id === q.get("workflow")) && (!parent || c.tasks[t.parent]?.id === parent) && test(t));
          return page(taskColumns, some.map(taskRow), q);
        }
        const t = c.tasks.find((one) => one.id === id);
        if (!t) throw absent(`task ${id.slice(0, 40)}`);
        const children = c.tasks.filter((one) => c.tasks[one.parent] === t);
        const uses = Object.entries({ ...t.used }).filter(([, v]) => v?.$object).map(([name, v]) => ({ relation: "used", name, id: v.$object }));
        const makes = Object.entries({ ...t.generated }).filter(([, v]) => v?.$object).map(([name, v]) => ({ relation: "generated", name, id: v.$object }));
        return { thing: "task", task_id: t.id, workflow_id: c.flows[t.workflow]?.id, workflow: c.flows[t.workflow]?.name, campaign_id: c.id, campaign: c.name, activity: t.activity, parent_task_id: c.tasks[t.parent]?.id ?? null, status: t.status, started_at: iso(t.startNs), ended_at: t.durationNs === null ? null : iso(t.startNs + t.durationNs), duration_s: t.durationNs === null ? null : t.durationNs / 1e9, used: t.used, generated: t.generated, hostname: t.host, pid: t.pid, thread: t.pid, rank: t.rank, device: t.gpu, attempt: 0, attributes: { cpu_s: 0.031 }, error: t.error, energy: t.activity === "checkpoint" ? [{ domain: "gpu", joules: null, truth: "measured", method: "exclusive", resolution: "grouped", reason: "shorter than the sensor can tell", coverage: 1, group_joules: 12, group_plus_minus_joules: 1.5, group: "checkpoint + evaluate", group_tasks: 80 }] : energyOf([t], 1), children: activitiesOf(children), objects: [...uses, ...makes].map((o) => { const thing = c.objects.find((x) => x.id === o.id); return { relation: o.relation, name: o.name, kind: thing?.kind, object: thing?.path, object_id: o.id, exact: true }; }) };
      }
      case "objects": {
        if (!id) return page([{ name: "object_id", type: "uuid" }, { name: "kind", type: "text" }, { name: "name", type: "text" }, { name: "size_bytes", type: "integer", unit: "By" }, { name: "sha256", type: "text" }, { name: "created_at", type: "time" }, { name: "path", type: "text" }], c.objects.filter((o) => !q.get("filter") || `kind:${o.kind}` === q.get("filter")).map((o) => [o.id, o.kind, o.name, o.size, o.sha, iso(o.atNs), o.path]), q);
        const o = c.objects.find((one) => one.id === id);
        if (!o) throw absent(`object ${id.slice(0, 40)}`);
        const by = c.tasks[o.by];
        const told = (/** @type {Task | undefined} */ t) => (t ? [{ kind: "task", name: t.activity, workflow: c.flows[t.workflow]?.name, started_at: iso(t.startNs), id: t.id, exact: true }] : []);
        return { thing: "object", object_id: o.id, kind: o.kind, name: o.name, path: o.path, version: 1, size_bytes: o.size, sha256: o.sha, created_at: iso(o.atNs), attributes: o.attributes, written_by: told(by), used_by: o.usedBy.slice(0, 20).flatMap((i) => told(c.tasks[i])), versions: [{ version: 1, object_id: o.id, sha256: o.sha, size_bytes: o.size, created_at: iso(o.atNs) }] };
      }
      case "why":
        return lineage(id ?? "");
      case "affects":
        return lineage(id ?? "", true);
      case "diff": {
        const side = (/** @type {string | null} */ wanted) => {
          const f = c.flows[flowIndex(wanted)];
          if (f) return { kind: "workflow", id: f.id, name: f.name, tasks: c.tasks.filter((t) => c.flows[t.workflow] === f).length };
          const t = c.tasks.find((one) => one.id === wanted);
          if (t) return { kind: "task", id: t.id, name: `${t.activity} of ${c.flows[t.workflow]?.name}`, tasks: 1 };
          throw absent(`campaign, workflow, task or object ${String(wanted).slice(0, 40)}`);
        };
        const line = (/** @type {string} */ section, /** @type {string} */ what, /** @type {any} */ a, /** @type {any} */ b, unit = /** @type {string | null} */ (null), note = /** @type {string | null} */ (null)) => ({ section, what, where: null, a, b, unit, differs: a !== b, note });
        const all = [
          line("code", "git commit", "3e1a9d2", "3e1a9d2"), line("code", "train.py", "+0 −0", "+12 −3"), line("environment", "torch", "2.9.1", "2.10.0"), line("environment", "python", "3.11.2", "3.11.2"),
          line("parameters", "finetune.lr", 0.001, 0.0003), line("parameters", "finetune.width", 64, 96), line("parameters", "finetune.seed", 1, 1),
          line("inputs", "/scratch/lm/train.bin", "sha256 84d89877f0d4", "sha256 84d89877f0d4"),
          line("metrics", "finetune.val_loss", 1.798, 1.909), line("metrics", "finetune.accuracy", 0.41, 0.392), line("time", "in all", 211.2, 274.9, "s"), line("time", "forward", 61.1, 79.3, "s"), line("time", "backward", 96.8, 131.4, "s"),
          line("energy", "in all", 61700, 80800, "J", "mixed"), line("energy", "blocks.3.attn", 4100, 5370, "J", "measured"), line("tasks", "finetune status", "finished", "finished"), line("outputs", "model_r3.pt", "sha256 51aa9911c0de", null),
        ];
        return { equal: false, a: side(q.get("a")), b: side(q.get("b")), pairs: 3944, lines: q.get("all") ? all : all.filter((l) => l.differs) };
      }
      case "tradeoff": {
        const trials = c.tasks.filter((t) => t.activity === "finetune");
        if (trials.length === 0) return { ...page([{ name: "config", type: "text" }], [], new URLSearchParams()), quality: "", minimise: true, activity: "", qualities: [], note: "No task generated a value." };
        const quality = q.get("quality") ?? "val_loss";
        if (!["val_loss", "accuracy"].includes(quality)) throw new Refused(404, { kind: "not_found", what: `No task of ${c.name} generated ${quality}.`, why: "The values captured are val_loss and accuracy.", next: "Ask for one of them." });
        const minimise = quality === "val_loss";
        const done = trials.filter((t) => t.status === "finished").sort((a, b) => (q.get("cost") === "time" ? (a.durationNs ?? 0) - (b.durationNs ?? 0) : a.energyJ - b.energyJ));
        const front = new Set();
        let best = minimise ? Infinity : -Infinity;
        for (const t of done) if (minimise ? t.generated[quality] < best : t.generated[quality] > best) { best = t.generated[quality]; front.add(t.id); }
        const row = (/** @type {Task} */ t) => [`lr=${t.used.lr} width=${t.used.width} frozen=${t.used.frozen} seed=${t.used.seed}`, t.generated[quality] ?? null, t.durationNs === null ? null : t.durationNs / 1e9, t.energyJ, t.energyJ * 0.03, "mixed", front.has(t.id), null, t.status, t.activity, t.id, c.flows[t.workflow]?.id];
        return { ...page([{ name: "config", type: "text" }, { name: quality, type: "number" }, { name: "time_s", type: "number", unit: "s" }, { name: "energy_j", type: "number", unit: "J" }, { name: "energy_u95_j", type: "number", unit: "J" }, { name: "energy_truth", type: "text" }, { name: "on_front", type: "boolean" }, { name: "dominated_by", type: "text" }, { name: "status", type: "text" }, { name: "activity", type: "text" }, { name: "task_id", type: "uuid" }, { name: "workflow_id", type: "uuid" }], [...done, ...trials.filter((t) => t.status !== "finished")].map(row), new URLSearchParams()), quality, minimise, activity: "finetune", qualities: ["val_loss", "accuracy"], note: "" };
      }
      case "summary": {
        if (c.tasks.length === 0) return { of: "everything", findings: [] };
        const slow = c.tasks.find((t) => t.workflow === 2 && t.rank === 5);
        return { of: q.get("workflow") ?? c.name, findings: [
          { about: "time", sentence: "backward takes most time: 46 % of 2 h 4 min of work in 4 703 tasks (119 ms each on average).", sql: "SELECT activity, count(*) AS tasks, sum(duration_s) AS own_s FROM task GROUP BY ALL ORDER BY own_s DESC", rows: activitiesOf(c.tasks.slice(0, 4000)) },
          { about: "energy", sentence: "backward takes most energy: 62 % of 438 kJ in gpu (measured).", sql: "SELECT activity, sum(attributed_j) AS j FROM task JOIN task_energy USING (task_id) GROUP BY 1 ORDER BY j DESC", rows: [] },
          { about: "stragglers", sentence: `rank 5 on ${slow?.host ?? "node03"} is 1.9 × slower than the median of its peers in forward.`, sql: "SELECT rank, hostname, median(duration_s) FROM task WHERE activity = 'forward' GROUP BY ALL", rows: [{ rank: 5 }] },
          { about: "failures", sentence: "1 finetune task failed: FloatingPointError, loss is not finite at step 83.", sql: "SELECT task_id, error FROM task WHERE status = 'failed'", rows: [{ tasks: 1 }] },
          { about: "not captured", sentence: "The tokenizer's version was not captured: add --env-file to headrace run.", sql: "SELECT 1", rows: [] },
        ] };
      }
      case "critical-path": {
        const at = need(id ?? "");
        const own = c.tasks.filter((t) => t.workflow === at && t.rank === 5 && t.activity === "epoch");
        return { workflow_id: id, workflow: c.flows[at]?.name, total_s: 68, working_s: 66.9, waiting_s: 1.1, tasks: own.length, links: own.map((t) => ({ task_id: t.id, activity: t.activity, after: "previous", wait_s: 0.002, duration_s: (t.durationNs ?? 0) / 1e9, energy_j: t.energyJ, hostname: t.host, rank: t.rank })), slack: [] };
      }
      case "stragglers":
        return page([{ name: "task_id", type: "uuid" }, { name: "activity", type: "text" }, { name: "rank", type: "integer" }, { name: "hostname", type: "text" }, { name: "duration_s", type: "number", unit: "s" }, { name: "times_median", type: "number" }], c.tasks.filter((t) => (!q.get("workflow") || c.flows[t.workflow]?.id === q.get("workflow")) && ["forward", "backward"].includes(t.activity)).sort((a, b) => (b.durationNs ?? 0) - (a.durationNs ?? 0)).slice(0, 30).map((t) => [t.id, t.activity, t.rank, t.host, (t.durationNs ?? 0) / 1e9, (t.durationNs ?? 0) / 9e7]), q);
      case "timeline":
        if (q.get("workflow")) need(q.get("workflow") ?? "");
        return timeline(c, q);
      case "counters": {
        const { unit, rows } = counterRows(q);
        return page(["sensor_id", "sensor", "hostname", "pid", "domain", "at_ns", "min", "max", "mean", "readings"].map((name) => ({ name, type: "real", unit: ["min", "max", "mean"].includes(name) ? (unit ?? null) : null })), c.tasks.length === 0 ? [] : rows, new URLSearchParams({ limit: "5000" }));
      }
      case "sources":
        return page([{ name: "name", type: "text" }, { name: "address", type: "text" }, { name: "path", type: "text" }, { name: "kind", type: "text" }, { name: "tasks", type: "integer" }, { name: "failed", type: "integer" }, { name: "running", type: "integer" }, { name: "late_s", type: "real", unit: "s" }, { name: "trouble", type: "text" }], [["lm", "/", "/scratch/lm/.headrace", "folder", c.tasks.length, 3, 0, 0.12, null]], q);
      case "sensors":
        if (id === "gaps") return sensorGaps(c, q);
        return page([{ name: "sensor_id", type: "integer" }, { name: "name", type: "text" }, { name: "quantity", type: "text" }, { name: "unit", type: "text" }, { name: "kind", type: "text" }, { name: "domain", type: "text" }, { name: "source", type: "text" }, { name: "truth", type: "text" }, { name: "hostname", type: "text" }], c.tasks.length === 0 ? [] : sensors.map((s, i) => [i + 1, ...s, "node01"]), q);
      case "graph":
        return graph(c, q);
      case "curves":
        return curves(c, q);
      case "ranks":
        return ranks(c, q);
      case "energy":
        if (id === "card") return energyCard(c, q);
        if (id === "layers") return q.get("workflow") === c.flows[1]?.id ? { of: "", layers: [], conservation: [] } : layerEnergy(q.get("workflow") ?? "");
        if (id) return energyAnswer(c, id) ?? {};
        return page(["workflow_id", "workflow", "domain", "part", "energy_j", "tasks", "truth", "method", "assumption", "u95_j", "time_s"].map((name) => ({ name, type: "text", unit: name.endsWith("_j") ? "J" : name === "time_s" ? "s" : null })), c.tasks.length === 0 ? [] : energyRows(c, q), new URLSearchParams());
      case "phases":
      case "thermal":
        return energyAnswer(c, head);
      case "names": {
        const columns = ["name", "role", "about", "begin", "end"].map((name) => ({ name, type: "text" }));
        if (q.get("role") === "generated") return page(columns, c.tasks.length === 0 ? [] : ["accuracy", "batches", "loss", "model", "val_loss"].map((name) => [name, "generated", "", 0, 0]), q);
        const prefix = q.get("prefix") ?? "";
        const word = /\S*$/.exec(prefix)?.[0] ?? "";
        const colon = word.indexOf(":");
        const begin = prefix.length - word.length;
        const values = colon < 0 ? fields : word.slice(0, colon) === "status" ? ["finished", "failed", "running"] : word.slice(0, colon) === "activity" ? [...new Set(c.tasks.map((t) => t.activity))] : [];
        const typed = colon < 0 ? word : word.slice(colon + 1);
        return page(columns, values.filter((v) => v.startsWith(typed)).map((v) => [v, "filter", colon < 0 ? "field" : "value", colon < 0 ? begin : begin + colon + 1, prefix.length]), q);
      }
      case "sql": {
        const sql = String(body?.sql ?? "");
        if (/attach|copy |install|pragma/i.test(sql)) throw new Refused(403, { kind: "forbidden", what: "This statement may not run here.", why: "Only questions are answered: SELECT, WITH, DESCRIBE.", next: "Leave the statement out.", at: sql.search(/attach|copy |install|pragma/i) });
        if (/nonsense/i.test(sql)) throw new Refused(400, { kind: "invalid_argument", what: "There is no column nonsense.", why: "Columns with similar names: none.", next: "DESCRIBE task lists the columns.", at: sql.search(/nonsense/i) });
        const rows = activitiesOf(c.tasks).map((a) => [a.activity, a.tasks, a.failed, a.seconds, (a.seconds ?? 0) * 220]);
        if (/task_id\s*=/.test(sql)) {
          const wanted = /'([0-9a-f-]{36})'/.exec(sql)?.[1];
          return page(taskColumns, c.tasks.filter((t) => t.id === wanted).map(taskRow), new URLSearchParams());
        }
        return page([{ name: "activity", type: "text" }, { name: "tasks", type: "integer" }, { name: "failed", type: "integer" }, { name: "sum_s", type: "number", unit: "s" }, { name: "energy_j", type: "number", unit: "J" }], rows, new URLSearchParams());
      }
      case "filter":
        filterOf(String(body?.filter ?? ""), c);
        return { ok: true };
      case "health": {
        const producers = c.flows.map((f, i) => ({ producer: `fc69f922cb0abd${i}`, hostname: f.hostname, pid: f.pid, state: "ended", accepted: 20849 + i, stored: 20849 + i - (i === 2 ? 12 : 0), spooled: 0, quarantined: 0, dropped: i === 2 ? 12 : 0, missing: 0, bytes: 2_130_000 + i, drain_cpu_s: 0.041, sampler_cpu_s: 0.012, process_cpu_s: 38 }));
        const sum = (/** @type {"accepted" | "stored" | "dropped" | "bytes" | "drain_cpu_s" | "sampler_cpu_s" | "process_cpu_s"} */ part) => producers.reduce((s, p) => s + p[part], 0);
        return { folder: "/scratch/lm/.headrace", server: { version: "0.1.0", started_at: iso(0), up_s: 312, cpu_s: 1.9, folds: 41, fold_s: 0.7, folds_put_off: 0, late_s: 0.12, allow_write: false }, store: { readable: true, note: null, watermark: `w${watermark}`, tasks: c.tasks.length, failed: 3, running: 0 }, totals: { producers: producers.length, running: 0, accepted: sum("accepted"), stored: sum("stored"), spooled: 0, quarantined: 0, dropped: sum("dropped"), missing: 0 }, capture: { bytes: sum("bytes"), drain_cpu_s: sum("drain_cpu_s"), sampler_cpu_s: sum("sampler_cpu_s"), process_cpu_s: sum("process_cpu_s"), share: 0.053 / 38 }, producers, gaps: producers.length > 2 ? [{ reason: "the ring was full", gaps: 1, records: 12 }] : [], quarantine: [] };
      }
      default:
        throw absent(`resource ${path}`);
    }
  };

  const told = (/** @type {import("node:http").ServerResponse} */ one) => {
    const change = { workflows: [], all: true, tasks: c.tasks.length, failed: c.tasks.filter((t) => t.status === "failed").length, running: c.tasks.filter((t) => t.status === "running").length, watermark: `w${watermark}`, late_s: 0.12 };
    one.write(`id: w${watermark}\nevent: changed\ndata: ${JSON.stringify(change)}\n\n`);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const send = (/** @type {number} */ status, /** @type {string | Buffer} */ content, /** @type {Record<string, string>} */ headers) => {
      response.writeHead(status, { "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", ...headers });
      response.end(content);
    };
    if (now.state === "gone") return void request.socket.destroy();
    if (url.pathname === "/api/v1/events") {
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      response.write(`retry: 500\n\n`);
      told(response);
      listeners.add(response);
      request.on("close", () => listeners.delete(response));
      return;
    }
    if (url.pathname.startsWith("/api/v1/")) {
      /** @type {Buffer[]} */
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        const later = () => {
          try {
            if (now.state === "error") throw new Refused(503, { kind: "locked", what: "The store cannot be read.", why: "Another program holds it: headrace collect, pid 4711.", next: "Wait for it to end, or stop it." });
            const body = parts.length ? JSON.parse(Buffer.concat(parts).toString()) : null;
            const text = JSON.stringify(answer(url.pathname.slice(8), url.searchParams, body));
            const tag = `W/"w${watermark}"`;
            if (request.headers["if-none-match"] === tag) return send(304, "", { ETag: tag });
            send(200, text, { "Content-Type": "application/json", ETag: tag, "Cache-Control": "no-cache" });
          } catch (error) {
            const refused = error instanceof Refused ? error : new Refused(500, { kind: "internal", what: "The made-up server failed.", why: String(error), next: "Mend it." });
            send(refused.status, JSON.stringify({ error: refused.failure }), { "Content-Type": "application/json" });
          }
        };
        if (now.delayMs) setTimeout(later, now.delayMs);
        else later();
      });
      return;
    }
    const file = join(root, url.pathname);
    const kind = types[/** @type {".js"} */ (extname(url.pathname))];
    if (kind && file.startsWith(root) && existsSync(file)) return send(200, readFileSync(file), { "Content-Type": kind });
    if (kind || url.pathname.startsWith("/assets/")) return send(404, "", {});
    send(200, readFileSync(join(root, "index.html")), { "Content-Type": types[".html"] });
  });

  return {
    campaign: c,
    server,
    /** Changes what is answered from now on. @param {{ state?: string, delayMs?: number }} next */
    become(next) {
      Object.assign(now, next);
      watermark++;
      if (now.state === "gone") for (const one of listeners) one.destroy();
    },
    /** A task ends: one more row, and everyone who listens hears of it. */
    tick() {
      const open = c.flows.findIndex((f) => f.status === "running");
      const flow = open < 0 ? c.flows.length - 1 : open;
      const last = c.tasks.filter((t) => t.workflow === flow).reduce((m, t) => Math.max(m, t.startNs + (t.durationNs ?? 0)), 0);
      const like = /** @type {Task} */ (c.tasks.find((t) => t.workflow === flow && t.activity === "forward"));
      c.tasks.push({ ...like, id: `a1ffffff-6ea1-8f00-8000-${String(c.tasks.length).padStart(12, "0")}`, startNs: last + 1e6, durationNs: 6e7, status: "finished" });
      watermark++;
      for (const one of listeners) told(one);
    },
    /** @param {number} port @returns {Promise<number>} */
    listen: (port = 0) =>
      new Promise((done) => {
        server.listen(port, "127.0.0.1", () => done(/** @type {import("node:net").AddressInfo} */ (server.address()).port));
      }),
    close() {
      for (const one of listeners) one.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port, state] = process.argv.slice(2);
  const made = madeUp({ state: state ?? "full" });
  const at = await made.listen(Number(port ?? 0));
  console.log(`http://127.0.0.1:${at}/`);
  if (state === "live") setInterval(() => made.tick(), 500);
}
