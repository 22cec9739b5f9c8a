// A campaign like the fine-tuning example's, made up for tests and for looking at the page: five
// workflows, eight configurations, a few thousand steps. Never shown to a user.
import { fixtureViews } from "./fixture_views.mjs";
import { pack } from "./pack.mjs";

/** @typedef {import("../src/api/report.ts").Report} Report */
/** @typedef {{ place: number, start: number, length: number | null, activity: string, status: number, parent: Task | null, id: bigint, used: object, generated: object, energy: number, error?: string, row?: number }} Task */

/** @param {number} seed */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const prefix = "6f1c2a90-77de-8b1e";
/** @param {bigint} low */
export function idOf(low) {
  const hex = low.toString(16).padStart(16, "0");
  return `${prefix}-${hex.slice(0, 4)}-${hex.slice(4)}`;
}

/**
 * @param {{ steps?: number, hostile?: string, seed?: number }} [options]
 * @returns {Report}
 */
export function fixture(options = {}) {
  const random = randomFrom(options.seed ?? 7);
  const hostile = options.hostile ?? "";
  const stepsAnEpoch = options.steps ?? 60;
  const names = ["prepare", "pretrain", "finetune", "evaluate", "inference"];
  /** @type {Task[]} */
  const tasks = [];
  let nextId = 0x8000_1234_5678_0000n;
  const watts = 6.5;
  /** @param {number} place @param {string} activity @param {number} start @param {number | null} length @param {Task | null} parent @param {object} used @param {object} generated */
  const add = (place, activity, start, length, parent, used, generated) => {
    /** @type {Task} */
    const task = { place, activity, start, length, parent, status: 2, id: nextId++, used, generated, energy: ((length ?? 0) / 1e9) * watts * (0.9 + 0.2 * random()) };
    tasks.push(task);
    return task;
  };
  /** @type {number[]} */
  const starts = [];
  /** @type {number[]} */
  const ends = [];
  let now = 0.4e9;
  const gap = () => (now += 0.6e9 + random() * 0.8e9);

  starts.push(now);
  const clean = add(0, "clean_text", now + 0.2e9, 2.1e9, null, { files: 79, encoding: "utf-8" }, { bytes: 5061022 });
  now += 2.4e9;
  add(0, "split", now, 0.9e9, null, { val_share: 0.1, seed: 7 }, { train_bytes: 4554919, val_bytes: 506103 });
  now += 1.1e9;
  ends.push(now);
  gap();

  starts.push(now);
  /** @type {Task[]} */
  const bases = [];
  for (const width of [64, 128]) {
    const length = width === 64 ? 11e9 : 19e9;
    const base = add(1, "pretrain", now + 0.1e9, length, null, { width, blocks: 4, lr: 0.003, seed: 7 }, { loss: width === 64 ? 2.61 : 2.39 });
    bases.push(base);
    const each = (length - 0.3e9) / (stepsAnEpoch * 4);
    for (let s = 0; s < stepsAnEpoch * 4; s++) {
      add(1, "step", now + 0.2e9 + s * each, each * 0.94, base, { step: s }, { loss: 5.5 * Math.exp(-s / 60) + 2.4 + random() * 0.1 });
    }
    now += length + 0.3e9;
  }
  ends.push(now);
  gap();

  starts.push(now);
  /** @type {[number, number, number, number][]} */
  const grid = [
    [0.001, 0, 128, 1],
    [0.0003, 0, 128, 1],
    [0.001, 2, 128, 1],
    [0.001, 4, 128, 1],
    [0.001, 0, 64, 1],
    [0.001, 2, 64, 1],
    [0.003, 0, 64, 0.5],
    [0.001, 0, 128, 0.5],
    [0.03, 0, 128, 1],
  ];
  const losses = [2.0213, 2.2128, 2.0649, 2.3102, 2.2517, 2.2984, 2.2719, 2.1031, NaN];
  /** @type {Task[]} */
  const finetunes = [];
  grid.forEach(([lr, frozen, width, share], c) => {
    const lane = 2 + (c % 2);
    const loss = losses[c] ?? NaN;
    const at = (starts[2] ?? 0) + 0.2e9 + Math.floor(c / 2) * 9.4e9;
    const failed = c === 8;
    const length = failed ? 2.2e9 : (width === 64 ? 4.6e9 : 8.3e9) * (1 - 0.085 * frozen) * (0.55 + 0.45 * share) * (0.97 + 0.06 * random());
    const task = add(lane, "finetune", at, length, null, { lr, frozen_blocks: frozen, width, dataset_share: share, batch: 16, seed: 7 }, failed ? {} : { val_loss: loss, train_loss: loss - 0.08 });
    if (failed) {
      task.status = 3;
      task.error = `FloatingPointError: loss is not finite at step 11${hostile}\nTraceback (most recent call last):\n  File "finetune.py", line 88, in finetune\n    raise FloatingPointError("loss is not finite at step 11")`;
    }
    finetunes.push(task);
    const epochs = failed ? 1 : 3;
    for (let e = 0; e < epochs; e++) {
      const from = at + 0.1e9 + (e * (length - 0.2e9)) / epochs;
      const epoch = add(lane, "epoch", from, (length - 0.4e9) / epochs, task, { epoch: e }, failed ? {} : { val_loss: loss + (2 - e) * 0.11 });
      if (failed) epoch.status = 3;
      const count = failed ? 11 : stepsAnEpoch;
      const each = (length - 0.9e9) / epochs / stepsAnEpoch;
      for (let s = 0; s < count; s++) {
        add(lane, "step", from + 0.02e9 + s * each, each * 0.95, epoch, { step: e * stepsAnEpoch + s }, { loss: loss + 0.9 * Math.exp(-(e * stepsAnEpoch + s) / 40) + random() * 0.1 });
      }
      if (!failed) add(lane, "validate", from + 0.02e9 + count * each, each * 3, epoch, { split: "val" }, { val_loss: loss + (2 - e) * 0.11 });
    }
    now = Math.max(now, at + length + 0.3e9);
  });
  ends.push(now);
  gap();

  starts.push(now);
  for (let c = 0; c < 8; c++) {
    add(4, "evaluate", now, 0.42e9, null, { configuration: c }, { val_loss: losses[c], perplexity: Math.exp(losses[c] ?? 0) });
    now += 0.47e9;
  }
  const select = add(4, "select_best", now, 0.03e9, null, { candidates: 8 }, { best: 0 });
  now += 0.2e9;
  ends.push(now);
  gap();
  starts.push(now);
  add(5, "generate_text", now + 0.2e9, 3.2e9, null, { prompt: `Of man's first disobedience${hostile}`, tokens: 256, temperature: 0.8 }, { tokens_per_s: 79.4 });
  now += 3.6e9;
  ends.push(now);

  tasks.sort((a, b) => a.place - b.place || a.start - b.start);
  tasks.forEach((task, row) => (task.row = row));
  const activities = [...new Set(tasks.map((t) => t.activity))];
  const workflowOfPlace = [0, 1, 2, 2, 3, 4];
  const workflowId = names.map((_, i) => idOf(0x9000_0000_0000_0000n + BigInt(i)));
  const sum = (/** @type {number} */ w) => tasks.filter((t) => workflowOfPlace[t.place] === w && !t.parent).reduce((s, t) => s + t.energy, 0);
  const perWorkflow = names.map((_, w) => sum(w));

  const points = finetunes.slice(0, 8).map((t, c) => ({ t, loss: losses[c] ?? 0, time: (t.length ?? 0) / 1e9 }));
  /** @param {(p: (typeof points)[number]) => number} cost @param {(typeof points)[number]} p */
  const dominator = (cost, p) => {
    const by = points.filter((q) => q !== p && cost(q) <= cost(p) && q.loss <= p.loss && (cost(q) < cost(p) || q.loss < p.loss));
    by.sort((a, b) => a.loss - b.loss);
    return by[0] ? idOf(by[0].t.id) : null;
  };
  const configurations = finetunes.map((t, c) => {
    const p = points[c];
    const factors = grid[c] ?? [];
    const byEnergy = p ? dominator((q) => q.t.energy, p) : null;
    const byTime = p ? dominator((q) => q.time, p) : null;
    return {
      task_id: idOf(t.id),
      factors,
      quality: p ? p.loss : null,
      time_s: (t.length ?? 0) / 1e9,
      time_front: p !== undefined && byTime === null,
      time_dominated_by: byTime,
      energy_j: t.energy,
      energy_u95_j: t.energy * 0.06,
      energy_truth: /** @type {const} */ ("estimated"),
      energy_front: p !== undefined && byEnergy === null,
      energy_dominated_by: byEnergy,
    };
  });

  /** @type {import("../src/api/report.ts").LineageNode[]} */
  const nodes = [];
  /** @type {import("../src/api/report.ts").LineageEdge[]} */
  const edges = [];
  let objects = 0xa000_0000_0000_0000n;
  /** @param {string} type @param {string} label @param {string} workflow @param {[string, string][]} detail */
  const object = (type, label, workflow, detail) => {
    const id = idOf(objects++);
    nodes.push({ id, kind: "object", type, label, workflow: null, detail: [["made in", workflow], ...detail] });
    return id;
  };
  /** @param {Task} task @param {string} workflow @param {[string, string][]} detail */
  const step = (task, workflow, detail) => {
    const id = idOf(task.id);
    nodes.push({ id, kind: "task", type: "task", label: task.activity, workflow, detail });
    return id;
  };
  /** @param {string} from @param {string} to @param {"used" | "generated"} relation @param {boolean} [exact] */
  const edge = (from, to, relation, exact = true) => edges.push({ from, to, relation, name: null, exact });
  const plays = ["hamlet", "macbeth", "othello", "king_lear", "the_tempest", "twelfth_night", "as_you_like_it"];
  const raws = plays.map((play) => object("file", `${play}_gut.txt${hostile}`, "prepare", [["size", "162 kB"]]));
  const milton = object("file", "paradise_lost.txt", "prepare", [["size", "465 kB"]]);
  const tClean = step(clean, "prepare", [["energy", "≈ 13.6 J"]]);
  for (const raw of [...raws, milton]) edge(raw, tClean, "used");
  const corpus = object("dataset", "shakespeare.bin", "prepare", [["size", "5.06 MB"], ["sha256", "9f2c41aa…"]]);
  const tuning = object("dataset", "milton.bin", "prepare", [["size", "465 kB"]]);
  edge(tClean, corpus, "generated");
  edge(tClean, tuning, "generated");
  const tPre = step(/** @type {Task} */ (bases[1]), "pretrain", [["width", "128"], ["energy", "≈ 124 J"]]);
  edge(corpus, tPre, "used");
  const base = object("checkpoint", "base-128.pt", "pretrain", [["size", "3.5 MB"], ["version", "1"]]);
  edge(tPre, base, "generated");
  const tFine = step(/** @type {Task} */ (finetunes[0]), "finetune", [["lr", "0.001"], ["frozen_blocks", "0"], ["width", "128"], ["energy", "≈ 53.7 J"]]);
  edge(base, tFine, "used");
  edge(tuning, tFine, "used");
  const configFile = object("file", "finetune.toml", "finetune", [["size", "412 B"]]);
  edge(configFile, tFine, "used", false);
  const candidate = object("model", "finetune-0.pt", "finetune", [["size", "3.5 MB"]]);
  edge(tFine, candidate, "generated");
  const tSelect = step(select, "evaluate", []);
  edge(candidate, tSelect, "used");
  const best = object("model", "best.pt", "evaluate", [["size", "3.5 MB"], ["sha256", "41d09b77…"]]);
  edge(tSelect, best, "generated");

  const left = options.steps !== undefined && options.steps > 200;
  return {
    format: "headrace.report",
    version: 1,
    made_at: "2026-11-21T14:40:12Z",
    made_by: "headrace 0.1.0",
    of: {
      kind: "campaign",
      id: idOf(0x9100_0000_0000_0000n),
      name: `llm_finetune${hostile}`,
      campaign: `llm_finetune${hostile}`,
      started_at: "2026-11-21T14:37:05.120Z",
      duration_s: now / 1e9,
      workflows: 5,
      tasks: tasks.length,
      tags: ["demo"],
      note: null,
      hostnames: ["node-07"],
      energy: { energy_j: perWorkflow.reduce((a, b) => a + b, 0), u95_j: null, truth: "estimated" },
    },
    workflows: names.map((name, w) => ({
      workflow_id: workflowId[w] ?? "",
      name,
      parent_workflow_id: null,
      status: "finished",
      start_s: (starts[w] ?? 0) / 1e9,
      duration_s: ((ends[w] ?? 0) - (starts[w] ?? 0)) / 1e9,
      hostname: "node-07",
      pid: 41200 + w * 17,
      command: `python examples/llm_finetune/${name}.py --scale 1${hostile}`,
      exit_code: 0,
      tasks: tasks.filter((t) => workflowOfPlace[t.place] === w).length,
      failed: tasks.filter((t) => workflowOfPlace[t.place] === w && t.status === 3).length,
      energy: { energy_j: perWorkflow[w] ?? 0, u95_j: null, truth: "estimated" },
    })),
    tasks: {
      rows: tasks.length,
      total: tasks.length,
      activities,
      places: workflowOfPlace.map((workflow, i) => ({ workflow, hostname: "node-07", pid: 41200 + workflow * 17, thread: i === 3 ? "worker-1" : i === 2 ? "worker-0" : "main", rank: null })),
      id_prefixes: [prefix],
      columns: {
        place: pack("runs", tasks.map((t) => t.place)),
        start_ns: pack("delta", tasks.map((t) => Math.round(t.start))),
        duration_ns: pack("varint", tasks.map((t) => (t.length === null ? 0 : Math.round(t.length) + 1))),
        activity: pack("varint", tasks.map((t) => activities.indexOf(t.activity))),
        status: pack("runs", tasks.map((t) => t.status)),
        parent: pack("signed", tasks.map((t) => (t.parent ? (t.row ?? 0) - (t.parent.row ?? 0) : 0))),
        id_prefix: pack("runs", tasks.map(() => 0)),
        id_low: pack("delta", tasks.map((t) => t.id)),
        energy_j: pack("f32", tasks.map((t) => t.energy)),
      },
      values: tasks
        .filter((t) => !left || t.activity !== "step")
        .map((t) => ({ row: t.row ?? 0, used: JSON.stringify(t.used), generated: JSON.stringify(t.generated) })),
      values_left_out: left ? [{ activity: "step", tasks: tasks.filter((t) => t.activity === "step").length }] : [],
      errors: tasks.filter((t) => t.error).map((t) => ({ row: t.row ?? 0, text: t.error ?? "" })),
    },
    tradeoff: {
      quality: "val_loss",
      minimise: true,
      activity: "finetune",
      factors: ["lr", "frozen_blocks", "width", "dataset_share"],
      constants: [
        { name: "batch", value: 16 },
        { name: "seed", value: 7 },
      ],
      configurations,
      best: idOf(/** @type {Task} */ (finetunes[0]).id),
    },
    tradeoff_missing: null,
    lineage: {
      object_id: best,
      name: "best.pt",
      nodes,
      edges,
      lines: [
        { label: "", text: "best.pt (model, sha256 41d09b77…, 3.5 MB) was written by task select_best of workflow evaluate, 2026-11-21 14:38:27 UTC." },
        { label: "code", text: "git 3e1a9d20 on main with uncommitted changes; command python examples/llm_finetune/evaluate.py --scale 1" },
        { label: "data", text: "finetune-0.pt ← task finetune of workflow finetune, with lr 0.001, frozen_blocks 0, width 128, dataset_share 1" },
        { label: "", text: "base-128.pt ← task pretrain of workflow pretrain, with width 128" },
        { label: "", text: `shakespeare.bin ← task clean_text of workflow prepare ← 8 files: ${plays[0]}_gut.txt, ${plays[1]}_gut.txt and 6 more${hostile}` },
        { label: "params", text: "candidates=8" },
        { label: "env", text: "Python 3.11.2, torch 1.13.1 on node-07, 2 cores" },
        { label: "cost", text: "≈ 206 J and 30.6 s for pretraining, ≈ 56.7 J and 8.35 s for fine-tuning" },
        { label: "not captured", text: "random seeds of numpy (give them to the task as used values)" },
      ],
    },
    lineage_missing: null,
    energy: {
      methods: [{ domain: "cpu", method: "CPU time × watts a core", truth: "estimated", assumption: "6.5 W for each busy core; idle power, memory, disks and fans are not in it", tasks: tasks.length }],
      sensors: [
        { name: "cpu.power", quantity: "power", unit: "W", domain: "cpu", source: "/proc/stat", truth: "estimated", method: "busy share × watts a core", assumption: "6.5 W a core", sensors: 5, samples: 1402 },
        { name: "cpu.busy", quantity: "time", unit: "s", domain: "cpu", source: "/proc/stat", truth: "measured", method: null, assumption: null, sensors: 5, samples: 1402 },
        { name: "memory.used", quantity: "bytes", unit: "B", domain: null, source: "/proc/meminfo", truth: "measured", method: null, assumption: null, sensors: 5, samples: 1402 },
        { name: `disk.read${hostile}`, quantity: "bytes", unit: "B", domain: null, source: "/proc/diskstats", truth: "measured", method: null, assumption: null, sensors: 5, samples: 1402 },
      ],
    },
    views: fixtureViews(names.map((name, w) => ({ id: workflowId[w] ?? "", name })), hostile),
    capture: {
      workflows: 5,
      tasks: tasks.length,
      objects: 23,
      edges: 61,
      samples: 19628,
      log_lines: 1204,
      lost_records: 0,
      gaps: [],
      damaged_frames: 0,
      store_bytes: 4_820_992,
      overhead: [{ name: "capture's own time", value: "0.11 % of the workflows' CPU time" }],
    },
    questions: [
      { section: "tradeoff", label: "CLI", text: "headrace tradeoff llm_finetune --cost energy --quality val_loss --minimise" },
      { section: "tradeoff", label: "CLI", text: "headrace tradeoff llm_finetune --cost time --quality val_loss --minimise" },
      { section: "timeline", label: "CLI", text: "headrace ls tasks --campaign llm_finetune" },
      { section: "timeline", label: "SQL", text: "SELECT activity, count(*), sum(duration_s) FROM task WHERE campaign = 'llm_finetune' GROUP BY ALL" },
      { section: "lineage", label: "CLI", text: `headrace why ${best}` },
      { section: "workflows", label: "CLI", text: "headrace ls workflows --campaign llm_finetune" },
      { section: "energy", label: "SQL", text: "SELECT domain, method, truth, assumption, count(*) FROM task_energy GROUP BY ALL" },
      { section: "capture", label: "CLI", text: "headrace doctor" },
    ],
  };
}
