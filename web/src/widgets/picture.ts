// A card as a picture: its title, what it draws (or the beginning of its table), and its note.
import type { Theme } from "../views/colour.ts";
import { grouped } from "../views/number.ts";
import { fitStart } from "../views/surface.ts";
import type { Column } from "../views/table.ts";

const pad = 12;
const lineHeight = 20;
const mostRows = 40;
const mostColumns = 12;
const widest = 260;

interface Part {
  readonly width: number;
  readonly height: number;
  draw(c: CanvasRenderingContext2D, y: number): void;
}

function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], theme: Theme, measure: CanvasRenderingContext2D): Part {
  measure.font = `12px ${theme.sans}`;
  const shown = columns.slice(0, mostColumns);
  const lines = rows.slice(0, mostRows);
  const left = [rows.length > lines.length ? `${grouped(rows.length - lines.length)} more rows` : "", columns.length > shown.length ? `${grouped(columns.length - shown.length)} more columns` : ""].filter(Boolean).join(", ");
  const widths = shown.map((column) => Math.min(widest, Math.max(measure.measureText(column.name).width, ...lines.map((row) => measure.measureText(column.text(row)).width))));
  return {
    width: widths.reduce((sum, one) => sum + one + 16, 2 * pad),
    height: (lines.length + 1) * lineHeight + (left ? lineHeight : 0) + pad,
    draw(c, top) {
      c.font = `12px ${theme.sans}`;
      c.textBaseline = "middle";
      const line = (y: number, ink: string, textOf: (column: Column<Row>) => string): void => {
        let x = pad;
        c.fillStyle = ink;
        shown.forEach((column, i) => {
          const room = widths[i] as number;
          c.textAlign = column.numeric ? "right" : "left";
          c.fillText(fitStart(c, textOf(column), room + 1), column.numeric ? x + room : x, y);
          x += room + 16;
        });
      };
      line(top + lineHeight / 2, theme.secondary, (column) => column.name);
      lines.forEach((row, i) => line(top + (i + 1.5) * lineHeight, theme.text, (column) => column.text(row)));
      c.textAlign = "left";
      c.fillStyle = theme.secondary;
      c.fillText(left, pad, top + (lines.length + 1.5) * lineHeight);
    },
  };
}

export function pictureOf<Row>(card: HTMLElement, title: string, note: string, columns: readonly Column<Row>[], rows: readonly Row[], theme: Theme): HTMLCanvasElement {
  const out = document.createElement("canvas");
  const c = out.getContext("2d");
  if (!c) return out;
  const scale = devicePixelRatio || 1;
  const canvases = [...card.querySelectorAll("canvas")];
  const parts: Part[] = canvases.length > 0 ? canvases.map((one) => ({ width: one.width / scale, height: one.height / scale, draw: (to, y) => to.drawImage(one, 0, y, one.width / scale, one.height / scale) })) : [table(columns, rows, theme, c)];
  c.font = `600 14px ${theme.sans}`;
  const width = Math.min(4096, Math.max(320, c.measureText(title).width + 2 * pad, ...parts.map((one) => one.width)));
  const height = Math.min(8192, 36 + parts.reduce((sum, one) => sum + one.height, 0) + (note ? 26 : 0));
  out.width = Math.round(width * scale);
  out.height = Math.round(height * scale);
  c.scale(scale, scale);
  c.fillStyle = theme.background;
  c.fillRect(0, 0, width, height);
  c.fillStyle = theme.text;
  c.font = `600 14px ${theme.sans}`;
  c.textBaseline = "middle";
  c.fillText(title, pad, 18);
  let y = 36;
  for (const one of parts) {
    one.draw(c, y);
    y += one.height;
  }
  c.font = `11px ${theme.sans}`;
  c.fillStyle = theme.secondary;
  c.textAlign = "left";
  c.fillText(fitStart(c, note, width - 2 * pad), pad, y + 12);
  return out;
}
