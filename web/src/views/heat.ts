// Amounts in rows and columns: ranks by time, or layers by epoch and phase. One ramp from zero; what
// was not captured is hatched, not zero.
import type { Theme } from "./colour.ts";
import { linear, ticks } from "./scale.ts";
import { amount } from "./ramp.ts";
import { axisLabels } from "./number.ts";
import { fitText, surface } from "./surface.ts";
import { hatch } from "./timeline_paint.ts";
import { hideTooltip, showTooltip, type TooltipText } from "./tooltip.ts";

export interface HeatModel {
  readonly rows: readonly string[];
  readonly columns: number;
  readonly values: readonly ArrayLike<number>[]; // by row; NaN: not captured
  readonly unit: string;
  readonly quantity: string;
  readonly summary: string;
  // Columns that stand together under a heading.
  readonly groups: readonly { readonly label: string; readonly columns: number }[];
  readonly ticks?: readonly { readonly column: number; readonly label: string }[];
  readonly most?: number; // the scale's end, where several pictures share one
  theme(): Theme;
  describe(row: number, column: number): TooltipText;
  onSelect(row: number, column: number): void;
}

export interface HeatView {
  draw(): void;
  destroy(): void;
  select(row: number, column: number): void;
  hit(x: number, y: number): readonly [number, number] | null;
}

export function largest(values: readonly ArrayLike<number>[]): number {
  let most = 0;
  for (const row of values) for (let i = 0; i < row.length; i++) if ((row[i] as number) > most) most = row[i] as number;
  return most;
}

const top = 22;
const foot = 40;
const shortest = 8;
const tallest = 44;
const named = 13; // a row high enough for its name

export function heat(host: HTMLElement, model: HeatModel): HeatView {
  let chosen: readonly [number, number] = [-1, -1];
  const most = model.most ?? largest(model.values);
  const gutterOf = (width: number): number => Math.min(190, Math.max(64, width * 0.18));
  const rowOf = (height: number): number => Math.max(shortest, (height - top - foot) / Math.max(1, model.rows.length));
  const wanted = model.rows.length * (model.rows.length <= 60 ? named : shortest) + top + foot;
  const highest = model.rows.length * tallest + top + foot;
  if (host.clientHeight < wanted) host.style.height = `${wanted}px`;
  else if (host.clientHeight > highest) host.style.height = `${highest}px`;

  const view = surface(host, model.summary, (c, width, height) => {
    const theme = model.theme();
    const gutter = gutterOf(width);
    const rowHeight = rowOf(height);
    const x = linear(0, model.columns, gutter, width - 8);
    const hatched = hatch(c, theme.border);
    const gapX = x.px(1) - x.px(0) > 6 ? 1 : 0;
    const gapY = rowHeight > 6 ? 1 : 0;
    c.textBaseline = "middle";
    const every = Math.ceil(named / rowHeight - 0.01);
    model.rows.forEach((name, row) => {
      const y = top + row * rowHeight;
      const values = model.values[row];
      for (let column = 0; column < model.columns; column++) {
        const value = values?.[column] ?? NaN;
        const from = Math.floor(x.px(column));
        const wide = Math.max(1, Math.floor(x.px(column + 1)) - from - gapX);
        c.fillStyle = Number.isNaN(value) ? (hatched ?? theme.grid) : value === 0 ? theme.grid : amount(value / (most || 1), theme.dark);
        c.fillRect(from, Math.floor(y), wide, Math.max(1, Math.floor(y + rowHeight) - Math.floor(y) - gapY));
      }
      if (row % every !== 0) return;
      c.font = `11px ${theme.sans}`;
      c.textAlign = "right";
      c.fillStyle = theme.secondary;
      c.fillText(fitText(c, name, gutter - 16), gutter - 8, y + rowHeight / 2);
    });
    c.font = `11px ${theme.sans}`;
    c.fillStyle = theme.secondary;
    c.textAlign = "center";
    let at = 0;
    let lastRight = -Infinity;
    for (const group of model.groups) {
      const [from, to] = [x.px(at), x.px(at + group.columns)];
      const label = fitText(c, group.label, to - from - 4);
      c.fillText(label, (from + to) / 2, top / 2);
      if (at > 0) {
        c.fillStyle = theme.background;
        c.fillRect(Math.round(from) - 2, top, 2, model.rows.length * rowHeight);
        c.fillStyle = theme.secondary;
      }
      at += group.columns;
    }
    const bottom = top + model.rows.length * rowHeight;
    for (const tick of model.ticks ?? []) {
      const px = x.px(tick.column);
      const half = c.measureText(tick.label).width / 2;
      if (px - half < lastRight + 8 || px + half > width) continue;
      lastRight = px + half;
      c.fillText(tick.label, px, bottom + 10);
    }
    // The ramp with its numbers, so that a colour can be read back.
    const rampWide = Math.min(220, width - gutter - 120);
    const y = bottom + 22;
    for (let i = 0; i < rampWide; i++) {
      c.fillStyle = amount(i / rampWide, theme.dark);
      c.fillRect(Math.round(gutter) + i, Math.round(y), 1, 8);
    }
    const marks = axisLabels([0, most], model.unit);
    c.fillStyle = theme.secondary;
    c.textAlign = "right";
    c.fillText("0", gutter - 6, y + 4);
    c.textAlign = "left";
    const known = ticks(0, most || 1, 2).length > 0;
    c.fillText(`${known ? (marks.labels[1] ?? "") : ""}\u2009${marks.unit}  ${model.quantity}`, gutter + rampWide + 8, y + 4);
    const [row, column] = chosen;
    if (row >= 0) {
      c.strokeStyle = theme.text;
      c.lineWidth = 2;
      const from = x.px(column);
      c.strokeRect(from, top + row * rowHeight, Math.max(3, x.px(column + 1) - from), rowHeight);
    }
  });

  const hit = (px: number, py: number): readonly [number, number] | null => {
    const width = view.width();
    const x = linear(0, model.columns, gutterOf(width), width - 8);
    const column = Math.floor(x.value(px));
    const row = Math.floor((py - top) / rowOf(view.height()));
    return column >= 0 && column < model.columns && row >= 0 && row < model.rows.length ? [row, column] : null;
  };
  view.canvas.addEventListener("pointermove", (event) => {
    const at = hit(event.offsetX, event.offsetY);
    if (at) showTooltip(event.clientX, event.clientY, model.describe(at[0], at[1]));
    else hideTooltip();
  });
  view.canvas.addEventListener("pointerleave", hideTooltip);
  const choose = (row: number, column: number): void => {
    chosen = [row, column];
    model.onSelect(row, column);
    view.request();
  };
  view.canvas.addEventListener("click", (event) => {
    const at = hit(event.offsetX, event.offsetY);
    if (at) choose(at[0], at[1]);
  });
  const steps: Readonly<Record<string, readonly [number, number]>> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  view.canvas.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const row = Math.min(model.rows.length - 1, Math.max(0, chosen[0] + step[0]));
    const column = Math.min(model.columns - 1, Math.max(0, chosen[1] + step[1]));
    choose(row, column);
  });
  return {
    draw: view.request,
    destroy() {
      hideTooltip();
      view.destroy();
    },
    hit,
    select(row, column) {
      chosen = [row, column];
      view.request();
    },
  };
}
