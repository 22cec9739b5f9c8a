// Bars that add up: each row's parts from zero, and the sum in words at the end.
import { inkOn, type Theme } from "./colour.ts";
import { axisLabels } from "./number.ts";
import { linear, ticks } from "./scale.ts";
import { crisp, fitText, surface } from "./surface.ts";
import { hatch } from "./timeline_paint.ts";
import { hideTooltip, showTooltip } from "./tooltip.ts";

export interface StackedRow {
  readonly id: string;
  readonly label: string;
  readonly parts: readonly number[];
}

export interface StackedModel {
  readonly rows: readonly StackedRow[];
  readonly parts: readonly string[];
  readonly quantity: string;
  readonly unit: string;
  readonly summary: string;
  words(value: number, row?: StackedRow, part?: number): string; // of a part, or of a whole bar
  hatched?(row: StackedRow, part: number): boolean; // not measured
  theme(): Theme;
  onSelect(id: string | null): void;
}

export interface StackedView {
  draw(): void;
  destroy(): void;
  select(id: string | null): void;
  hit(x: number, y: number): string | null;
}

export function sumOf(row: StackedRow): number {
  return row.parts.reduce((sum, part) => sum + (Number.isNaN(part) ? 0 : part), 0);
}

const foot = 26;
const head = 24;

export function stacked(host: HTMLElement, model: StackedModel): StackedView {
  let selected: string | null = null;
  const most = Math.max(0, ...model.rows.map(sumOf));
  host.style.height = `${Math.min(620, head + foot + Math.max(1, model.rows.length) * 36)}px`;
  const gutter = 110;
  const rightPad = 86;
  const rowOf = (height: number): number => Math.min(40, (height - foot - head) / Math.max(1, model.rows.length));
  const scaleOf = (width: number): ReturnType<typeof linear> => linear(0, most || 1, gutter, width - rightPad);

  const view = surface(host, model.summary, (c, width, height) => {
    const theme = model.theme();
    const x = scaleOf(width);
    const rowHeight = rowOf(height);
    const bottom = head + rowHeight * model.rows.length;
    c.font = `11px ${theme.sans}`;
    c.textBaseline = "middle";
    let px = gutter;
    model.parts.forEach((name, i) => {
      c.fillStyle = theme.activity[i % 8] as string;
      c.fillRect(px, 7, 9, 9);
      c.fillStyle = theme.secondary;
      c.textAlign = "left";
      c.fillText(name, px + 13, 12);
      px += c.measureText(name).width + 30;
    });
    const at = ticks(0, most || 1, Math.max(2, Math.floor((width - gutter - rightPad) / 90)));
    const words = axisLabels(at, model.unit);
    c.strokeStyle = theme.grid;
    c.fillStyle = theme.secondary;
    c.beginPath();
    c.textAlign = "center";
    at.forEach((value, i) => {
      c.moveTo(crisp(x.px(value)), head);
      c.lineTo(crisp(x.px(value)), bottom);
      c.fillText(`${words.labels[i] ?? ""}${i === at.length - 1 ? `\u2009${words.unit}` : ""}`, x.px(value), bottom + 12);
    });
    c.stroke();
    const stripes = model.hatched ? hatch(c, theme.background) : null;
    model.rows.forEach((row, i) => {
      const y = head + i * rowHeight;
      const thick = Math.max(4, rowHeight - 8);
      let sum = 0;
      row.parts.forEach((part, p) => {
        if (!(part > 0)) return;
        const [from, to] = [x.px(sum), x.px(sum + part)];
        c.fillStyle = theme.activity[p % 8] as string;
        c.fillRect(from, y + 4, Math.max(1, to - from - 1), thick);
        if (stripes && model.hatched?.(row, p)) {
          c.globalAlpha = 0.3;
          c.fillStyle = stripes;
          c.fillRect(from, y + 4, Math.max(1, to - from - 1), thick);
          c.globalAlpha = 1;
        }
        sum += part;
        const text = model.words(part, row, p);
        // What is the whole bar stands at its end.
        if (part < sumOf(row) && to - from > c.measureText(text).width + 10 && thick > 12) {
          c.fillStyle = inkOn(theme.activity[p % 8] as string);
          c.textAlign = "center";
          c.fillText(text, (from + to) / 2, y + 4 + thick / 2);
        }
      });
      c.fillStyle = theme.text;
      c.textAlign = "left";
      c.fillText(model.words(sum, row), x.px(sum) + 6, y + 4 + thick / 2);
      c.fillStyle = theme.secondary;
      c.textAlign = "right";
      c.fillText(fitText(c, row.label, gutter - 14), gutter - 8, y + 4 + thick / 2);
      if (row.id === selected) {
        c.strokeStyle = theme.text;
        c.lineWidth = 2;
        c.strokeRect(gutter - 1, y + 3, x.px(sum) - gutter + 2, thick + 2);
        c.lineWidth = 1;
      }
    });
  });
  const hit = (_: number, py: number): string | null => model.rows[Math.floor((py - head) / rowOf(view.height()))]?.id ?? null;
  view.canvas.addEventListener("pointermove", (event) => {
    const row = model.rows.find((one) => one.id === hit(event.offsetX, event.offsetY));
    if (!row) return hideTooltip();
    showTooltip(event.clientX, event.clientY, {
      title: row.label,
      lines: [...model.parts.map((name, i) => [name, model.words(row.parts[i] ?? NaN, row, i)] as const), [`${model.quantity} in all`, model.words(sumOf(row), row)]],
    });
  });
  view.canvas.addEventListener("pointerleave", hideTooltip);
  view.canvas.addEventListener("click", (event) => model.onSelect(hit(event.offsetX, event.offsetY)));
  view.canvas.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0 || model.rows.length === 0) return;
    event.preventDefault();
    const at = model.rows.findIndex((row) => row.id === selected);
    model.onSelect(model.rows[Math.max(0, Math.min(model.rows.length - 1, at + step))]?.id ?? null);
  });
  return {
    draw: view.request,
    destroy() {
      hideTooltip();
      view.destroy();
    },
    hit,
    select(id) {
      selected = id;
      view.request();
    },
  };
}
