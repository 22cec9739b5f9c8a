// Quality against cost: the front as a staircase, what it beats hollow, the region that it
// dominates shaded. Marks carry their configuration's number, the same as in the table.
import type { Truth } from "../api/report.ts";
import type { Theme } from "./colour.ts";
import { staircase } from "./front.ts";
import { axisLabels } from "./number.ts";
import { linear, padded, ticks, type Scale } from "./scale.ts";
import { crisp, surface } from "./surface.ts";
import { hideTooltip, showTooltip, type TooltipText } from "./tooltip.ts";

export interface ParetoPoint {
  readonly id: string;
  readonly number: string;
  readonly cost: number;
  readonly costU95: number | null;
  readonly quality: number;
  readonly front: boolean;
  readonly best: boolean;
  readonly truth: Truth;
}

export interface ParetoModel {
  readonly points: readonly ParetoPoint[];
  readonly costName: string;
  readonly costUnit: string;
  readonly qualityName: string;
  readonly minimise: boolean;
  readonly summary: string;
  theme(): Theme;
  describe(id: string): TooltipText;
  onHover(id: string | null): void;
  onSelect(id: string | null): void;
  // Given: dragging marks a part of the plot, and this hears of what it spans; null: no point lies there.
  onBrush?(part: Part | null): void;
  brushed?(): ReadonlySet<string> | null; // points that are kept
  part?(): Part | null; // the part that is marked
}

// Ranges of the two axes.
export interface Part {
  readonly costs: readonly [number, number];
  readonly qualities: readonly [number, number];
}

export interface ParetoView {
  draw(): void;
  destroy(): void;
  select(id: string | null): void;
  hover(id: string | null): void;
  hit(x: number, y: number): string | null;
}

interface Frame {
  readonly x: Scale;
  readonly y: Scale;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function nearest(
  points: readonly ParetoPoint[],
  x: Scale,
  y: Scale,
  px: number,
  py: number,
  reach = 14,
): ParetoPoint | null {
  let found: ParetoPoint | null = null;
  let least = reach * reach;
  for (const point of points) {
    const distance = (x.px(point.cost) - px) ** 2 + (y.px(point.quality) - py) ** 2;
    if (distance <= least) {
      least = distance;
      found = point;
    }
  }
  return found;
}

export interface Brush {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

// What a brush spans; null where no point lies in it.
export function spanned(points: readonly ParetoPoint[], x: Scale, y: Scale, brush: Brush): Part | null {
  const range = (one: number, other: number): [number, number] => [Math.min(one, other), Math.max(one, other)];
  const costs = range(x.value(brush.x0), x.value(brush.x1));
  const qualities = range(y.value(brush.y0), y.value(brush.y1));
  const lies = (value: number, [from, to]: readonly [number, number]): boolean => value >= from && value <= to;
  return points.some((p) => lies(p.cost, costs) && lies(p.quality, qualities)) ? { costs, qualities } : null;
}

// Where a part lies in a frame, as far as it is within.
function brushOf(part: Part, f: Frame): Brush {
  const clip = (value: number, from: number, to: number): number => Math.min(to, Math.max(from, value));
  const [x0, x1] = part.costs.map((one) => clip(f.x.px(one), f.left, f.right)) as [number, number];
  const [y0, y1] = part.qualities.map((one) => clip(f.y.px(one), f.top, f.bottom)) as [number, number];
  return { x0, y0, x1, y1 };
}

// Bars of uncertainty that span the plot say nothing about single points (a whole estimate may be off
// by one factor): those are drawn for the chosen point alone, and stand in words beside it.
export function narrowBars(points: readonly ParetoPoint[]): boolean {
  const costs = points.map((p) => p.cost);
  const range = Math.max(...costs) - Math.min(...costs);
  const widths = points.map((p) => p.costU95 ?? 0).sort((a, b) => a - b);
  return (widths[Math.floor(widths.length / 2)] ?? 0) <= range / 8;
}

export function pareto(host: HTMLElement, model: ParetoModel): ParetoView {
  let selected: string | null = null;
  let hovered: string | null = null;
  let brush: Brush | null = null;
  const sorted = [...model.points].sort((a, b) => a.cost - b.cost);
  const barsAreNarrow = narrowBars(sorted);

  const frameOf = (width: number, height: number): Frame => {
    const [left, top, right, bottom] = [56, 30, width - 18, height - 40];
    const [x0, x1] = padded(sorted.map((p) => p.cost));
    const [y0, y1] = padded(sorted.map((p) => p.quality), 0.1);
    return {
      x: linear(Math.max(0, x0), x1, left, right),
      y: linear(y0, y1, bottom, top),
      left,
      top,
      right,
      bottom,
    };
  };

  const paintAxes = (c: CanvasRenderingContext2D, f: Frame, theme: Theme): void => {
    const xAt = ticks(f.x.from, f.x.to, Math.max(3, Math.floor((f.right - f.left) / 90)));
    const yAt = ticks(f.y.from, f.y.to, Math.max(3, Math.floor((f.bottom - f.top) / 36)));
    c.lineWidth = 1;
    c.strokeStyle = theme.grid;
    c.beginPath();
    for (const value of xAt) {
      c.moveTo(crisp(f.x.px(value)), f.top);
      c.lineTo(crisp(f.x.px(value)), f.bottom);
    }
    for (const value of yAt) {
      c.moveTo(f.left, crisp(f.y.px(value)));
      c.lineTo(f.right, crisp(f.y.px(value)));
    }
    c.stroke();
    c.strokeStyle = theme.border;
    c.beginPath();
    c.moveTo(f.left, crisp(f.bottom));
    c.lineTo(f.right, crisp(f.bottom));
    c.stroke();
    c.fillStyle = theme.secondary;
    c.font = `11px ${theme.sans}`;
    c.textBaseline = "top";
    c.textAlign = "center";
    const xLabels = axisLabels(xAt, model.costUnit);
    xAt.forEach((value, i) => c.fillText(xLabels.labels[i] ?? "", f.x.px(value), f.bottom + 6));
    c.textBaseline = "middle";
    c.textAlign = "right";
    const yLabels = axisLabels(yAt, "");
    yAt.forEach((value, i) => c.fillText(yLabels.labels[i] ?? "", f.left - 8, f.y.px(value)));
    c.fillStyle = theme.text;
    c.textBaseline = "alphabetic";
    c.textAlign = "left";
    const direction = model.minimise ? "lower is better" : "higher is better";
    c.fillText(`${model.qualityName} (${direction})`, 8, 14);
    c.textAlign = "right";
    const truths = new Set(model.points.map((p) => p.truth));
    const estimated = truths.has("emulated") ? ", emulated" : truths.size === 1 && truths.has("measured") ? "" : truths.size === 1 && truths.has("estimated") ? ", ≈ estimated" : ", ≈ partly estimated";
    c.fillText(`${model.costName}, ${xLabels.unit}${estimated} (less is better)`, f.right, f.bottom + 34);
  };

  const paintFront = (c: CanvasRenderingContext2D, f: Frame, theme: Theme): void => {
    const corners = staircase(sorted.filter((p) => p.front));
    const first = corners[0];
    const last = corners[corners.length - 1];
    if (!first || !last) return;
    const worst = model.minimise ? f.top : f.bottom;
    c.beginPath();
    c.moveTo(f.x.px(first.cost), worst);
    for (const corner of corners) c.lineTo(f.x.px(corner.cost), f.y.px(corner.quality));
    c.lineTo(f.right, f.y.px(last.quality));
    c.strokeStyle = theme.accent;
    c.lineWidth = 1.5;
    c.stroke();
    c.lineTo(f.right, worst);
    c.closePath();
    c.globalAlpha = theme.dark ? 0.09 : 0.06;
    c.fillStyle = theme.accent;
    c.fill();
    c.globalAlpha = 1;
  };

  const paintPoint = (c: CanvasRenderingContext2D, f: Frame, theme: Theme, point: ParetoPoint): void => {
    const x = f.x.px(point.cost);
    const y = f.y.px(point.quality);
    const active = point.id === selected || point.id === hovered;
    const brushed = model.brushed?.() ?? null;
    if (brushed && !brushed.has(point.id)) c.globalAlpha = 0.25;
    if (point.costU95 !== null && point.costU95 > 0 && (barsAreNarrow || active)) {
      c.strokeStyle = active ? theme.text : theme.faint;
      c.lineWidth = 1;
      c.beginPath();
      c.moveTo(f.x.px(Math.max(f.x.from, point.cost - point.costU95)), y);
      c.lineTo(f.x.px(Math.min(f.x.to, point.cost + point.costU95)), y);
      c.stroke();
    }
    const radius = point.front ? 5.5 : 4.5;
    c.beginPath();
    c.arc(x, y, radius, 0, Math.PI * 2);
    c.fillStyle = point.front ? theme.accent : theme.background;
    c.fill();
    c.lineWidth = 1.5;
    c.strokeStyle = point.front ? theme.accent : theme.secondary;
    c.stroke();
    if (point.best || active) {
      c.beginPath();
      c.arc(x, y, radius + 4, 0, Math.PI * 2);
      c.lineWidth = active ? 2 : 1.5;
      c.strokeStyle = active ? theme.text : theme.accent;
      c.stroke();
    }
    c.globalAlpha = 1;
  };

  // Numbers stand where no mark or other number is: those of the front on its free side, where
  // nothing can be; the others above their mark, clear of the bar of their uncertainty.
  const paintNumbers = (c: CanvasRenderingContext2D, f: Frame, theme: Theme): void => {
    const taken: [number, number, number, number][] = sorted.map((p) => {
      const [x, y] = [f.x.px(p.cost), f.y.px(p.quality)];
      return [x - 7, y - 7, x + 7, y + 7];
    });
    c.textBaseline = "middle";
    c.textAlign = "center";
    for (const point of sorted) {
      const text = point.best ? `${point.number} best` : point.number;
      c.font = `${point.front ? 600 : 400} 11px ${theme.sans}`;
      const half = c.measureText(text).width / 2 + 1;
      const [x, y] = [f.x.px(point.cost), f.y.px(point.quality)];
      const freeSide = model.minimise ? 13 : -13;
      const corner: [number, number] = [x - 7 - half, y + freeSide];
      const spots: [number, number][] = [
        ...(point.front ? [corner, [x - 13 - half, y] as [number, number]] : []),
        [x, y - 14],
        [x, y + 15],
        [x + 12 + half, y],
        [x - 12 - half, y],
        [x + 8 + half, y - 12],
        [x + 8 + half, y + 12],
      ];
      const free = spots.find(
        ([sx, sy]) =>
          sx - half > f.left &&
          sx + half < f.right + 14 &&
          !taken.some(([l, t, r, b]) => sx + half > l && sx - half < r && sy + 7 > t && sy - 7 < b),
      );
      if (!free) continue;
      taken.push([free[0] - half, free[1] - 7, free[0] + half, free[1] + 7]);
      c.fillStyle = point.front ? theme.text : theme.secondary;
      c.fillText(text, free[0], free[1]);
    }
  };

  const paintBrush = (c: CanvasRenderingContext2D, theme: Theme, of: Brush): void => {
    c.fillStyle = theme.accent;
    c.globalAlpha = 0.14;
    c.fillRect(of.x0, of.y0, of.x1 - of.x0, of.y1 - of.y0);
    c.globalAlpha = 1;
    c.strokeStyle = theme.accent;
    c.lineWidth = 1;
    c.strokeRect(of.x0 + 0.5, of.y0 + 0.5, of.x1 - of.x0, of.y1 - of.y0);
  };

  const view = surface(host, model.summary, (c, width, height) => {
    const theme = model.theme();
    const f = frameOf(width, height);
    paintAxes(c, f, theme);
    paintFront(c, f, theme);
    for (const point of sorted) if (!point.front) paintPoint(c, f, theme, point);
    for (const point of sorted) if (point.front) paintPoint(c, f, theme, point);
    paintNumbers(c, f, theme);
    const part = model.part?.() ?? null;
    if (brush) paintBrush(c, theme, brush);
    else if (part) paintBrush(c, theme, brushOf(part, f));
  });

  const hit = (x: number, y: number): string | null => {
    const f = frameOf(view.width(), view.height());
    return nearest(sorted, f.x, f.y, x, y)?.id ?? null;
  };
  const hover = (id: string | null): void => {
    if (id === hovered) return;
    hovered = id;
    view.request();
  };
  view.canvas.addEventListener("pointermove", (event) => {
    if (brush && model.onBrush) {
      brush = { ...brush, x1: event.offsetX, y1: event.offsetY };
      hideTooltip();
      view.request();
      return;
    }
    const id = hit(event.offsetX, event.offsetY);
    view.canvas.style.cursor = id ? "pointer" : "default";
    if (id) showTooltip(event.clientX, event.clientY, model.describe(id));
    else hideTooltip();
    if (id !== hovered) model.onHover(id);
    hover(id);
  });
  view.canvas.addEventListener("pointerleave", () => {
    hideTooltip();
    if (hovered) model.onHover(null);
    hover(null);
  });
  view.canvas.addEventListener("pointerdown", (event) => {
    if (!model.onBrush) return;
    brush = { x0: event.offsetX, y0: event.offsetY, x1: event.offsetX, y1: event.offsetY };
    view.canvas.setPointerCapture(event.pointerId);
  });
  view.canvas.addEventListener("pointerup", (event) => {
    const done = brush;
    brush = null;
    view.request();
    if (!done || !model.onBrush || Math.abs(done.x1 - done.x0) + Math.abs(done.y1 - done.y0) < 8) {
      model.onSelect(hit(event.offsetX, event.offsetY));
      return;
    }
    const f = frameOf(view.width(), view.height());
    model.onBrush(spanned(sorted, f.x, f.y, done));
  });
  view.canvas.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 0;
    if (step === 0 || sorted.length === 0) return;
    event.preventDefault();
    const at = sorted.findIndex((p) => p.id === selected);
    const next = at < 0 ? 0 : (at + step + sorted.length) % sorted.length;
    model.onSelect((sorted[next] as ParetoPoint).id);
  });
  return {
    draw: view.request,
    destroy: view.destroy,
    hit,
    hover,
    select(id) {
      selected = id;
      view.request();
    },
  };
}
