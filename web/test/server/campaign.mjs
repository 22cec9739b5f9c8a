// A made-up campaign, the same at every call: five workflows of eight ranks, each rank one
// configuration of a small language model; 20,000 tasks that nest, fail, use energy and lose nothing.

/** A small generator of repeatable numbers (mulberry32). @param {number} seed */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const origin = Date.UTC(2026, 10, 21, 9, 0, 0);
/** @param {number} ns since the origin */
export const iso = (ns) => `${new Date(origin + Math.floor(ns / 1e6)).toISOString().slice(0, -1)}${String(Math.floor(ns % 1e6)).padStart(6, "0")}Z`;
/** @param {number} a @param {number} b */
const uuid = (a, b) => `${a.toString(16).padStart(8, "0")}-6ea1-8f00-8000-${b.toString(16).padStart(12, "0")}`;

/**
 * @typedef {{ id: string, workflow: number, activity: string, parent: number, status: string, startNs: number, durationNs: number | null,
 *   used: Record<string, any>, generated: Record<string, any>, rank: number, host: string, pid: number, gpu: string, energyJ: number,
 *   lane: number, error: any, attempt: number }} Task
 * @typedef {{ id: string, name: string, status: string, startNs: number, endNs: number | null, hostname: string, pid: number, command: string, gapW: number }} Workflow
 * @typedef {{ id: string, kind: string, name: string, path: string, size: number, sha: string, atNs: number, by: number, usedBy: number[], attributes: Record<string, any> }} Thing
 */

const stepActivities = ["forward", "backward", "all_reduce", "optimizer"];
const watts = [310, 420, 140, 260];
const epochs = 5;
const stepsOfEpoch = 24;

export function campaign({ workflows = 5, ranks = 8, live = false, hostile = false } = {}) {
  const draw = random(42);
  /** @type {Task[]} */
  const tasks = [];
  /** @type {Workflow[]} */
  const flows = [];
  /** @type {Thing[]} */
  const objects = [];
  const evil = '"><img src=x onerror=alert(1)>';
  const name = hostile ? `char-lm ${evil}` : "char-lm frontier";
  const id = uuid(0xc4a3, 1);
  const sha = () => Array.from({ length: 8 }, () => Math.floor(draw() * 2 ** 32).toString(16).padStart(8, "0")).join("");
  /** @param {string} kind @param {string} label @param {number} size @param {number} atNs @param {number} by @param {Record<string, any>} attributes */
  const thing = (kind, label, size, atNs, by, attributes = {}) => {
    objects.push({ id: uuid(0x0b1ec7, objects.length + 1), kind, name: label, path: `/scratch/lm/${label}`, size, sha: sha(), atNs, by, usedBy: [], attributes });
    return objects.length - 1;
  };
  const raw = [thing("file", "shakespeare.txt", 1115394, 0, -1), thing("file", "tokens.json", 4210, 0, -1)];
  const data = thing("dataset", "train.bin", 2003854, 1e9, -1, { vocabulary: 65, tokens: 1003854 });

  for (let w = 0; w < workflows; w++) {
    const startNs = w * 75e9;
    const prefix = 0xa1000000 + w * 0x10000;
    const running = live && w === workflows - 1;
    const host = `node0${(w % 3) + 1}`;
    flows.push({ id: uuid(0xf10e0000 + w, 1), name: hostile && w === 1 ? `train ${evil}` : `train-${["base", "wide", "deep", "frozen", "warm"][w] ?? w}`, status: running ? "running" : "finished", startNs, endNs: null, hostname: host, pid: 4000 + w, command: `python train.py --sweep ${w} --epochs ${epochs}`, gapW: 55 });
    for (let rank = 0; rank < ranks; rank++) {
      const slow = w === 2 && rank === 5 ? 1.9 : 1;
      const lr = [3e-4, 1e-3, 3e-3, 1e-2][rank % 4] ?? 1e-3;
      const width = [64, 96, 128, 192, 96][w] ?? 96;
      const seed = rank < 4 ? 1 : 2;
      const dead = w === 3 && rank === 3;
      let at = startNs + 1e9 + rank * 40e6;
      /** @param {string} activity @param {number} parent @param {number} start @param {number | null} length @param {number} power @param {Record<string, any>} used @param {Record<string, any>} generated */
      const add = (activity, parent, start, length, power, used = {}, generated = {}) => {
        tasks.push({ id: uuid(prefix + rank, tasks.length + 1), workflow: w, activity, parent, status: "finished", startNs: Math.round(start), durationNs: length === null ? null : Math.round(length), used, generated, rank, host: rank < ranks / 2 ? host : `node0${((w + 1) % 3) + 1}`, pid: 5000 + w * 20 + rank, gpu: `gpu${rank % 4}`, energyJ: power * ((length ?? 0) / 1e9), lane: 0, error: null, attempt: 0 });
        return tasks.length - 1;
      };
      const parameters = { lr, width, frozen: rank % 3, seed };
      const trial = add("finetune", -1, at, 0, 0, { ...parameters, data: { $object: objects[data]?.id } });
      objects[data]?.usedBy.push(trial);
      const self = /** @type {Task} */ (tasks[trial]);
      const prep = add("load", trial, at, 1.1e9 * (0.9 + draw() * 0.3), 90, { data: { $object: objects[data]?.id }, workers: 2 }, { batches: stepsOfEpoch * epochs });
      objects[data]?.usedBy.push(prep);
      at += (tasks[prep]?.durationNs ?? 0) + 2e7;
      let joules = tasks[prep]?.energyJ ?? 0;
      let loss = 4.2;
      const floor = 1.35 + Math.abs(Math.log10(lr / 1.2e-3)) * 0.42 + (192 - width) / 640 + (rank % 3) * 0.06 + seed * 0.013;
      outer: for (let epoch = 0; epoch < epochs; epoch++) {
        const begin = at;
        const outerTask = add("epoch", trial, begin, 0, 0, { epoch });
        let epochJ = 0;
        for (let step = 0; step < stepsOfEpoch; step++) {
          for (let part = 0; part < 4; part++) {
            if (tasks.length % 1000 === 999 && part === 3) at += 3e6;
            const length = [62e6, 118e6, 31e6, 44e6][part] ?? 5e7;
            const stretch = (0.82 + draw() * 0.3) * (width / 96) ** 0.7 * slow * (1 - (part === 1 ? (rank % 3) * 0.12 : 0)) * (draw() > 0.997 ? 6 : 1);
            const task = add(stepActivities[part] ?? "step", outerTask, at, length * stretch, watts[part] ?? 200, part === 0 ? { step: epoch * stepsOfEpoch + step } : {}, {});
            const one = /** @type {Task} */ (tasks[task]);
            if (part === 0) {
              loss = floor + (loss - floor) * (0.975 - Math.min(0.03, lr)) + (draw() - 0.5) * 0.05;
              one.generated.loss = Number(loss.toFixed(5));
            }
            at += (one.durationNs ?? 0) + 1e6;
            epochJ += one.energyJ;
            if (dead && epoch === 3 && step === 11 && part === 1) {
              one.status = "failed";
              one.generated = {};
              one.error = { type: "FloatingPointError", message: `loss is not finite at step ${epoch * stepsOfEpoch + step}`, traceback: 'Traceback (most recent call last):\n  File "train.py", line 88, in step\n    loss.backward()\nFloatingPointError: loss is not finite' };
              for (const up of [outerTask, trial]) {
                const above = /** @type {Task} */ (tasks[up]);
                above.status = "failed";
                above.error = one.error;
              }
              const above = /** @type {Task} */ (tasks[outerTask]);
              above.durationNs = Math.round(at - begin);
              above.energyJ = epochJ;
              joules += epochJ;
              break outer;
            }
          }
        }
        const test = add("evaluate", outerTask, at, 4.2e8 * (0.9 + draw() * 0.2), 240, { split: "validation" }, { val_loss: Number((loss + 0.08).toFixed(5)) });
        at += (tasks[test]?.durationNs ?? 0) + 2e6;
        const save = add("checkpoint", outerTask, at, 1.6e8 * (0.8 + draw() * 0.5), 80, { epoch }, {});
        at += (tasks[save]?.durationNs ?? 0) + 2e6;
        epochJ += (tasks[test]?.energyJ ?? 0) + (tasks[save]?.energyJ ?? 0);
        const above = /** @type {Task} */ (tasks[outerTask]);
        above.durationNs = Math.round(at - begin);
        above.energyJ = epochJ;
        above.generated = { loss: Number(loss.toFixed(5)), val_loss: Number((loss + 0.08).toFixed(5)) };
        joules += epochJ;
        if (running && epoch === 2 && rank % 2 === 1) {
          const half = add("forward", outerTask, at, null, 0, { step: (epoch + 1) * stepsOfEpoch }, {});
          /** @type {Task} */ (tasks[half]).status = "running";
          self.status = "running";
          break;
        }
      }
      self.energyJ = joules;
      if (self.status === "running") self.durationNs = null;
      else self.durationNs = Math.round(at - self.startNs);
      if (self.status === "finished") {
        const model = thing("model", `model_w${w}_r${rank}.pt`, width * width * 48, at, trial, { layers: 6, parameters: width * width * 12 });
        self.generated = { val_loss: Number((loss + 0.08).toFixed(5)), accuracy: Number((0.71 - floor / 5).toFixed(4)), model: { $object: objects[model]?.id } };
      }
    }
    const own = tasks.filter((t) => t.workflow === w);
    const flow = /** @type {Workflow} */ (flows[w]);
    const end = Math.max(...own.map((t) => t.startNs + (t.durationNs ?? 0)));
    flow.endNs = running ? null : end + 5e8;
    if (own.some((t) => t.status === "failed") && flow.status === "finished") flow.status = "failed";
  }
  // Lanes: a rank's tasks nest, so its depth is the row.
  tasks.forEach((task) => {
    let depth = 0;
    for (let up = task.parent; up >= 0; up = tasks[up]?.parent ?? -1) depth++;
    task.lane = task.rank * 3 + Math.min(depth, 2);
  });
  return { id, name, tasks, flows, objects, raw, data, epochs, ranks };
}

/** @typedef {ReturnType<typeof campaign>} Campaign */
