// What the server answers under /api/v1. Names, words and units are those of the store's views: ids in
// full, times ISO-8601 in UTC, durations `_s`, energy `_j`. `begin_ns`, `from_ns`, `to_ns` and `at_ns`
// count from 1970, which a double holds to 256 ns; spans count from their answer's `begin_ns`.
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

export type Resolution = "resolved" | "grouped" | "unresolved";

export interface EnergyFigure {
  readonly domain: string;
  readonly joules?: number | null; // null: a task's own figure cannot be told; `reason` says why
  readonly plus_minus_joules?: number | null;
  readonly coverage?: number;
  readonly truth: Truth;
  readonly method: string;
  readonly assumption?: string | null;
  readonly tasks?: number;
  readonly resolution?: Resolution;
  readonly reason?: string | null;
  // Of all that cannot be told from it, where it has no figure of its own.
  readonly group_joules?: number | null;
  readonly group_plus_minus_joules?: number | null;
  readonly group?: string | null;
  readonly group_tasks?: number | null;
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
  readonly activities?: readonly ActivityFigure[]; // none: no task has started
  readonly energy?: readonly EnergyFigure[];
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
  readonly activities?: readonly ActivityFigure[]; // none: no task has started
  readonly energy?: readonly EnergyFigure[];
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

// GET /tradeoff: columns config, the quality by its name, time_s, energy_j, energy_u95_j,
// energy_truth, on_front, dominated_by, status, activity, task_id, workflow_id; and what they mean.
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
  readonly begin_at: string;
  readonly begin_ns: number; // of everything, not of the window
  readonly end_ns: number;
  readonly from_ns: number;
  readonly to_ns: number;
  readonly lanes_total: number;
  readonly lanes: readonly {
    // Those that were asked for; spans count them from the first of these.
    label: string;
    hostname: string;
    pid: number | null;
    thread: string | number | null;
    rank: number | null;
    depth: number;
  }[];
  readonly activities: readonly string[];
  readonly statuses: readonly Status[];
  readonly tasks: readonly string[]; // ids of those that stand alone
  readonly total: number;
  readonly shown: number; // in the window
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

// GET /counters: columns sensor_id, sensor, hostname, pid, domain, at_ns, min, max, mean, readings; no
// row for a pixel without a sample.

// GET /sensors/gaps: how well each sensor was read in a window. Times since 1970.
export interface SensorGapsAnswer {
  readonly sensors: readonly { sensor_id: number; readings: number; failed: number; period_s: number | null; coverage: number | null }[];
  readonly gaps: readonly { sensor_id: number; from_ns: number; to_ns: number; reason: string; readings: number }[];
  readonly gaps_left: number;
}

// GET /graph: nodes and edges as columns side by side.
export interface GraphAnswer {
  readonly activities: readonly string[];
  readonly relations: readonly string[]; // data, and parent: lies in it
  readonly names: readonly string[]; // of values
  readonly nodes: {
    readonly id: readonly string[]; // a task's, else its activity's, else activity#wave
    readonly activity: Numbers;
    readonly wave: Numbers;
    readonly tasks: Numbers;
    readonly statuses: Readonly<Partial<Record<Status, Numbers>>>; // tasks of each
    readonly duration_s: Numbers;
    readonly energy_j: Numbers;
    readonly x: Numbers; // its layer
    readonly y: Numbers; // its place in the layer, from the middle
  };
  readonly edges: {
    readonly from: Numbers; // node
    readonly to: Numbers;
    readonly relation: Numbers;
    readonly name: Numbers;
    readonly exact: readonly boolean[];
    readonly count: Numbers;
  };
  readonly tasks: number;
  readonly nodes_left: number; // not given
}

// GET /curves: a logged number by step and by seconds, and the mean of runs that differ only in what
// tells repeats apart.
export interface CurvesAnswer {
  readonly metric: string;
  readonly metrics: readonly string[];
  readonly activity?: string;
  readonly runs: readonly {
    readonly label: string;
    readonly group: number;
    readonly task_id: string | null;
    readonly workflow_id: string;
    readonly status: string;
    readonly step?: Numbers; // a report has only who ran
    readonly seconds?: Numbers;
    readonly value?: Numbers;
  }[];
  readonly groups: readonly {
    readonly label: string;
    readonly runs: number;
    readonly step: Numbers;
    readonly mean: Numbers;
    readonly low: Numbers;
    readonly high: Numbers;
    readonly count: Numbers;
  }[];
}

// GET /ranks: a row of bins for each rank, one after the other.
export interface RanksAnswer {
  readonly quantity: string;
  readonly unit: string | null;
  readonly from_ns: number;
  readonly to_ns: number;
  readonly bins: number;
  readonly ranks: readonly { label: string; hostname: string; pid: number | null; rank: number | null }[];
  readonly values: Numbers;
}

// GET /energy: columns workflow_id, workflow, domain, part, energy_j, tasks, truth, method, assumption,
// u95_j, time_s. Of a domain, the parts attributed, elsewhere, idle and unattributed add up to measured.

// GET /energy/card: as `headrace energy --json`.
export interface CardFigure {
  readonly energy_j: number;
  readonly energy_uj: number;
  readonly u95_j: number;
  readonly sensor_u95_j: number;
  readonly split_u95_j: number;
  readonly truth: Truth | "";
}
export interface CardLine extends CardFigure {
  readonly workflow_id: string;
  readonly workflow: string;
  readonly activity: string;
  readonly domain: string;
  readonly tasks: number;
  readonly withheld: number;
  readonly coverage: number | null;
  readonly method: string;
  readonly assumption: string;
  readonly carbon_g?: number | null;
}
export interface CardBooks {
  readonly domain: string;
  readonly truth: Truth | "";
  readonly attributed_uj: number;
  readonly elsewhere_uj: number;
  readonly idle_uj: number;
  readonly unattributed_uj: number;
  readonly measured_uj: number;
  readonly difference_uj: number;
}
export interface CardActivity {
  readonly domain: string;
  readonly activity: string;
  readonly resolution: Resolution;
  readonly group: string | null;
  readonly processes: number;
  readonly tasks: number;
  readonly time_s: number;
  readonly power_w: number | null;
  readonly attributed_j: number | null;
  readonly share_j: number;
  readonly group_j: number;
  readonly group_u95_j: number;
  readonly windows: number;
}
export interface CardDomain {
  readonly domain: string;
  readonly parent: string | null;
  readonly role: string;
  readonly truth: Truth;
  readonly counters: number;
  readonly measured_j: number;
  readonly children_j: number | null; // no parts
  readonly other_j: number | null;
  readonly uncompared_j: number | null;
  readonly tolerance_j: number | null;
  readonly inconsistent: boolean;
  readonly coverage: number | null;
  readonly reason: string | null;
}
export interface CardReason {
  readonly domain: string;
  readonly reason: string;
  readonly withheld: boolean;
  readonly tasks: number;
}
export interface CardCarbon {
  readonly attributed_g: number | null;
  readonly idle_g: number | null;
  readonly unattributed_g: number | null;
  readonly reason: string | null;
  readonly region?: string;
  readonly kind?: string;
  readonly pue?: number;
  readonly factors?: { path: string; sha256: string; source: string };
}
export interface EnergyCardAnswer {
  readonly of: string;
  readonly idle_policy: string;
  readonly total: CardFigure;
  readonly lines: readonly CardLine[];
  readonly conservation: readonly CardBooks[];
  readonly conservation_total: CardBooks;
  readonly reasons: readonly CardReason[];
  readonly activities: readonly CardActivity[];
  readonly domains: readonly CardDomain[];
  readonly without_energy: number;
  readonly carbon?: CardCarbon | null;
}

interface Account {
  readonly accepted: number | null;
  readonly stored: number | null;
  readonly spooled: number | null;
  readonly quarantined: number | null;
  readonly dropped: number | null;
  readonly missing: number | null;
}

// What capture's own threads took and wrote; null: it was not told, or not yet.
export interface CaptureCost {
  readonly bytes: number | null;
  readonly drain_cpu_s: number | null;
  readonly sampler_cpu_s: number | null;
  readonly process_cpu_s: number | null;
}

// GET /health: what became of each process's records, what capture and serving cost.
export interface HealthAnswer {
  readonly folder: string;
  readonly server: { version: string; started_at: string; up_s: number; cpu_s: number; folds: number; fold_s: number; folds_put_off: number; late_s: number; allow_write: boolean };
  readonly store: { readable: boolean; why?: string; note?: string | null; watermark?: string; tasks?: number; failed?: number; running?: number };
  readonly totals?: (Account & { producers: number; running: number }) | null;
  // Of all processes; share: of the CPU time of those that told all of it.
  readonly capture?: (CaptureCost & { share: number | null }) | null;
  readonly producers?: readonly (Account & Partial<CaptureCost> & { producer: string; hostname: string | null; pid: number | null; state: string })[];
  readonly gaps?: readonly { reason: string; gaps: number; records: number | null }[];
  readonly quarantine?: readonly { reason: string; places: number; records: number | null }[];
}

// GET /names: columns name, role, about, begin, end: the part of what was typed that the name replaces.

// GET /events, event `changed`; its id is the watermark.
export interface Change {
  readonly workflows: readonly string[]; // that changed; see `all`
  readonly all: boolean;
  readonly tasks: number;
  readonly failed: number;
  readonly running: number;
  readonly watermark: string;
  readonly late_s: number;
}
