// Paints one row of bars: those narrower than three pixels into a strip of pixels that is stretched
// to the row's height in one call, wider ones as rectangles with their words. 100,000 bars cost a few
// milliseconds this way; a fillRect for each would cost thirty times that.
import type { Tasks } from "../api/tasks.ts";
import { inkOn, pixel, type Theme } from "./colour.ts";
import type { Scale } from "./scale.ts";
import { fitStart } from "./surface.ts";
import { endOf, firstEndingAfter, type Row, type Timed } from "./timeline_rows.ts";

export interface BarPainter {
  row(row: Row, x: Scale, left: number, right: number, top: number, height: number): void;
}

export interface BarStyle {
  readonly tasks: Timed & Pick<Tasks, "activity" | "statusOf">;
  readonly colourSlot: Uint8Array; // by activity
  readonly openEndNs: number;
  label(task: number): string;
}

const narrow = 3;

export function hatch(context: CanvasRenderingContext2D, ink: string): CanvasPattern | null {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const c = tile.getContext("2d");
  if (!c) return null;
  c.strokeStyle = ink;
  c.lineWidth = 1.6;
  c.beginPath();
  for (const shift of [-6, 0, 6]) {
    c.moveTo(shift, 6);
    c.lineTo(shift + 6, 0);
  }
  c.stroke();
  return context.createPattern(tile, "repeat");
}

export function barPainter(context: CanvasRenderingContext2D, style: BarStyle, theme: Theme): BarPainter {
  const { tasks, openEndNs } = style;
  const fills = theme.activity;
  const inks = fills.map(inkOn);
  const pixels = Uint32Array.from(fills, pixel);
  const failedPixel = pixel(theme.status.failed);
  const stripes = hatch(context, theme.background);
  const strip = document.createElement("canvas");
  const stripContext = strip.getContext("2d");

  const flushStrip = (buffer: Uint32Array, left: number, top: number, height: number): void => {
    if (!stripContext) return;
    strip.width = buffer.length;
    strip.height = 1;
    const bytes = new Uint8ClampedArray(buffer.length * 4);
    new Uint32Array(bytes.buffer).set(buffer);
    stripContext.putImageData(new ImageData(bytes, buffer.length, 1), 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(strip, 0, 0, buffer.length, 1, left, top, buffer.length, height);
  };

  const paintWide = (task: number, from: number, to: number, top: number, height: number): void => {
    const slot = style.colourSlot[tasks.activity[task] as number] ?? 7;
    const status = tasks.statusOf(task);
    const open = status === "running" || status === "pending" || status === "lost";
    context.fillStyle = fills[slot] as string;
    context.globalAlpha = open ? 0.55 : 1;
    context.fillRect(from, top, Math.max(1, to - from - 1), height);
    context.globalAlpha = 1;
    if (status === "failed" && stripes) {
      context.fillStyle = stripes;
      context.fillRect(from, top, Math.max(1, to - from - 1), height);
      context.fillStyle = theme.status.failed;
      context.fillRect(from, top, Math.max(1, to - from - 1), 3);
    }
    if (open) {
      context.setLineDash([3, 2]);
      context.strokeStyle = theme.text;
      context.strokeRect(from + 0.5, top + 0.5, Math.max(1, to - from - 2), height - 1);
      context.setLineDash([]);
    }
  };

  const paintWords = (task: number, from: number, to: number, top: number, height: number): void => {
    const room = to - from - 10;
    if (room < 18 || height < 12) return;
    const slot = style.colourSlot[tasks.activity[task] as number] ?? 7;
    const status = tasks.statusOf(task);
    const words = status === "finished" ? style.label(task) : `${status === "failed" ? "✕ " : ""}${style.label(task)}`;
    const text = fitStart(context, words, room);
    if (status === "failed" && text) {
      context.fillStyle = theme.background;
      context.fillRect(from + 3, top + 4, context.measureText(text).width + 4, height - 5);
      context.fillStyle = theme.text;
    } else {
      // An open bar is paler than its colour: the page's own ink reads there.
      const open = status === "running" || status === "pending" || status === "lost";
      context.fillStyle = open ? theme.text : (inks[slot] as string);
    }
    context.fillText(text, from + 5, top + height / 2 + 0.5);
  };

  return {
    row(row, x, left, right, top, height) {
      const width = Math.max(1, Math.round(right - left));
      const buffer = new Uint32Array(width);
      const wide: number[] = [];
      let anyNarrow = false;
      const untilNs = x.value(right);
      for (let i = firstEndingAfter(tasks, row, x.value(left), openEndNs); i < row.tasks.length; i++) {
        const task = row.tasks[i] as number;
        const start = tasks.startNs[task] as number;
        if (start > untilNs) break;
        const from = x.px(start);
        const to = x.px(endOf(tasks, task, openEndNs));
        if (to - from >= narrow) {
          wide.push(task);
          continue;
        }
        anyNarrow = true;
        const failed = tasks.statusOf(task) === "failed";
        const colour = failed
          ? failedPixel
          : (pixels[style.colourSlot[tasks.activity[task] as number] ?? 7] as number);
        const first = Math.max(0, Math.floor(from - left));
        const last = Math.min(width - 1, Math.max(first, Math.ceil(to - left) - 1));
        // A failure stays visible among a thousand neighbours on the same pixel.
        for (let at = first; at <= last; at++) if (failed || buffer[at] !== failedPixel) buffer[at] = colour;
      }
      if (anyNarrow) flushStrip(buffer, left, top, height);
      context.textBaseline = "middle";
      context.textAlign = "left";
      context.font = `11px ${theme.sans}`;
      for (const task of wide) {
        const from = Math.max(left, x.px(tasks.startNs[task] as number));
        const to = Math.min(right, x.px(endOf(tasks, task, openEndNs)));
        paintWide(task, from, to, top, height);
        paintWords(task, from, to, top, height);
      }
    },
  };
}
