// One counter over a window of time: the band from least to most of each pixel, and its mean. A gap in
// the samples is a gap in the drawing.
import type { Theme } from "./colour.ts";
import { axisLabels, si, significant } from "./number.ts";
import { linear, ticks, timeLabel, timeTicks } from "./scale.ts";
import { crisp, fitText, surface } from "./surface.ts";
import { hatch } from "./timeline_paint.ts";
import { hideTooltip, showTooltip } from "./tooltip.ts";
import { gutterOf, rightPad } from "./spans_frame.ts";

// Where nothing is known, and why.
export interface TimeGap {
  readonly fromNs: number;
  readonly toNs: number;
  readonly reason: string;
}

export function gapAt(gaps: readonly TimeGap[] | undefined, ns: number): TimeGap | undefined {
  return gaps?.find((one) => ns >= one.fromNs && ns < one.toNs);
}

export interface StripModel {
  readonly name: string;
  readonly unit: string;
  readonly fromNs: number;
  readonly toNs: number;
  readonly min: ArrayLike<number>;
  readonly max: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly slot: number;
  readonly summary: string;
  readonly gaps?: readonly TimeGap[]; // where it was not read
  readonly axis?: boolean; // times below it: the last of several strips
  theme(): Theme;
}

export interface StripView {
  draw(): void;
  destroy(): void;
  show(model: StripModel): void;
  select(pixel: number | null): void;
  hit(x: number, y: number): number; // the pixel's place in the model; -1 beside it
}

// The store's units as they are written here. A share of a second, a percentage and a plain count take
// no prefix.
const written: Readonly<Record<string, string>> = { By: "B", "By/s": "B/s", "1": "" };
const unprefixed: ReadonlySet<string> = new Set(["%", "s/s", ""]);
const unitOf = (unit: string): string => written[unit] ?? unit;

const axisHeight = 24;

export function strip(host: HTMLElement, first: StripModel): StripView {
  let model = first;
  let selected: number | null = null;
  const view = surface(host, first.summary, (c, width, height) => {
    const theme = model.theme();
    const gutter = gutterOf(width);
    const right = width - rightPad;
    let most = 0;
    for (let i = 0; i < model.max.length; i++) if ((model.max[i] as number) > most) most = model.max[i] as number;
    const unit = unitOf(model.unit);
    const base = height - (model.axis ? axisHeight : 8);
    const y = linear(0, most * 1.08 || 1, base, 8);
    const x = linear(0, model.mean.length, gutter, right);
    c.font = `11px ${theme.sans}`;
    c.textBaseline = "middle";
    const at = most > 0 ? ticks(0, most, 2) : [0];
    const words = unprefixed.has(unit) ? { labels: at.map(String), unit } : axisLabels(at, unit);
    c.strokeStyle = theme.grid;
    c.fillStyle = theme.secondary;
    c.textAlign = "right";
    c.beginPath();
    at.forEach((value, i) => {
      c.moveTo(gutter, crisp(y.px(value)));
      c.lineTo(right, crisp(y.px(value)));
      if (i > 0 || at.length === 1) c.fillText(`${words.labels[i] ?? ""}\u2009${words.unit}`, gutter - 8, Math.min(y.px(value), at.length === 1 ? base - 18 : height));
    });
    if (model.axis) {
      const span = (model.toNs - model.fromNs) / 1e9;
      const times = timeTicks(model.fromNs / 1e9, model.toNs / 1e9, Math.max(2, Math.floor((right - gutter) / 110)));
      c.textAlign = "center";
      for (const seconds of times.at) {
        const px = gutter + ((seconds - model.fromNs / 1e9) / span) * (right - gutter);
        c.moveTo(crisp(px), base);
        c.lineTo(crisp(px), base + 4);
        c.fillText(timeLabel(seconds, times.step), px, base + 13);
      }
    }
    c.stroke();
    c.textAlign = "left";
    c.fillText(fitText(c, model.name, gutter - 16), 10, base - 4);
    const striped = model.gaps?.length ? hatch(c, theme.faint) : null;
    if (striped) {
      const at = linear(model.fromNs, model.toNs, gutter, right);
      c.globalAlpha = 0.5;
      c.fillStyle = striped;
      for (const gap of model.gaps ?? []) {
        const [a, b] = [Math.max(gutter, at.px(gap.fromNs)), Math.min(right, at.px(gap.toNs))];
        if (b > a) c.fillRect(a, 8, Math.max(2, b - a), base - 8);
      }
      c.globalAlpha = 1;
    }
    // What was read before a gap is not known to hold in it.
    const perPixel = (model.toNs - model.fromNs) / Math.max(1, model.mean.length);
    const unknown = (i: number): boolean => Number.isNaN(model.mean[i] as number) || (striped !== null && gapAt(model.gaps, model.fromNs + (i + 0.5) * perPixel) !== undefined);
    const colour = theme.activity[model.slot % 8] as string;
    c.fillStyle = colour;
    c.globalAlpha = 0.3;
    const wide = Math.max(1, (right - gutter) / Math.max(1, model.mean.length));
    for (let i = 0; i < model.mean.length; i++) {
      const [low, high] = [model.min[i] as number, model.max[i] as number];
      if (Number.isNaN(low) || Number.isNaN(high) || unknown(i)) continue;
      c.fillRect(x.px(i), y.px(high), wide, Math.max(1, y.px(low) - y.px(high)));
    }
    c.globalAlpha = 1;
    c.strokeStyle = colour;
    c.lineWidth = 1.4;
    c.beginPath();
    let pen = false;
    for (let i = 0; i < model.mean.length; i++) {
      const value = model.mean[i] as number;
      if (unknown(i)) {
        pen = false;
        continue;
      }
      if (pen) c.lineTo(x.px(i + 0.5), y.px(value));
      else c.moveTo(x.px(i + 0.5), y.px(value));
      // A reading with none beside it is a dot.
      if (!pen && (i + 1 >= model.mean.length || unknown(i + 1))) c.fillRect(x.px(i + 0.5) - 1.5, y.px(value) - 1.5, 3, 3);
      pen = true;
    }
    c.stroke();
    if (selected === null) return;
    c.strokeStyle = theme.text;
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(crisp(x.px(selected + 0.5)), 4);
    c.lineTo(crisp(x.px(selected + 0.5)), height - 4);
    c.stroke();
  });
  const hit = (px: number): number => {
    const width = view.width();
    const i = Math.floor(linear(0, model.mean.length, gutterOf(width), width - rightPad).value(px));
    return i >= 0 && i < model.mean.length ? i : -1;
  };
  view.canvas.addEventListener("pointermove", (event) => {
    const i = hit(event.offsetX);
    const value = model.mean[i];
    if (value === undefined) return hideTooltip();
    const unit = unitOf(model.unit);
    const say = (v: number | undefined): string => (v === undefined || Number.isNaN(v) ? "no sample" : unprefixed.has(unit) ? `${significant(v)}\u2009${unit}` : si(v, unit));
    const ns = model.fromNs + ((i + 0.5) / model.mean.length) * (model.toNs - model.fromNs);
    const seconds = ns / 1e9;
    const gap = gapAt(model.gaps, ns);
    showTooltip(event.clientX, event.clientY, {
      title: model.name,
      lines: [["since start", si(seconds, "s")], ...(gap ? [["not known", gap.reason] as const] : []), ["mean", say(value)], ["least, most", `${say(model.min[i])} … ${say(model.max[i])}`]],
    });
  });
  view.canvas.addEventListener("pointerleave", hideTooltip);
  return {
    draw: view.request,
    destroy() {
      hideTooltip();
      view.destroy();
    },
    show(next) {
      model = next;
      view.request();
    },
    select(pixel) {
      selected = pixel;
      view.request();
    },
    hit,
  };
}
