// What the server answers under /api/v1. Names, words and units are those of the store's views: ids in
// full, times ISO-8601 in UTC, durations `_s`, energy `_j`. Times inside charts are nanoseconds since
// the answer's `origin`, so that they stay exact as numbers.
import type { Status, Truth } from "./report.ts";

export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [name: string]: Cell };
export type Numbers = readonly (number | null)[];

export interface AnswerColumn {
  readonly name: string;
  readonly type: string;
  readonly unit: string | null;
}

export interface TableAnswer {
  readonly columns: readonly AnswerColumn[];
  readonly rows: readonly (readonly Cell[])[];
  readonly total: number;
  readonly shown: number;
  readonly watermark?: string;
}

export interface Failure {
  readonly kind: string;
  readonly what: string;
  readonly why: string;
  readonly next: string;
  readonly at: number | null; // where in the text that was sent
}

export interface EnergyFigure {
  readonly domain: string;
  readonly joules: number;
  readonly plus_minus_joules?: number | null;
  readonly coverage?: number;
  readonly truth: Truth;
  readonly method: string;
  readonly assumption: string;
  readonly tasks?: number;
}

export interface ActivityFigure {
  readonly activity: string;
  readonly tasks: number;
  readonly failed: number;
  readonly seconds: number | null;
}

interface Noted {
  readonly tags?: Cell;
  readonly note?: string | null;
}

// GET /campaigns/{id}: as `headrace show`.
export interface CampaignAnswer extends Noted {
  readonly thing: "campaign";
  readonly campaign_id: string;
  readonly name: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly workflows: number;
  readonly tasks: number;
  readonly activities: readonly ActivityFigure[];
  readonly energy: readonly EnergyFigure[];
}

// GET /workflows/{id}
export interface WorkflowAnswer extends Noted {
  readonly thing: "workflow";
  readonly workflow_id: string;
  readonly campaign_id?: string | null;
  readonly campaign?: string | null;
  readonly name: string;
  readonly status: Status;
  readonly started_at: string;
  readonly ended_at?: string | null;
  readonly duration_s?: number | null;
  readonly hostname?: string | null;
  readonly pid?: number | null;
  readonly command?: string | null;
  readonly exit_code?: number | null;
  readonly activities: readonly ActivityFigure[];
  readonly energy: readonly EnergyFigure[];
}

export interface ObjectUse {
  readonly relation: string;
  readonly name: string | null;
  readonly kind: string;
  readonly object: string;
  readonly object_id: string;
  readonly exact: boolean;
}

// GET /tasks/{id}
export interface TaskAnswer {
  readonly thing: "task";
  readonly task_id: string;
  readonly workflow_id: string;
  readonly workflow?: string | null;
  readonly campaign_id?: string | null;
  readonly campaign?: string | null;
  readonly activity: string;
  readonly parent_task_id?: string | null;
  readonly status: Status;
  readonly started_at: string;
  readonly ended_at?: string | null;
  readonly duration_s?: number | null;
  readonly used?: Readonly<Record<string, Cell>>;
  readonly generated?: Readonly<Record<string, Cell>>;
  readonly hostname?: string | null;
  readonly pid?: number | null;
  readonly thread?: number | string | null;
  readonly rank?: number | null;
  readonly device?: string | null;
  readonly attempt?: number;
  readonly attributes?: Readonly<Record<string, Cell>>;
  readonly error?: Cell;
  readonly energy?: readonly EnergyFigure[];
  readonly children?: readonly ActivityFigure[];
  readonly objects?: readonly ObjectUse[];
}

export interface ObjectAnswer {
  readonly thing: "object";
  readonly object_id: string;
  readonly kind: string;
  readonly name: string | null;
  readonly path?: string | null;
  readonly version?: number | null;
  readonly size_bytes?: number | null;
  readonly sha256?: string | null;
  readonly created_at?: string | null;
  readonly attributes?: Readonly<Record<string, Cell>>;
  readonly written_by?: readonly { kind: string; name: string; workflow?: string; started_at?: string; id: string; exact: boolean }[];
  readonly used_by?: readonly { kind: string; name: string; workflow?: string; started_at?: string; id: string; exact: boolean }[];
  readonly versions?: readonly { version: number | null; object_id: string; sha256: string | null; size_bytes: number | null; created_at: string | null }[];
}

// GET /why/{id}, /affects/{id}: as `headrace why --json`.
export interface LineageAnswer {
  readonly subject: { kind: string; id: string; name: string };
  readonly sentences: readonly string[];
  readonly graph?: {
    readonly nodes: readonly { kind: string; id: string; label: string; distance: number; exact: boolean; facts?: Readonly<Record<string, Cell>> }[];
    readonly edges: readonly { from: string; to: string; relation: string; name: string | null; exact: boolean }[];
  };
  readonly not_captured?: readonly { what: string; how: string }[];
}

// GET /diff: as `headrace diff --json`.
export interface DiffSide {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly tasks: number;
}
export interface DiffLine {
  readonly section: string;
  readonly what: string;
  readonly where: string | null;
  readonly a: Cell;
  readonly b: Cell;
  readonly unit: string | null;
  readonly differs: boolean;
  readonly note: string | null;
}
export interface DiffAnswer {
  readonly equal: boolean;
  readonly a: DiffSide;
  readonly b: DiffSide;
  readonly lines: readonly DiffLine[];
}

// GET /summary: sentences, each with the query and the rows behind it.
export interface SummaryAnswer {
  readonly of: string;
  readonly findings: readonly { about: string; sentence: string; sql: string; rows: readonly Readonly<Record<string, Cell>>[] }[];
}

// GET /tradeoff: `headrace tradeoff`'s table, with what its columns mean.
export interface TradeoffAnswer extends TableAnswer {
  readonly quality: string;
  readonly minimise: boolean;
  readonly activity: string;
  readonly qualities: readonly string[]; // others that may be asked for
  readonly note?: string;
}

// GET /timeline: what is drawn in a window of so many pixels. Tasks narrower than a pixel are merged
// (`task` -1, `count` of them); a merged span carries the worst status and the longest one's activity.
export interface TimelineAnswer {
  readonly origin: string;
  readonly begin_ns: number; // of everything, not of the window
  readonly end_ns: number;
  readonly from_ns: number;
  readonly to_ns: number;
  readonly lanes: readonly { label: string; hostname: string; pid: number | null; thread: string | number | null; rank: number | null; depth: number }[];
  readonly lanes_total: number;
  readonly activities: readonly string[];
  readonly statuses: readonly Status[];
  readonly tasks: readonly string[];
  readonly tasks_total: number;
  readonly tasks_in_window: number;
  readonly spans: {
    readonly lane: Numbers;
    readonly start_ns: Numbers;
    readonly duration_ns: Numbers; // -1: still open
    readonly activity: Numbers;
    readonly status: Numbers;
    readonly energy_j: Numbers; // only when coloured by energy
    readonly task: Numbers;
    readonly count: Numbers;
  };
}

// GET /counters: one sensor reduced to pixels; null where no sample was taken.
export interface CounterAnswer {
  readonly origin: string;
  readonly from_ns: number;
  readonly to_ns: number;
  readonly sensor: string;
  readonly unit: string;
  readonly truth: Truth;
  readonly samples: number;
  readonly min: Numbers;
  readonly max: Numbers;
  readonly mean: Numbers;
}

export interface GraphNode {
  readonly id: string;
  readonly label: string;
  readonly kind: string; // activity, wave or task
  readonly wave: number;
  readonly tasks: number;
  readonly status: Readonly<Partial<Record<Status, number>>>;
  readonly time_s: number | null;
  readonly energy_j: number | null;
  readonly x: number; // its layer
  readonly y: number; // its place in the layer, from the middle
}
export interface GraphEdge {
  readonly from: number; // node
  readonly to: number;
  readonly relation: string; // data, or parent: lies in it
  readonly name: string | null;
  readonly exact: boolean;
  readonly count: number;
}
// GET /graph
export interface GraphAnswer {
  readonly level: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly nodes_total: number;
}

// GET /curves: a logged number by step: the mean of runs that differ only in what tells repeats apart,
// and the band of one standard deviation.
export interface CurvesAnswer {
  readonly metric: string;
  readonly metrics: readonly string[];
  readonly by: "step" | "time_s";
  readonly curves: readonly {
    readonly label: string;
    readonly runs: number;
    readonly task_ids?: readonly string[];
    readonly step: Numbers;
    readonly mean: Numbers;
    readonly low: Numbers;
    readonly high: Numbers;
  }[];
  readonly missing?: string | null;
}

// GET /ranks: a quantity of each rank in equal slices of time.
export interface RanksAnswer {
  readonly quantity: string;
  readonly quantities: readonly string[];
  readonly unit: string | null;
  readonly truth?: Truth;
  readonly ranks: readonly string[];
  readonly from_s: number;
  readonly slice_s: number;
  readonly values: readonly Numbers[]; // by rank
  readonly missing?: string | null;
}

// GET /energy: columns workflow_id, workflow, domain, attributed_j, u95_j, time_s, truth, method,
// assumption; and what each domain's counter said in all.
export interface EnergyAnswer extends TableAnswer {
  readonly conservation: readonly {
    readonly domain: string;
    readonly measured_j: number | null;
    readonly attributed_j: number;
    readonly idle_j: number | null;
    readonly unattributed_j: number | null;
    readonly residual_j: number | null;
    readonly u95_j: number | null;
    readonly truth: Truth;
    readonly method: string;
    readonly assumption: string;
  }[];
  readonly missing?: string | null;
}

// GET /layers: energy, time and memory of each layer, epoch and phase.
export interface LayersAnswer {
  readonly layers: readonly { path: string; type: string; parameters: number | null }[];
  readonly epochs: readonly number[];
  readonly phases: readonly string[];
  // One number for layer × epoch × phase, phases fastest.
  readonly energy_j: Numbers;
  readonly time_s: Numbers;
  readonly memory_bytes: Numbers;
  readonly truth: Truth;
  readonly missing?: string | null;
}

// GET /health: the checks of `headrace doctor`, what each producer handed in, and what capture cost.
export interface HealthAnswer {
  readonly version: string;
  readonly folder: string;
  readonly checks: readonly { check: string; state: string; detail: string; next: string | null }[];
  readonly producers: readonly {
    producer: string;
    detail: string;
    accepted: number;
    stored: number;
    spooled: number;
    quarantined: number;
    dropped: number;
    missing: number;
  }[];
  readonly overhead_share: number | null;
  readonly overhead: readonly { name: string; value: string }[];
  readonly late: number; // records that came after their successors
  readonly late_s: number; // how long something new waits until it is seen
  readonly dropped: number;
  readonly accepted: number;
  readonly writable: boolean; // started with --allow-write
  readonly versions: readonly { name: string; version: string }[];
}

// GET /names: what begins as the prefix does; of a filter, what may stand from `begin` to `end` of it.
export interface NamesAnswer {
  readonly names: readonly { name: string; role: string; about: string | null }[];
  readonly begin?: number;
  readonly end?: number;
}

// GET /events, event `changed`; its id is the watermark.
export interface Change {
  readonly workflows: number;
  readonly tasks: number;
  readonly failed: number;
  readonly running: number;
  readonly watermark: string;
  readonly late: number;
  readonly changed: readonly string[]; // workflows, unless `all`
  readonly all: boolean;
}
