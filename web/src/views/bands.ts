// Sensors as thin bands under task lanes, in the lanes' frame: the fuller the hotter or busier, each
// band on its own scale, whose end stands beside it. A time in which nothing was read is hatched.
import type { Theme } from "./colour.ts";
import { si, significant } from "./number.ts";
import { amount } from "./ramp.ts";
import { linear } from "./scale.ts";
import { gutterOf, rightPad } from "./spans_frame.ts";
import { gapAt, type TimeGap } from "./strip.ts";
import { fitText, surface } from "./surface.ts";
import { hatch } from "./timeline_paint.ts";
import { hideTooltip, showTooltip } from "./tooltip.ts";

export interface Band extends BandScale {
  readonly name: string;
  readonly values: ArrayLike<number>; // of each pixel the greatest; NaN: not known
  readonly gaps: readonly TimeGap[];
}

export interface BandScale {
  readonly end: string; // what the fullest stands for
  level(value: number): number; // how full, from 0 to 1
  words(value: number): string;
}

export interface BandsModel {
  readonly bands: readonly Band[];
  readonly fromNs: number; // since the start
  readonly toNs: number;
  readonly summary: string;
  theme(): Theme;
}

export interface BandsView {
  draw(): void;
  destroy(): void;
  show(model: BandsModel): void;
  select(band: number | null): void;
  hit(x: number, y: number): readonly [band: number, pixel: number] | null;
}

export const bandHeight = 18;

export function bands(host: HTMLElement, first: BandsModel): BandsView {
  let model = first;
  let chosen: number | null = null;
  host.style.height = `${model.bands.length * bandHeight + 6}px`;
  const view = surface(host, first.summary, (c, width) => {
    const theme = model.theme();
    const [gutter, right] = [gutterOf(width), width - rightPad];
    const time = linear(model.fromNs, model.toNs, gutter, right);
    const striped = hatch(c, theme.faint);
    c.font = `11px ${theme.sans}`;
    c.textBaseline = "middle";
    model.bands.forEach((band, i) => {
      const y = 3 + i * bandHeight;
      const cell = (right - gutter) / Math.max(1, band.values.length);
      c.fillStyle = theme.grid;
      c.fillRect(gutter, y, right - gutter, bandHeight - 4);
      for (let p = 0; p < band.values.length; p++) {
        const value = band.values[p] as number;
        const level = Number.isNaN(value) ? 0 : Math.min(1, band.level(value));
        if (!(level > 0)) continue;
        c.fillStyle = amount(level, theme.dark);
        c.fillRect(gutter + p * cell, y, cell + 0.5, bandHeight - 4);
      }
      for (const gap of band.gaps) {
        const [a, b] = [Math.max(gutter, time.px(gap.fromNs)), Math.min(right, time.px(gap.toNs))];
        if (b <= a || !striped) continue;
        c.fillStyle = theme.background;
        c.fillRect(a, y, Math.max(2, b - a), bandHeight - 4);
        c.fillStyle = striped;
        c.fillRect(a, y, Math.max(2, b - a), bandHeight - 4);
      }
      if (i === chosen) {
        c.strokeStyle = theme.text;
        c.strokeRect(gutter - 0.5, y - 0.5, right - gutter + 1, bandHeight - 3);
      }
      c.fillStyle = theme.secondary;
      c.textAlign = "right";
      c.fillText(band.end, gutter - 6, y + 7);
      c.textAlign = "left";
      c.fillText(fitText(c, band.name, gutter - 22 - c.measureText(band.end).width), 10, y + 7);
    });
  });
  const hit = (px: number, py: number): readonly [number, number] | null => {
    const band = Math.floor((py - 1) / bandHeight);
    const shown = model.bands[band];
    if (!shown) return null;
    const width = view.width();
    const pixel = Math.floor(linear(0, shown.values.length, gutterOf(width), width - rightPad).value(px));
    return pixel >= 0 && pixel < shown.values.length ? [band, pixel] : null;
  };
  view.canvas.addEventListener("pointermove", (event) => {
    const at = hit(event.offsetX, event.offsetY);
    const band = at ? model.bands[at[0]] : undefined;
    if (!at || !band) return hideTooltip();
    const ns = model.fromNs + ((at[1] + 0.5) / band.values.length) * (model.toNs - model.fromNs);
    const gap = gapAt(band.gaps, ns);
    const value = band.values[at[1]] as number;
    showTooltip(event.clientX, event.clientY, { title: band.name, lines: [["since start", si(ns / 1e9, "s")], gap ? ["not known", gap.reason] : ["most", Number.isNaN(value) ? "no sample" : band.words(value)]] });
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
      host.style.height = `${model.bands.length * bandHeight + 6}px`;
      view.request();
    },
    select(band) {
      chosen = band;
      view.request();
    },
    hit,
  };
}

// The scale of what is read: temperatures from 20 °C, shares from 0 to 1, reasons to hold a clock down
// yes or no, all else from 0 to its most.
export function scaleOf(quantity: string, unit: string, source: string, most: number): BandScale {
  if (unit === "Cel") {
    const top = Math.max(100, most);
    return { end: `${significant(top)}\u2009°C`, level: (value) => (value - 20) / (top - 20), words: (value) => `${significant(value)}\u2009°C` };
  }
  const whole = unit === "%" ? 100 : 1;
  if (/utilization/.test(quantity)) return { end: "100\u2009%", level: (value) => value / whole, words: (value) => `${significant((value / whole) * 100)}\u2009%` };
  if (/throttle/.test(quantity)) return { end: "held", level: (value) => Number(source === "nvml" ? isThrottled(value) : value > 0), words: source === "nvml" ? throttleWords : (value) => (value > 0 ? `held down (bits 0x${Math.floor(value).toString(16)})` : "not held down") };
  return { end: si(most, unit === "1" ? "" : unit), level: (value) => value / (most || 1), words: (value) => si(value, unit === "1" ? "" : unit) };
}

// Pixels of a window: what changed last holds until the next reading, for 2.5 s at most, as what does not
// change is recorded once a second. Of a pixel the greatest.
export function heldValues(atNs: readonly number[], greatest: readonly number[], last: readonly number[], fromNs: number, toNs: number, width: number): Float64Array {
  const out = new Float64Array(Math.max(1, width)).fill(NaN);
  const perPixel = (toNs - fromNs) / out.length || 1;
  atNs.forEach((at, i) => {
    const until = Math.min(atNs[i + 1] ?? Infinity, at + 2.5e9);
    const from = Math.max(0, Math.floor((at - fromNs) / perPixel));
    const to = Math.min(out.length, Math.max(from + 1, Math.floor((until - fromNs) / perPixel)));
    for (let p = from; p < to; p++) {
      const value = (p === from ? greatest[i] : last[i]) as number;
      if (!(value <= (out[p] as number))) out[p] = value;
    }
  });
  return out;
}

// NVML's reasons, by their bits (nvml.h, nvmlClocksEventReasons).
const reasons: readonly (readonly [number, string])[] = [
  [0x1, "idle"],
  [0x2, "clocks set by an application"],
  [0x4, "power limit"],
  [0x8, "hardware slowdown"],
  [0x10, "sync boost"],
  [0x20, "temperature, by software"],
  [0x40, "temperature, by hardware"],
  [0x80, "power brake"],
  [0x100, "display clocks"],
];

export function throttleWords(bits: number): string {
  const words = reasons.filter(([bit]) => (Math.floor(bits) & bit) !== 0).map(([, word]) => word);
  return words.length > 0 ? words.join(", ") : "none";
}

// Held down: by its power, its temperature or a brake; idle and what a user set is not that.
export function isThrottled(bits: number): boolean {
  return (Math.floor(bits) & (0x4 | 0x8 | 0x20 | 0x40 | 0x80)) !== 0;
}
