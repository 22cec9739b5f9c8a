// Metrics by step: the mean as a line, the span over runs that differ only in their seed as a band,
// each named at its end.
import type { Theme } from "./colour.ts";
import { axisLabels, significant } from "./number.ts";
import { linear, padded, ticks, type Scale } from "./scale.ts";
import { crisp, fitStart, surface } from "./surface.ts";
import { hideTooltip, showTooltip } from "./tooltip.ts";

export interface Curve {
  readonly id: string;
  readonly label: string;
  readonly runs: number;
  readonly slot: number; // of the eight colours
  readonly x: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

export interface CurvesModel {
  readonly curves: readonly Curve[];
  readonly xName: string;
  readonly yName: string;
  readonly unit?: string;
  readonly fromZero?: boolean;
  readonly summary: string;
  theme(): Theme;
  onSelect(id: string | null): void;
}

export interface CurvesView {
  draw(): void;
  destroy(): void;
  select(id: string | null): void;
  hit(x: number, y: number): Curve | null;
}

// Ends of labels keep apart: moved down as little as needed.
export function apart(wanted: readonly number[], gap: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] as number) - (wanted[b] as number));
  const out = [...wanted];
  let last = -Infinity;
  for (const i of order) {
    out[i] = Math.max(out[i] as number, last + gap);
    last = out[i] as number;
  }
  return out;
}

export function curves(host: HTMLElement, model: CurvesModel): CurvesView {
  let selected: string | null = null;
  let hovered: string | null = null;
  const spanOf = (of: (curve: Curve) => readonly ArrayLike<number>[]): number[] => {
    let [low, high] = [Infinity, -Infinity];
    for (const curve of model.curves) {
      for (const list of of(curve)) {
        for (let i = 0; i < list.length; i++) {
          const value = list[i] as number;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
    }
    return low > high ? [] : [low, high];
  };
  const xs = spanOf((c) => [c.x]);
  const whole = model.curves.every((curve) => Array.from(curve.x).every(Number.isInteger));
  const ys = spanOf((c) => [c.low, c.high, c.mean]);
  const frameOf = (width: number, height: number): { x: Scale; y: Scale; right: number } => {
    const right = width - (width > 520 ? 190 : 12);
    const [y0, y1] = padded(model.fromZero ? [0, ...ys] : ys, 0.06);
    return { x: linear(xs[0] ?? 0, xs[1] ?? 1, 52, right), y: linear(model.fromZero ? 0 : y0, y1, height - 34, 12), right };
  };
  const marked = (): string | null => hovered ?? selected;

  const view = surface(host, model.summary, (c, width, height) => {
    const theme = model.theme();
    const { x, y, right } = frameOf(width, height);
    const bottom = height - 34;
    c.font = `11px ${theme.sans}`;
    c.lineWidth = 1;
    const yAt = ticks(y.from, y.to, Math.max(2, Math.floor(height / 52)));
    const yWords = axisLabels(yAt, model.unit ?? "");
    c.textBaseline = "middle";
    c.textAlign = "right";
    c.strokeStyle = theme.grid;
    c.fillStyle = theme.secondary;
    c.beginPath();
    yAt.forEach((value, i) => {
      const py = crisp(y.px(value));
      c.moveTo(52, py);
      c.lineTo(right, py);
      c.fillText(yWords.labels[i] ?? "", 46, py);
    });
    c.stroke();
    const room = Math.max(2, Math.floor((right - 52) / 90));
    // Between two steps there is none.
    const xAt = ticks(x.from, x.to, whole ? Math.min(room, Math.max(1, x.to - x.from)) : room);
    const xWords = axisLabels(xAt, "");
    c.textAlign = "center";
    xAt.forEach((value, i) => c.fillText(xWords.labels[i] ?? "", x.px(value), bottom + 10));
    c.textAlign = "left";
    c.fillText(`${model.yName}${yWords.unit ? ` (${yWords.unit})` : ""} by ${model.xName}`, 52, height - 8);
    const strong = marked();
    // More than eight: the rest share a colour and stand back.
    const many = model.curves.length > 8;
    const trace = (curve: Curve, list: ArrayLike<number>): void => {
      c.beginPath();
      let pen = false;
      for (let i = 0; i < curve.x.length; i++) {
        const value = list[i] as number;
        if (Number.isNaN(value)) {
          pen = false;
          continue;
        }
        const [px, py] = [x.px(curve.x[i] as number), y.px(value)];
        if (pen) c.lineTo(px, py);
        else c.moveTo(px, py);
        pen = true;
      }
    };
    for (const curve of model.curves) {
      if (curve.runs < 2 || (many && curve.slot === 7 && strong !== curve.id) || (strong !== null && strong !== curve.id)) continue;
      c.beginPath();
      for (let i = 0; i < curve.x.length; i++) c.lineTo(x.px(curve.x[i] as number), y.px(curve.high[i] as number));
      for (let i = curve.x.length - 1; i >= 0; i--) c.lineTo(x.px(curve.x[i] as number), y.px(curve.low[i] as number));
      c.fillStyle = theme.activity[curve.slot] ?? theme.secondary;
      c.globalAlpha = 0.16;
      c.fill();
      c.globalAlpha = 1;
    }
    for (const curve of [...model.curves].sort((a, b) => b.slot - a.slot)) {
      trace(curve, curve.mean);
      c.strokeStyle = theme.activity[curve.slot] ?? theme.secondary;
      c.globalAlpha = strong === curve.id ? 1 : strong !== null ? 0.2 : many && curve.slot === 7 ? 0.45 : 1;
      c.lineWidth = strong === curve.id ? 2.5 : many && curve.slot === 7 ? 1 : 1.6;
      c.setLineDash(many && curve.slot === 7 ? [4, 3] : []);
      c.stroke();
      c.setLineDash([]);
      c.globalAlpha = 1;
    }
    if (width <= 520) return;
    // Direct labels: those of the curves with a colour of their own, and the marked one.
    const named = model.curves.filter((curve, i) => i < 8 || curve.id === strong);
    const ends = named.map((curve) => {
      for (let i = curve.mean.length - 1; i >= 0; i--) if (!Number.isNaN(curve.mean[i] as number)) return y.px(curve.mean[i] as number);
      return bottom;
    });
    const places = apart(ends, 14);
    const over = Math.max(0, ...places) - bottom;
    named.forEach((curve, i) => {
      const py = (places[i] as number) - Math.max(0, over);
      c.fillStyle = theme.activity[curve.slot] ?? theme.secondary;
      c.fillRect(right + 8, py - 4, 8, 8);
      c.font = `${curve.id === strong ? 600 : 400} 11px ${theme.sans}`;
      c.fillStyle = strong === null || strong === curve.id ? theme.text : theme.faint;
      c.fillText(fitStart(c, curve.runs > 1 ? `${curve.label} ×${curve.runs}` : curve.label, width - right - 26), right + 22, py);
    });
  });

  const nearestOf = (px: number, py: number): { curve: Curve; at: number } | null => {
    const { x, y } = frameOf(view.width(), view.height());
    let found: { curve: Curve; at: number } | null = null;
    let least = 18;
    for (const curve of model.curves) {
      let best = -1;
      let gap = Infinity;
      for (let i = 0; i < curve.x.length; i++) {
        const distance = Math.abs(x.px(curve.x[i] as number) - px);
        if (distance < gap) [gap, best] = [distance, i];
      }
      if (best < 0) continue;
      const distance = Math.abs(y.px(curve.mean[best] as number) - py);
      if (gap < 24 && distance < least) {
        least = distance;
        found = { curve, at: best };
      }
    }
    return found;
  };
  const mark = (id: string | null): void => {
    if (id === hovered) return;
    hovered = id;
    view.request();
  };
  view.canvas.addEventListener("pointermove", (event) => {
    const found = nearestOf(event.offsetX, event.offsetY);
    mark(found?.curve.id ?? null);
    if (!found) return hideTooltip();
    const { curve, at } = found;
    const unit = model.unit ? `\u2009${model.unit}` : "";
    showTooltip(event.clientX, event.clientY, {
      title: curve.label,
      colour: model.theme().activity[curve.slot] ?? model.theme().secondary,
      lines: [
        [model.xName, significant(curve.x[at] as number)],
        [curve.runs > 1 ? `mean of ${curve.runs}` : model.yName, `${significant(curve.mean[at] as number)}${unit}`],
        ...(curve.runs > 1 ? [["least, most", `${significant(curve.low[at] as number)} … ${significant(curve.high[at] as number)}${unit}`] as const] : []),
      ],
    });
  });
  view.canvas.addEventListener("pointerleave", () => {
    hideTooltip();
    mark(null);
  });
  view.canvas.addEventListener("click", (event) => model.onSelect(nearestOf(event.offsetX, event.offsetY)?.curve.id ?? null));
  view.canvas.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowDown" || event.key === "ArrowRight" ? 1 : event.key === "ArrowUp" || event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0 || model.curves.length === 0) return;
    event.preventDefault();
    const at = model.curves.findIndex((curve) => curve.id === selected);
    selected = model.curves[(at + step + model.curves.length) % model.curves.length]?.id ?? null;
    model.onSelect(selected);
    view.request();
  });
  return {
    draw: view.request,
    destroy() {
      hideTooltip();
      view.destroy();
    },
    hit: (x, y) => nearestOf(x, y)?.curve ?? null,
    select(id) {
      selected = id;
      view.request();
    },
  };
}
