// What differs between two things, as rows: sections in the order in which they explain one another,
// inside them the largest change first.
import type { Cell, DiffAnswer, DiffLine } from "../api/answers.ts";
import type { Truth } from "../api/report.ts";
import { missing, percent, plural } from "../views/number.ts";
import type { Column } from "../views/table.ts";
import { cut, plain, unitText } from "../widgets/cells.ts";

const order = ["code", "environment", "inputs", "parameters", "metrics", "time", "energy", "tasks", "outputs"];

export function changeOf(line: DiffLine): number | null {
  return typeof line.a === "number" && typeof line.b === "number" && line.a !== 0 ? (line.b - line.a) / Math.abs(line.a) : null;
}

const signed = (value: number): string => `${value > 0 ? "+" : value < 0 ? "−" : ""}${percent(Math.abs(value))}`;

// Both ends of a path or a command tell more than its start; of a hash the start is enough.
function brief(text: string): string {
  const short = text.replace(/\b[0-9a-f]{20,}\b/g, (hash) => `${hash.slice(0, 12)}…`);
  return short.length <= 36 ? short : `${short.slice(0, 14)}…${short.slice(-21)}`;
}

function said(value: Cell, line: DiffLine): string {
  const truth: Truth = (["estimated", "mixed"] as const).find((one) => line.note?.includes(one)) ?? "measured";
  return value === null ? missing : typeof value === "number" ? unitText(value, line.unit, truth) : brief(plain(value));
}

export function diffTitle(answer: DiffAnswer): string {
  if (answer.equal) return `${answer.a.name} and ${answer.b.name} do not differ`;
  const inAll = (section: string): string => {
    const line = answer.lines.find((one) => one.section === section && one.what === "in all");
    const share = line ? changeOf(line) : null;
    return share === null || !line?.differs ? "" : `${section} ${signed(share)}`;
  };
  const differing = answer.lines.filter((line) => line.differs).length;
  return `${answer.b.name} against ${answer.a.name}: ${[inAll("time"), inAll("energy"), plural(differing, "difference")].filter(Boolean).join(", ")}`;
}

export function diffRows(answer: DiffAnswer): DiffLine[] {
  const place = (line: DiffLine): number => (order.indexOf(line.section) + 100) % 100;
  return [...answer.lines].sort((x, y) => place(x) - place(y) || Math.abs(changeOf(y) ?? 0) - Math.abs(changeOf(x) ?? 0));
}

export function diffColumns(answer: DiffAnswer): Column<DiffLine>[] {
  const most = Math.max(0, ...answer.lines.map((line) => Math.min(2, Math.abs(changeOf(line) ?? 0))));
  const side = (name: "a" | "b"): Column<DiffLine> => ({
    name: `${name}: ${answer.a.name === answer.b.name ? answer[name].id.slice(0, 8) : cut(answer[name].name, 28)}`,
    text: (line) => said(line[name], line),
    full: (line) => cut(String(line[name] ?? ""), 2000),
    sort: (line) => (typeof line[name] === "number" ? line[name] : plain(line[name])),
  });
  return [
    { name: "what", text: (line) => brief(line.what), full: (line) => line.what },
    { name: "section", text: (line) => line.section },
    {
      name: "change",
      numeric: true,
      text: (line) => {
        const share = changeOf(line);
        return !line.differs ? "=" : share === null ? "≠" : signed(share);
      },
      sort: (line) => Math.abs(changeOf(line) ?? (line.differs ? 0 : -1)),
      bar: (line) => (changeOf(line) === null || !line.differs ? null : Math.min(2, Math.abs(changeOf(line) ?? 0)) / (most || 1)),
    },
    side("a"),
    side("b"),
    { name: "note", grow: true, text: (line) => line.note ?? "" },
  ];
}
