// What is known of one thing, as names and values; a value may lead somewhere.
import type { CampaignAnswer, Cell, EnergyFigure, ObjectAnswer, ObjectUse, TaskAnswer, WorkflowAnswer } from "../api/answers.ts";
import type { Truth } from "../api/report.ts";
import { hrefOf } from "../state/route.ts";
import { bytes, duration, figure, grouped, shortId, shownTruth } from "../views/number.ts";
import { clock, cut, plain, statusText } from "./cells.ts";

export interface Fact {
  readonly name: string;
  readonly text: string;
  readonly full?: string;
  readonly href?: string;
  readonly mono?: boolean;
}

export type Anything = CampaignAnswer | WorkflowAnswer | TaskAnswer | ObjectAnswer;

export function truthOf(figures: readonly Pick<EnergyFigure, "truth">[] | undefined): Truth {
  const truths = new Set((figures ?? []).map((one) => one.truth));
  return truths.size === 1 ? ([...truths][0] as Truth) : "mixed";
}

export function energyWords(figures: readonly EnergyFigure[] | undefined): string {
  if (!figures || figures.length === 0) return "not captured";
  const known = figures.filter((one) => typeof one.joules === "number");
  if (known.length === 0) return figures.every((one) => one.resolution === "unresolved") ? "○ cannot be told" : "◑ only with others";
  // Domains' errors are added up: at most what they are together.
  const u95 = known.reduce<number | null>((all, one) => (all === null || typeof one.plus_minus_joules !== "number" ? null : all + one.plus_minus_joules), 0);
  const words = figure(known.reduce((all, one) => all + (one.joules ?? 0), 0), u95, truthOf(known));
  return known.length < figures.length ? `${words} and more` : words;
}

// Where the figures are from: "node/gpu-0 measured, node/cpu-0 mixed".
export function truthWords(figures: readonly EnergyFigure[] | undefined): string {
  return (figures ?? []).map((one) => `${one.domain} ${typeof one.joules === "number" ? shownTruth(one.truth, one.assumption) : (one.resolution ?? "not known")}`).join(", ");
}

function known(list: readonly (Fact | null | false | "" | undefined)[]): Fact[] {
  return list.filter((one): one is Fact => Boolean(one));
}

export function titleOf(thing: Anything): string {
  if (thing.thing === "task") return thing.activity;
  return thing.name ?? "without a name";
}

export function hrefOfThing(thing: Anything): string {
  if (thing.thing === "task") return hrefOf("task", thing.task_id);
  if (thing.thing === "workflow") return hrefOf("workflow", thing.workflow_id);
  if (thing.thing === "object") return hrefOf("object", thing.object_id);
  return hrefOf("campaign", thing.campaign_id);
}

export function idOf(thing: Anything): string {
  return thing.thing === "task" ? thing.task_id : thing.thing === "workflow" ? thing.workflow_id : thing.thing === "object" ? thing.object_id : thing.campaign_id;
}

export function factsOf(thing: Anything): Fact[] {
  const id: Fact = { name: "id", text: idOf(thing), mono: true };
  if (thing.thing === "object") {
    return known([
      { name: "kind", text: thing.kind },
      thing.path && { name: "path", text: cut(thing.path), mono: true },
      thing.version !== null && thing.version !== undefined && { name: "version", text: String(thing.version) },
      typeof thing.size_bytes === "number" && { name: "size", text: bytes(thing.size_bytes), full: `${thing.size_bytes} bytes` },
      thing.sha256 && { name: "SHA-256", text: thing.sha256, mono: true },
      thing.created_at && { name: "seen first", text: clock(thing.created_at), full: thing.created_at },
      id,
    ]);
  }
  if (thing.thing === "campaign") {
    return known([
      { name: "workflows", text: grouped(thing.workflows) },
      { name: "tasks", text: grouped(thing.tasks) },
      { name: "energy", text: energyWords(thing.energy) },
      { name: "started", text: clock(thing.started_at), full: thing.started_at },
      thing.note && { name: "note", text: cut(thing.note) },
      id,
    ]);
  }
  const common = [
    { name: "status", text: statusText(thing.status) },
    { name: "duration", text: thing.duration_s === null || thing.duration_s === undefined ? "still open" : duration(thing.duration_s), full: `${thing.duration_s ?? ""} s` },
    { name: "energy", text: energyWords(thing.energy) },
    { name: "started", text: clock(thing.started_at), full: thing.started_at },
  ];
  if (thing.thing === "workflow") {
    return known([
      ...common,
      thing.hostname && { name: "host", text: thing.hostname },
      typeof thing.pid === "number" && { name: "process", text: String(thing.pid) },
      thing.command && { name: "command", text: cut(thing.command, 400), mono: true },
      typeof thing.exit_code === "number" && { name: "exit code", text: String(thing.exit_code) },
      thing.note && { name: "note", text: cut(thing.note) },
      id,
    ]);
  }
  return known([
    ...common,
    { name: "workflow", mono: !thing.workflow, text: thing.workflow ?? shortId(thing.workflow_id), full: thing.workflow_id, href: hrefOf("workflow", thing.workflow_id) },
    typeof thing.rank === "number" && { name: "rank", text: String(thing.rank) },
    thing.hostname && { name: "host", text: thing.hostname },
    thing.device && { name: "device", text: thing.device },
    thing.pid !== null && thing.pid !== undefined && { name: "process", text: `${thing.pid}${thing.thread !== null && thing.thread !== undefined && String(thing.thread) !== String(thing.pid) ? ` · thread ${thing.thread}` : ""}` },
    (thing.attempt ?? 0) > 0 && { name: "attempt", text: String(thing.attempt) },
    thing.parent_task_id && { name: "inside", text: thing.parent_task_id, href: hrefOf("task", thing.parent_task_id), mono: true },
    id,
  ]);
}

export const mostValues = 200;

// `objects`: what is known of those that a value may name.
export function valueFacts(values: Readonly<Record<string, Cell>> | undefined, objects: readonly ObjectUse[] = []): Fact[] {
  return Object.entries(values ?? {})
    .slice(0, mostValues)
    .map(([name, value]) => {
      const reference = value !== null && typeof value === "object" && !Array.isArray(value) && "$object" in value ? String((value as Record<string, Cell>).$object) : null;
      if (reference) {
        const known = objects.find((one) => one.object_id === reference);
        const label = known?.object.split("/").at(-1);
        return { name, text: label ? `${label} (${known?.kind ?? "object"})` : reference, full: known ? `${known.object} ${reference}` : reference, href: hrefOf("object", reference), mono: true };
      }
      return { name, text: plain(value), full: cut(typeof value === "string" ? value : JSON.stringify(value), 4000), mono: true };
    });
}

export function errorText(error: Cell | undefined): string {
  if (error === null || error === undefined) return "";
  if (typeof error !== "object" || Array.isArray(error)) return cut(String(error), 8000);
  const told = error as Readonly<Record<string, Cell>>;
  const first = [told.type, told.message].filter((part) => typeof part === "string" && part !== "").join(": ");
  const trace = typeof told.traceback === "string" ? told.traceback : "";
  return cut(trace || first || JSON.stringify(error), 8000);
}
