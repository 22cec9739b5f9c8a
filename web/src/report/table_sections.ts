// The sections that are tables: workflows, how energy is known, what capture saw and lost.
import type { EnergyMethod, Gap, Report, Sensor, Workflow } from "../api/report.ts";
import { element } from "../views/element.ts";
import { duration, energy, grouped, plural, si } from "../views/number.ts";
import { table } from "../views/table.ts";
import { statusWord } from "../views/timeline.ts";
import { ask, section, type Section } from "./section.ts";
import type { State } from "./state.ts";

function sumOf(workflows: readonly Workflow[], of: (w: Workflow) => number | null): number | null {
  const known = workflows.map(of).filter((v): v is number => v !== null);
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) : null;
}

export function workflowSection(report: Report, state: State): Section {
  const all = report.workflows;
  const failed = all.filter((w) => w.status === "failed" || w.status === "lost").length;
  const title = failed > 0 ? `${failed} of ${plural(all.length, "workflow")} did not finish` : `${plural(all.length, "workflow")}, all finished`;
  const frame = section("workflows", "Workflows", all.every((w) => w.status === "finished") || failed > 0 ? title : plural(all.length, "workflow"));
  const roots = all.filter((w) => w.parent_workflow_id === null);
  const mostTime = Math.max(0, ...all.map((w) => w.duration_s ?? 0));
  const mostEnergy = Math.max(0, ...all.map((w) => w.energy?.energy_j ?? 0));
  const names = new Map(all.map((w) => [w.workflow_id, w.name]));
  const total: Workflow = {
    workflow_id: "",
    name: "all",
    parent_workflow_id: null,
    status: "finished",
    start_s: 0,
    duration_s: sumOf(roots, (w) => w.duration_s),
    hostname: "",
    pid: null,
    command: null,
    exit_code: null,
    tasks: all.reduce((s, w) => s + w.tasks, 0),
    failed: all.reduce((s, w) => s + w.failed, 0),
    energy: report.of.energy,
  };
  const isTotal = (w: Workflow): boolean => w === total;
  const rows = table(frame.body, {
    caption: "Workflows in the order of their start",
    columns: [
      { name: "workflow", text: (w) => (w.parent_workflow_id ? `${names.get(w.parent_workflow_id) ?? ""} › ${w.name}` : w.name) },
      { name: "status", text: (w) => (isTotal(w) ? "" : statusWord(w.status)), mark: (w) => (isTotal(w) ? null : `status-${w.status}`) },
      { name: "start", numeric: true, text: (w) => (isTotal(w) ? "" : `+${duration(w.start_s)}`), sort: (w) => w.start_s },
      { name: "time", numeric: true, text: (w) => duration(w.duration_s), sort: (w) => w.duration_s, bar: (w) => (isTotal(w) ? null : (w.duration_s ?? NaN) / mostTime) },
      {
        name: "energy",
        numeric: true,
        text: (w) => (w.energy ? energy(w.energy.energy_j, w.energy.truth) : "–"),
        full: (w) => (w.energy ? `${w.energy.energy_j} J, ${w.energy.truth}` : ""),
        sort: (w) => w.energy?.energy_j ?? null,
        bar: (w) => (isTotal(w) ? null : (w.energy?.energy_j ?? NaN) / mostEnergy),
      },
      { name: "tasks", numeric: true, text: (w) => grouped(w.tasks), sort: (w) => w.tasks },
      { name: "failed", numeric: true, text: (w) => (w.failed === 0 ? "0" : `✕ ${grouped(w.failed)}`), sort: (w) => w.failed, mark: (w) => (w.failed > 0 ? "status-failed" : null) },
      { name: "host", text: (w) => (w.pid === null ? w.hostname : `${w.hostname} · ${w.pid}`) },
      { name: "exit", numeric: true, text: (w) => (w.exit_code === null ? (isTotal(w) ? "" : "–") : String(w.exit_code)), sort: (w) => w.exit_code },
      { name: "command", mono: true, grow: true, text: (w) => w.command ?? (isTotal(w) ? "" : "–"), full: (w) => w.command ?? "" },
    ],
    rows: all,
    total,
    id: (w) => w.workflow_id,
    onSelect: (id) => state.select(id),
  });
  state.onChange(() => rows.select(state.selected));
  ask(frame, report.questions.filter((q) => q.section === "workflows"));
  return frame;
}

function energyTitle(report: Report): string {
  const truths = new Set(report.energy.methods.map((m) => m.truth));
  if (truths.size === 0) return "No energy was recorded";
  if (truths.has("emulated")) return "Energy of an emulated machine, none was measured";
  if (truths.size === 1 && truths.has("measured")) return "All energy was measured";
  if (truths.size === 1 && truths.has("estimated")) return "All energy is estimated, none was measured";
  return "Energy is partly measured, partly estimated";
}

export function energySection(report: Report): Section {
  const frame = section("energy", "Energy", energyTitle(report));
  const { methods, sensors } = report.energy;
  const truthMark = (truth: string): string => (truth === "measured" ? "● measured" : truth === "mixed" ? "◐ mixed" : "≈ estimated");
  if (methods.length > 0) {
    table<EnergyMethod>(frame.body, {
      caption: "How the tasks' energy is known",
      columns: [
        { name: "domain", text: (m) => m.domain },
        { name: "truth", text: (m) => truthMark(m.truth) },
        { name: "tasks", numeric: true, text: (m) => grouped(m.tasks), sort: (m) => m.tasks },
        { name: "method", wrap: true, text: (m) => m.method },
        { name: "assumption", wrap: true, grow: true, text: (m) => m.assumption || "none" },
      ],
      rows: methods,
      id: (m) => `${m.domain}|${m.method}|${m.truth}|${m.assumption}`,
    });
  } else {
    frame.body.append(element("p", { class: "empty" }, "No task has an energy figure: telemetry was off, or saw no source of energy. headrace doctor lists the sources."));
  }
  if (methods.some((m) => m.truth !== "measured")) {
    frame.body.append(
      element("p", { class: "note" }, "Estimated figures rank configurations of the same machine by the work they made it do. They are no meter reading: do not compare them with measured ones or across machines."),
    );
  }
  const sensorTable = (host: HTMLElement, rows: readonly Sensor[]): void => {
    table<Sensor>(host, {
      caption: "Sensors",
      columns: [
        { name: "sensor", mono: true, text: (s) => s.name },
        { name: "quantity", text: (s) => s.quantity },
        { name: "unit", text: (s) => s.unit },
        { name: "truth", text: (s) => truthMark(s.truth) },
        { name: "source", mono: true, text: (s) => s.source },
        { name: "sensors", title: "How many of them: each process has its own", numeric: true, text: (s) => grouped(s.sensors), sort: (s) => s.sensors },
        { name: "samples", numeric: true, text: (s) => grouped(s.samples), sort: (s) => s.samples },
        { name: "method, assumption", grow: true, text: (s) => [s.method, s.assumption].filter(Boolean).join("; ") || "–", full: (s) => [s.method, s.assumption].filter(Boolean).join("; ") },
      ],
      rows,
      id: (s) => `${s.name}|${s.source}|${s.truth}|${s.method ?? ""}|${s.assumption ?? ""}`,
    });
  };
  const count = sensors.reduce((sum, s) => sum + s.sensors, 0);
  const ofEnergy = sensors.filter((s) => s.unit === "J" || s.unit === "W" || s.truth !== "measured");
  if (ofEnergy.length > 0) {
    frame.body.append(element("h3", { class: "subhead" }, ofEnergy.length === 1 ? "The sensor behind it" : "The sensors behind it"));
    sensorTable(frame.body, ofEnergy);
  }
  if (sensors.length > ofEnergy.length) {
    const all = element("details", { class: "ask" }, element("summary", {}, `All ${plural(sensors.length, "quantity", "quantities")} that ${plural(count, "sensor")} read`));
    frame.body.append(all);
    all.addEventListener("toggle", () => {
      if (all.open && all.childElementCount === 1) sensorTable(all, sensors);
    });
  }
  ask(frame, report.questions.filter((q) => q.section === "energy"));
  return frame;
}

export function captureSection(report: Report): Section {
  const facts = report.capture;
  const whole = facts.lost_records === 0 && facts.damaged_frames === 0;
  const title = whole ? "Nothing was lost" : `${plural(facts.lost_records, "record")} lost, ${plural(facts.damaged_frames, "damaged frame")}`;
  const frame = section("capture", "Capture", title);
  const lines: [string, string][] = [
    ["workflows", grouped(facts.workflows)],
    ["tasks", grouped(facts.tasks)],
    ["objects", grouped(facts.objects)],
    ["edges", grouped(facts.edges)],
    ["samples", grouped(facts.samples)],
    ["log lines", grouped(facts.log_lines)],
    ["records lost (gaps)", grouped(facts.lost_records)],
    ["damaged frames", grouped(facts.damaged_frames)],
  ];
  if (facts.store_bytes !== null) lines.push(["store", si(facts.store_bytes, "B")]);
  const list = element("dl", { class: "facts wide" });
  for (const [name, value] of lines) list.append(element("dt", {}, name), element("dd", {}, value));
  frame.body.append(list);
  for (const line of facts.overhead) frame.body.append(element("p", { class: "note" }, `${line.name}: ${line.value}`));
  if (facts.gaps.length > 0) {
    table<Gap>(frame.body, {
      caption: "Gaps: records known to be lost",
      columns: [
        { name: "reason", text: (g) => g.reason },
        { name: "records", numeric: true, text: (g) => grouped(g.count), sort: (g) => g.count },
        { name: "host", text: (g) => g.hostname ?? "–" },
        { name: "process", numeric: true, text: (g) => (g.pid === null ? "–" : String(g.pid)), sort: (g) => g.pid },
        { name: "producer", mono: true, grow: true, text: (g) => g.producer },
      ],
      rows: facts.gaps,
      id: (g) => `${g.producer}|${g.reason}`,
    });
  }
  if (facts.damaged_frames > 0) frame.body.append(element("p", { class: "note" }, "Damaged frames are kept in quarantine: headrace doctor lists them."));
  frame.body.append(element("p", { class: "note" }, `Written ${report.made_at.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")} by ${report.made_by}. This page makes no request to anywhere.`));
  ask(frame, report.questions.filter((q) => q.section === "capture"));
  return frame;
}
