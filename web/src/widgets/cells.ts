// Cells of an answer as people read them: the unit says how a number is written, the name says where an
// id leads. A text of megabytes is cut here, with what was left out said.
import type { AnswerColumn, Cell, TableAnswer } from "../api/answers.ts";
import type { Status, Truth } from "../api/report.ts";
import { hrefOf, type Thing } from "../state/route.ts";
import { resolutionGlyph, statusGlyph } from "../views/colour.ts";
import { bytes, duration, energy, grouped, missing, scalar, shortId, si, uncertainty } from "../views/number.ts";
import type { Column } from "../views/table.ts";

export type AnswerRow = readonly Cell[];

// What a list of tasks shows.
export const taskColumns = "task_id,activity,status,started_at,duration_s,energy_j,rank,hostname,workflow,workflow_id,used,generated";

const longest = 240;
const mostColumns = 120;

export function cut(text: string, most = longest): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${grouped(text.length - most)} more characters)`;
}

// What was too long or too strange for a record: what it was, why it is not here, how it began.
function unkept(told: { readonly [name: string]: Cell }): string {
  const length = typeof told.length === "number" ? ` of ${grouped(told.length)}` : "";
  const begins = typeof told.begins === "string" && told.begins !== "" ? `: ${cut(told.begins, 120)}` : "";
  return `${typeof told.type === "string" ? told.type : "value"}${length}, not kept${typeof told.reason === "string" ? ` (${told.reason})` : ""}${begins}`;
}

export function plain(value: Cell | undefined): string {
  if (value === null || value === undefined) return missing;
  if (typeof value === "object") {
    const only = Object.entries(value);
    const [name, inside] = only[0] ?? [];
    // {"$bytes": …} and {"$object": …}: what they hold.
    if (only.length === 1 && (name === "$bytes" || name === "$object" || name === "$float") && typeof inside === "string") return cut(inside);
    if (only.length === 1 && name === "$unkept" && inside !== null && typeof inside === "object" && !Array.isArray(inside)) return unkept(inside as { readonly [name: string]: Cell });
    return cut(JSON.stringify(value));
  }
  if (typeof value === "number") return scalar(value);
  return cut(String(value));
}

// In UTC to the second; all digits on hover. `fine`: to the millisecond, without the date.
export function clock(text: string, fine = false): string {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/.exec(text);
  if (!found) return text;
  return fine ? `${found[2]}${(found[3] ?? ".000").padEnd(4, "0").slice(0, 4)}` : `${found[1]} ${found[2]}`;
}

// "/opt/venv/bin/python /home/me/train.py --lr 1": what tells programs apart stands at the end of their paths.
export function commandText(text: string): string {
  return cut(text.replace(/(^|\s)\/\S*\/([^\s/]+)(?=\s|$)/g, "$1$2"));
}

export function statusText(status: string): string {
  const glyph = statusGlyph[status as Status];
  return glyph ? `${glyph} ${status}` : status;
}

// {lr: 0.001, data: an object} in a line.
export function valuesText(value: Cell | undefined): string {
  if (value === null || value === undefined || typeof value !== "object" || Array.isArray(value)) return plain(value);
  const words: string[] = [];
  for (const [name, one] of Object.entries(value)) {
    if (words.length === 12) {
      words.push("…");
      break;
    }
    const reference = one !== null && typeof one === "object" && "$object" in one;
    words.push(`${name}=${reference ? shortId(String(one["$object" as keyof typeof one])) : plain(one)}`);
  }
  return cut(words.join(" ")) || missing;
}

const leads: Readonly<Record<string, Thing>> = { campaign_id: "campaign", workflow_id: "workflow", task_id: "task", object_id: "object", parent_task_id: "task" };

export function unitText(value: number, unit: string | null, truth: Truth | null): string {
  if (unit === "s") return duration(value);
  if (unit === "J") return energy(value, truth ?? "measured");
  if (unit === "By" || unit === "B") return bytes(value);
  if (unit === "%") return `${scalar(value)}\u2009%`;
  if (unit) return si(value, unit);
  return Number.isInteger(value) && Math.abs(value) >= 10_000 ? grouped(value) : Number.isInteger(value) ? scalar(value) : String(Number(value.toPrecision(5)));
}

export interface Shown {
  readonly hide?: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
  // A column whose text leads to what another column's id names.
  readonly link?: Readonly<Record<string, string>>;
  readonly grow?: string | readonly string[]; // these share the room that is left
  readonly last?: string; // stands at the end
  readonly bars?: readonly string[];
  readonly truth?: Truth; // of energy, where no column says it
  readonly asNamed?: boolean; // columns of a reader's own question keep their names
}

export function unitOf(column: AnswerColumn): string | null {
  if (column.unit) return column.unit;
  if (/_s$/.test(column.name)) return "s";
  if (/_j$/.test(column.name)) return "J";
  return /_bytes$/.test(column.name) ? "By" : null;
}

export function columnsOf(answer: Pick<TableAnswer, "columns" | "rows">, shown: Shown = {}): Column<AnswerRow>[] {
  const at = new Map(answer.columns.map((column, i) => [column.name, i]));
  const truthAt = at.get("energy_truth") ?? at.get("truth");
  const order = answer.columns.slice(0, mostColumns);
  if (shown.last) order.sort((a, b) => Number(a.name === shown.last) - Number(b.name === shown.last));
  return order.flatMap((column): Column<AnswerRow>[] => {
    if (shown.hide?.includes(column.name)) return [];
    // How far off a figure may be stands behind it, and why there is none in its place.
    if (!shown.asNamed && column.name === "energy_resolution" && at.has("energy_j")) return [];
    if (!shown.asNamed && column.name !== "u95_j" && column.name.endsWith("_u95_j") && at.has(column.name.replace("_u95_j", "_j"))) return [];
    const withheldAt = shown.asNamed || column.name !== "energy_j" ? undefined : at.get("energy_resolution");
    const u95At = shown.asNamed ? undefined : at.get(column.name.replace(/_j$/, "_u95_j"));
    const i = at.get(column.name) ?? -1;
    const values = answer.rows.map((row) => row[i]);
    // Nobody's exit code, nobody's rank: a column of dashes tells nothing.
    if (!shown.asNamed && values.length > 0 && values.every((v) => v === null || v === undefined || v === "") && !answer.rows.some((row) => withheldAt !== undefined && row[withheldAt] && row[withheldAt] !== "resolved")) return [];
    const numeric = values.some((v) => typeof v === "number") && values.every((v) => typeof v === "number" || v === null || v === undefined);
    const unit = unitOf(column);
    const id = /_id$/.test(column.name);
    const thing = leads[column.name];
    const via = shown.link?.[column.name];
    const viaThing = via ? leads[via] : undefined;
    const most = shown.bars?.includes(column.name) ? Math.max(0, ...values.map((v) => (typeof v === "number" ? v : 0))) : 0;
    // Many rows of one day: what differs is the time.
    const fine = /_at$/.test(column.name) && values.length > 8 && new Set(values.map((v) => String(v).slice(0, 10))).size === 1;
    const name = shown.rename?.[column.name] ?? (shown.asNamed ? column.name : undefined) ?? column.name.replace(/_(s|j|id|bytes|at)$/, "").replaceAll("_", " ");
    const text = (row: AnswerRow): string => {
      const value = row[i];
      if (value === null || value === undefined) {
        const resolution = withheldAt === undefined ? null : row[withheldAt];
        return resolution === "grouped" || resolution === "unresolved" ? `${resolutionGlyph[resolution]} ${resolution}` : missing;
      }
      if (typeof value === "number") {
        const truth = unit === "J" && truthAt !== undefined ? (row[truthAt] as Truth | null) : (shown.truth ?? null);
        const u95 = u95At === undefined || u95At === i ? null : row[u95At];
        return `${unitText(value, unit, truth)}${typeof u95 === "number" && u95 > 0 ? ` ${uncertainty(u95)}` : ""}`;
      }
      if (column.name === "command" && !shown.asNamed) return commandText(String(value));
      if (column.name === "status") return statusText(String(value));
      if (column.name === "used" || column.name === "generated" || column.name === "tags") return valuesText(value);
      if (id && typeof value === "string") return shortId(value);
      if (typeof value === "string" && /(_at|^at)$/.test(column.name)) return clock(value, fine);
      return plain(value);
    };
    return [
      {
        name,
        numeric,
        mono: id,
        grow: typeof shown.grow === "string" ? shown.grow === column.name : (shown.grow?.includes(column.name) ?? false),
        text,
        full: (row) => {
          const value = row[i];
          if (value === null || value === undefined) return "";
          if (typeof value === "object") return cut(JSON.stringify(value), 2000);
          return typeof value === "number" && unit ? `${value} ${unit}` : cut(String(value), 2000);
        },
        sort: (row) => {
          const value = row[i];
          return typeof value === "number" || value === null ? value : value === undefined ? null : typeof value === "object" ? JSON.stringify(value) : String(value);
        },
        mark: (row) => (column.name === "status" ? `status status-${String(row[i])}` : null),
        ...(most > 0 ? { bar: (row: AnswerRow) => (typeof row[i] === "number" ? (row[i] as number) / most : null) } : {}),
        href: (row) => {
          if (viaThing && via !== undefined) {
            const target = row[at.get(via) ?? -1];
            return typeof target === "string" ? hrefOf(viaThing, target) : null;
          }
          const value = row[i];
          return thing && typeof value === "string" && value !== "" ? hrefOf(thing, value) : null;
        },
      },
    ];
  });
}

export function pick(answer: Pick<TableAnswer, "columns">, row: AnswerRow | undefined, name: string): Cell {
  const at = answer.columns.findIndex((column) => column.name === name);
  return at < 0 ? null : (row?.[at] ?? null);
}

export function csvOf(columns: readonly string[], rows: readonly (readonly (Cell | undefined)[])[]): string {
  const quote = (value: Cell | undefined): string => {
    if (value === null || value === undefined) return "";
    let text = typeof value === "object" ? JSON.stringify(value) : String(value);
    // A cell that a spreadsheet would run as a formula is text, as in the command line's CSV.
    if (typeof value === "string" && /^[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/.test(text) && !(text.trim() === text && Number.isFinite(Number(text)))) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(quote), ...rows.map((row) => row.map(quote))].map((line) => line.join(",")).join("\r\n") + "\r\n";
}
