// What a page opens on, by its address alone: asked before its code is there.
import type { Query } from "../api/client.ts";
import { axisHeight, laneHeight } from "../views/spans_frame.ts";
import { parsePath } from "./route.ts";

export interface Question {
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
}

export type Colouring = "activity" | "status" | "energy";
export type GraphLevel = "activity" | "wave" | "task";

// What one picture shows of thousands of threads; the rest is a page further.
export const mostLanes = 120;

export function colouringOf(word: string): Colouring {
  return word === "status" || word === "energy" ? word : "activity";
}

export function graphLevelOf(word: string): GraphLevel {
  return word === "wave" || word === "task" ? word : "activity";
}

// What the timeline asks first: all the time there is, of the lanes that are in sight.
export function wholeTimeline(of: Readonly<Record<string, string>>, width: number, lanes: number, lanesFrom: number, colouring: Colouring): Question {
  return { path: "/timeline", query: { ...of, width, lanes, lanes_from: lanesFrom, colour: colouring === "energy" ? "energy" : null } };
}

// Its first width, before it is laid out.
export function timelineWidth(): number {
  return Math.max(300, Math.round((innerWidth - 200) / 100) * 100);
}

// As tall as it gets; what is below is scrolled to.
export function timelineHeight(): number {
  return innerHeight > 1100 ? 620 : 460;
}

export function lanesInSight(): number {
  return Math.ceil((timelineHeight() - axisHeight) / laneHeight);
}

export function graphQuestion(workflow: string, level: GraphLevel, around: string): Question {
  return { path: "/graph", query: { workflow, level, around, limit: level === "task" ? 10_000 : null } };
}

// Of a workflow's page: the others open on one small answer. A graph only where the address names it.
export function openingQuestions(path: string, search: string, width: number, lanes: number): Question[] {
  const { page, id } = parsePath(path);
  if (page !== "workflow") return [];
  const words = new URLSearchParams(search);
  const level = graphLevelOf(words.get("level") ?? "");
  return [
    { path: `/workflows/${encodeURIComponent(id)}` },
    wholeTimeline({ workflow: id }, width, lanes, Number(words.get("lanes")) || 0, colouringOf(words.get("colour") ?? "")),
    ...(level === "activity" ? [] : [graphQuestion(id, level, words.get("around") ?? "")]),
  ];
}
