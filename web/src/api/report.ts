// The report's data document, as `headrace report` writes it. The contract is
// schema/report.schema.json: field names, units and meanings are documented there.

import type { CurvesAnswer, DiffAnswer, GraphAnswer, RanksAnswer, TableAnswer } from "./answers.ts";

export type Truth = "measured" | "mixed" | "estimated" | "emulated"; // the last by `headrace lab`
export type Status = "pending" | "running" | "finished" | "failed" | "cancelled" | "lost";

export const statuses: readonly Status[] = [
  "pending",
  "running",
  "finished",
  "failed",
  "cancelled",
  "lost",
];

export interface Energy {
  energy_j: number;
  u95_j: number | null;
  truth: Truth;
}

// The campaign or workflow that the report is of.
export interface Subject {
  kind: "campaign" | "workflow";
  id: string;
  name: string;
  campaign: string | null; // its own name, or that of the workflow's
  started_at: string;
  duration_s: number | null;
  workflows: number;
  tasks: number;
  tags: string[];
  note: string | null;
  hostnames: string[];
  energy: Energy | null;
}

export interface Workflow {
  workflow_id: string;
  name: string;
  parent_workflow_id: string | null;
  status: Status;
  start_s: number;
  duration_s: number | null;
  hostname: string;
  pid: number | null;
  command: string | null;
  exit_code: number | null;
  tasks: number;
  failed: number;
  energy: Energy | null;
}

export type Encoding = "varint" | "signed" | "delta" | "runs" | "f32";

// A column of numbers: base64 of little-endian bytes, laid out as `encoding` says.
export interface PackedColumn {
  encoding: Encoding;
  data: string;
}

export interface Place {
  workflow: number;
  hostname: string;
  pid: number | null;
  thread: string;
  rank: number | null;
}

export interface TaskValues {
  row: number;
  used: string;
  generated: string;
}

export interface TaskTable {
  rows: number;
  total: number;
  activities: string[];
  places: Place[];
  id_prefixes: string[];
  columns: {
    place: PackedColumn;
    start_ns: PackedColumn;
    duration_ns: PackedColumn;
    activity: PackedColumn;
    status: PackedColumn;
    parent: PackedColumn;
    id_prefix: PackedColumn;
    id_low: PackedColumn;
    energy_j: PackedColumn | null;
  };
  values: TaskValues[];
  values_left_out: { activity: string; tasks: number }[];
  errors: { row: number; text: string }[];
}

export interface Configuration {
  task_id: string;
  factors: (string | number | boolean | null)[];
  quality: number | null;
  time_s: number | null;
  time_front: boolean;
  time_dominated_by: string | null;
  energy_j: number | null;
  energy_u95_j: number | null;
  energy_truth: Truth | null;
  energy_front: boolean;
  energy_dominated_by: string | null;
}

export interface Tradeoff {
  quality: string;
  minimise: boolean;
  activity: string;
  factors: string[];
  constants: { name: string; value: string | number | boolean | null }[];
  configurations: Configuration[];
  best: string | null;
}

export interface LineageNode {
  id: string;
  kind: "object" | "task" | "workflow";
  type: string;
  label: string;
  workflow: string | null;
  detail: [string, string][];
}

export interface LineageEdge {
  from: string;
  to: string;
  relation: "used" | "generated" | "parent";
  name: string | null;
  exact: boolean;
}

export interface Lineage {
  object_id: string;
  name: string;
  nodes: LineageNode[];
  edges: LineageEdge[];
  lines: { label: string; text: string }[];
}

export interface EnergyMethod {
  domain: string;
  method: string;
  truth: Truth;
  assumption: string;
  tasks: number;
}

export interface Sensor {
  name: string;
  quantity: string;
  unit: string;
  domain: string | null;
  source: string;
  truth: Truth;
  method: string | null;
  assumption: string | null;
  sensors: number;
  samples: number;
}

export interface Gap {
  producer: string;
  hostname: string | null;
  pid: number | null;
  reason: string;
  count: number;
}

export interface CaptureFacts {
  workflows: number;
  tasks: number;
  objects: number;
  edges: number;
  samples: number;
  log_lines: number;
  lost_records: number;
  gaps: Gap[];
  damaged_frames: number;
  store_bytes: number | null;
  overhead: { name: string; value: string }[];
}

export interface Question {
  section: "tradeoff" | "timeline" | "lineage" | "workflows" | "energy" | "capture";
  label: string;
  text: string;
}

// What the server answers too, made small: graphs by activity, curves without their single runs.
export interface Views {
  graphs: (GraphAnswer & { workflow_id: string; workflow: string })[];
  graphs_left: number;
  curves: CurvesAnswer[];
  curves_missing: string | null;
  metrics_left: number;
  ranks: (Omit<RanksAnswer, "values"> & { values: PackedColumn })[];
  ranks_left: number;
  energy: TableAnswer;
  diff: DiffAnswer | null;
  diff_lines_left: number;
}

export interface Report {
  format: "headrace.report";
  version: 1;
  made_at: string;
  made_by: string;
  of: Subject;
  workflows: Workflow[];
  tasks: TaskTable;
  tradeoff: Tradeoff | null;
  tradeoff_missing: string | null;
  lineage: Lineage | null;
  lineage_missing: string | null;
  energy: { methods: EnergyMethod[]; sensors: Sensor[] };
  views: Views;
  capture: CaptureFacts;
  questions: Question[];
}
