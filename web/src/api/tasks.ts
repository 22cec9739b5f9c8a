// The tasks of a report as typed arrays, rows ordered by place and then by start.
import { unpack, unpackBig } from "./columns.ts";
import { statuses, type Place, type Report, type Status, type TaskValues } from "./report.ts";

export interface Tasks {
  readonly rows: number;
  readonly total: number;
  readonly activities: readonly string[];
  readonly places: readonly Place[];
  readonly place: Uint32Array;
  readonly startNs: Float64Array;
  readonly durationNs: Float64Array; // NaN: not ended
  readonly activity: Uint32Array;
  readonly status: Uint8Array;
  readonly parent: Int32Array; // row, -1 for none
  readonly energyJ: Float64Array | null; // NaN: not known
  readonly values: ReadonlyMap<number, TaskValues>;
  readonly valuesLeftOut: readonly { activity: string; tasks: number }[];
  readonly errors: ReadonlyMap<number, string>;
  id(row: number): string;
  row(id: string): number; // -1: not in this report
  statusOf(row: number): Status;
  activityOf(row: number): string;
}

export function tasksOf(report: Report): Tasks {
  const table = report.tasks;
  const rows = table.rows;
  const columns = table.columns;
  const duration = unpack(columns.duration_ns, rows).map((d) => (d === 0 ? NaN : d - 1));
  const parent = new Int32Array(rows);
  unpack(columns.parent, rows).forEach((back, row) => (parent[row] = back === 0 ? -1 : row - back));
  const prefix = unpack(columns.id_prefix, rows);
  const low = unpackBig(columns.id_low, rows);
  const status = Uint8Array.from(unpack(columns.status, rows));
  const activity = Uint32Array.from(unpack(columns.activity, rows));
  const id = (row: number): string => {
    const hex = (low[row] ?? 0n).toString(16).padStart(16, "0");
    return `${table.id_prefixes[prefix[row] ?? 0] ?? ""}-${hex.slice(0, 4)}-${hex.slice(4)}`;
  };
  let rowById: Map<string, number> | null = null;
  return {
    rows,
    total: table.total,
    activities: table.activities,
    places: table.places,
    place: Uint32Array.from(unpack(columns.place, rows)),
    startNs: unpack(columns.start_ns, rows),
    durationNs: duration,
    activity,
    status,
    parent,
    energyJ: columns.energy_j ? unpack(columns.energy_j, rows) : null,
    values: new Map(table.values.map((v) => [v.row, v])),
    valuesLeftOut: table.values_left_out,
    errors: new Map(table.errors.map((e) => [e.row, e.text])),
    id,
    row(wanted) {
      if (!rowById) {
        rowById = new Map();
        for (let row = 0; row < rows; row++) rowById.set(id(row), row);
      }
      return rowById.get(wanted) ?? -1;
    },
    statusOf: (row) => statuses[status[row] ?? 0] ?? "lost",
    activityOf: (row) => table.activities[activity[row] ?? 0] ?? "",
  };
}
