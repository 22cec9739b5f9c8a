// What differs between two things, as rows: sections in the order in which they explain one another,
// inside them the largest change first.
import type { Cell, DiffAnswer, DiffLine } from "../api/answers.ts";
import { bytes, duration, energy, missing, percent, plural, scalar, si } from "../views/number.ts";
import type { Column } from "../views/table.ts";

const order = ["code", "environment", "inputs", "parameters", "metrics", "time", "energy", "tasks", "outputs"];
const longest = 240;

export function changeOf(line: DiffLine): number | null {
  return typeof line.a === "number" && typeof line.b === "number" && line.a !== 0 ? (line.b - line.a) / Math.abs(line.a) : null;
}

function said(value: Cell, unit: string | null): string {
  if (value === null) return missing;
  if (typeof value === "number") return unit === "s" ? duration(value) : unit === "J" ? energy(value, "measured") : unit === "B" ? bytes(value) : unit ? si(value, unit) : scalar(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

export function diffTitle(answer: DiffAnswer): string {
  const differing = answer.lines.filter((line) => line.differs).length;
  return answer.equal && differing === 0 ? `${answer.a.name} and ${answer.b.name} do not differ` : `${answer.a.name} and ${answer.b.name} differ in ${plural(differing, "thing")}`;
}

export function diffRows(answer: DiffAnswer): DiffLine[] {
  const place = (line: DiffLine): number => (order.indexOf(line.section) + 100) % 100;
  return [...answer.lines].sort((x, y) => place(x) - place(y) || Math.abs(changeOf(y) ?? 0) - Math.abs(changeOf(x) ?? 0));
}

export function diffColumns(answer: DiffAnswer): Column<DiffLine>[] {
  const most = Math.max(0, ...answer.lines.map((line) => Math.min(2, Math.abs(changeOf(line) ?? 0))));
  const signed = (value: number): string => `${value > 0 ? "+" : value < 0 ? "−" : ""}${percent(Math.abs(value))}`;
  const by = (value: Cell): number | string => (typeof value === "number" ? value : said(value, null));
  const same = answer.a.name === answer.b.name;
  return [
    { name: "what", text: (line) => line.what, full: (line) => line.what },
    { name: "section", text: (line) => line.section },
    { name: same ? `a: ${answer.a.id.slice(0, 8)}` : `a: ${answer.a.name.slice(0, 28)}`, text: (line) => said(line.a, line.unit), full: (line) => said(line.a, null), sort: (line) => by(line.a) },
    { name: same ? `b: ${answer.b.id.slice(0, 8)}` : `b: ${answer.b.name.slice(0, 28)}`, text: (line) => said(line.b, line.unit), full: (line) => said(line.b, null), sort: (line) => by(line.b) },
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
    { name: "note", grow: true, text: (line) => [line.where, line.note].filter(Boolean).join(" · ") },
  ];
}
