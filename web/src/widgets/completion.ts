// What completes the word before the cursor: of a filter the server knows, of SQL the views do.
import type { TableAnswer } from "../api/answers.ts";
import { Refusal, type Client } from "../api/client.ts";
import { pick } from "./cells.ts";
import { ranked, wordAt } from "./matching.ts";

export interface Option {
  readonly put: string;
  readonly note: string;
  readonly begin: number; // the part of the text that it replaces
  readonly end: number;
}

export async function completeFilter(server: Client, text: string, cursor: number): Promise<Option[]> {
  try {
    const found = await server.get<TableAnswer>("/names", { role: "filter", prefix: text.slice(0, cursor), limit: 12 });
    return found.rows.map((row) => ({ put: String(pick(found, row, "name")), note: String(pick(found, row, "about") ?? ""), begin: Number(pick(found, row, "begin") ?? cursor), end: Number(pick(found, row, "end") ?? cursor) }));
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

const views: Readonly<Record<string, string>> = {
  campaign: "campaign_id name started_at ended_at workflows tasks tags note",
  workflow: "workflow_id campaign_id campaign parent_workflow_id name status started_at ended_at duration_s used generated hostname pid command exit_code tags note",
  task: "task_id workflow_id campaign activity parent_task_id status started_at ended_at duration_s used generated hostname pid thread rank device attempt tags error",
  object: "object_id kind name path version size_bytes sha256 created_at attributes",
  edge: "relation from_kind from_id to_kind to_id name exact",
  sensor: "sensor_id name quantity unit kind domain source truth method assumption hostname pid device",
  sample: "sensor_id sensor at value hostname pid",
  task_energy: "task_id domain window_j attributed_j idle_j u95_j coverage method truth assumption self_j share_j split_u95_j sensor_u95_j resolution reason",
  activity_energy:
    "hostname pid domain activity resolution group tasks time_s attributed_j share_j group_j group_u95_j power_w windows",
  energy_domain:
    "hostname pid domain parent role truth started_at ended_at measured_j children_j other_j uncompared_j tolerance_j inconsistent coverage reason",
  gap: "producer hostname pid ring first_number count reason at",
  log: "workflow_id task_id at stream text values",
};
const words = "SELECT FROM WHERE GROUP BY ALL ORDER LIMIT JOIN USING LEFT AS DESC DISTINCT HAVING WITH count(*) sum avg min max median quantile_cont unnest".split(" ");

// Columns of the views that the question names come first.
export function completeSql(text: string, cursor: number): Option[] {
  const { word, from } = wordAt(text, cursor);
  if (word.length < 1) return [];
  const named = Object.keys(views).filter((view) => new RegExp(`\\b${view}\\b`, "i").test(text.replace(word, "")));
  const seen = new Set<string>();
  const all = [
    ...named.flatMap((view) => (views[view] as string).split(" ").map((put) => ({ put, note: view }))),
    ...Object.keys(views).map((put) => ({ put, note: "view" })),
    ...words.map((put) => ({ put, note: "SQL" })),
    ...Object.entries(views).filter(([view]) => !named.includes(view)).flatMap(([view, columns]) => columns.split(" ").map((put) => ({ put, note: view }))),
  ].filter(({ put }) => !seen.has(put) && Boolean(seen.add(put)));
  return ranked(all, word, (one) => one.put)
    .filter((one) => one.put !== word && (word.length > 1 || one.put.toLowerCase().startsWith(word.toLowerCase())))
    .slice(0, 8)
    .map((one) => ({ ...one, begin: from, end: cursor }));
}

export function put(text: string, option: Option): { text: string; cursor: number } {
  return { text: text.slice(0, option.begin) + option.put + text.slice(option.end), cursor: option.begin + option.put.length };
}
