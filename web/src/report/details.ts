// The inspector: everything known about the chosen task or object.
import type { LineageNode, Report } from "../api/report.ts";
import type { Tasks } from "../api/tasks.ts";
import { element } from "../views/element.ts";
import { duration, energy, scalar, shortId } from "../views/number.ts";
import { statusWord } from "../views/timeline.ts";

export type Line = [string, string];

// Captured values come as JSON text; anything else is shown as it is.
export function valueLines(text: string | undefined, most = 12): Line[] {
  if (!text) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [["", text]];
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return [["", brief(parsed)]];
  const entries = Object.entries(parsed);
  const lines = entries.slice(0, most).map(([name, value]): Line => [name, brief(value)]);
  if (entries.length > most) lines.push(["…", `${entries.length - most} more`]);
  return lines;
}

// Values that JSON has no word for come as {"$float": "nan"}, {"$time": ...}, {"$path": ...}.
function unwrapped(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  const only = entries[0];
  return entries.length === 1 && only && only[0].startsWith("$") && typeof only[1] === "string" ? only[1] : value;
}

function brief(wrapped: unknown): string {
  const value = unwrapped(wrapped);
  if (value === null || typeof value === "number" || typeof value === "string" || typeof value === "boolean") {
    const text = scalar(value);
    return text.length > 120 ? `${text.slice(0, 117)}…` : text;
  }
  const text = JSON.stringify(value) ?? "";
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

export function taskLines(report: Report, tasks: Tasks, row: number): Line[] {
  const place = tasks.places[tasks.place[row] as number];
  const workflow = report.workflows[place?.workflow ?? -1];
  const nanoseconds = tasks.durationNs[row] as number;
  const lines: Line[] = [
    ["status", statusWord(tasks.statusOf(row))],
    ["start", `+${duration((tasks.startNs[row] as number) / 1e9)}`],
    ["duration", Number.isNaN(nanoseconds) ? "not ended" : duration(nanoseconds / 1e9)],
  ];
  if (workflow) lines.push(["workflow", workflow.name]);
  const joules = tasks.energyJ?.[row];
  if (joules !== undefined && !Number.isNaN(joules)) lines.push(["energy", energy(joules, report.of.energy?.truth ?? "estimated")]);
  return lines;
}

function list(lines: readonly Line[]): HTMLElement {
  const node = element("dl", { class: "facts" });
  for (const [name, value] of lines) node.append(element("dt", {}, name), element("dd", {}, value));
  return node;
}

export function taskDetails(report: Report, tasks: Tasks, row: number): HTMLElement {
  const place = tasks.places[tasks.place[row] as number];
  const values = tasks.values.get(row);
  const id = tasks.id(row);
  const box = element("div", { class: "details" }, element("h3", {}, tasks.activityOf(row)), list(taskLines(report, tasks, row)));
  const group = (title: string, lines: readonly Line[]): void => {
    if (lines.length > 0) box.append(element("h4", {}, title), list(lines));
  };
  group("used", valueLines(values?.used));
  group("generated", valueLines(values?.generated));
  const left = tasks.valuesLeftOut.find((v) => v.activity === tasks.activityOf(row));
  if (!values && left) box.append(element("p", { class: "note" }, `The values of this activity are not in the file, to keep it small: headrace show ${id}`));
  const error = tasks.errors.get(row);
  if (error) box.append(element("h4", {}, "error"), element("pre", { class: "error" }, error));
  if (place) {
    const where: Line[] = [
      ["host", place.hostname],
      ["process", place.pid === null ? "–" : String(place.pid)],
      ["thread", place.thread],
    ];
    if (place.rank !== null) where.push(["rank", String(place.rank)]);
    group("place", where);
  }
  box.append(element("p", { class: "note mono", title: id }, `task ${id}`));
  return box;
}

export function nodeDetails(node: LineageNode): HTMLElement {
  const box = element("div", { class: "details" }, element("h3", {}, node.label));
  const lines: Line[] = [["kind", node.type]];
  if (node.workflow) lines.push(["workflow", node.workflow]);
  lines.push(...node.detail);
  box.append(list(lines), element("p", { class: "note mono", title: node.id }, `${node.kind} ${shortId(node.id)}`));
  return box;
}
