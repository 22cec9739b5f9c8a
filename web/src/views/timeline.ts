// Tasks over time: a lane a thread, grouped by workflow; zoom, pan, hover, select.
import type { Tasks } from "../api/tasks.ts";
import type { Place, Status, Workflow } from "../api/report.ts";
import { statusGlyph, type Theme } from "./colour.ts";
import { element } from "./element.ts";
import { duration } from "./number.ts";
import { linear, timeLabel, timeTicks, type Scale } from "./scale.ts";
import { crisp, fitText, surface } from "./surface.ts";
import { barPainter } from "./timeline_paint.ts";
import { endOf, lanesOf, taskAt, type Row } from "./timeline_rows.ts";
import { hideTooltip, showTooltip, type TooltipText } from "./tooltip.ts";

export interface TimelineModel {
  readonly tasks: Tasks;
  readonly workflows: readonly Workflow[];
  readonly colourSlot: Uint8Array;
  readonly endNs: number;
  readonly summary: string;
  theme(): Theme;
  label(task: number): string;
  describe(task: number): TooltipText;
  onSelect(task: number): void; // -1: nothing
  onWindow?(fromNs: number, toNs: number): void; // another part of time is shown
}

export interface TimelineView {
  draw(): void;
  destroy(): void;
  select(task: number): void;
  reveal(task: number): void;
  zoom(factor: number): void;
  pan(share: number): void;
  fit(): void;
  hit(x: number, y: number): number;
  window(): readonly [number, number];
  setWindow(fromNs: number, toNs: number): void;
}

type Band =
  | { kind: "workflow"; workflow: Workflow; y: number; height: number }
  | { kind: "row"; row: Row; label: string; y: number; height: number };

const axisHeight = 26;
const barHeight = 18;
const rowHeight = 20;
const headHeight = 22;
const inset = 10;
const shortestNs = 200;

export function timeline(host: HTMLElement, model: TimelineModel): TimelineView {
  const { tasks, endNs } = model;
  const lanes = lanesOf(tasks, endNs);
  const bands: Band[] = [];
  let total = 0;
  const push = (band: Band): void => {
    bands.push(band);
    total += band.height;
  };
  const order = model.workflows.map((_, i) => i).sort((a, b) => (model.workflows[a]?.start_s ?? 0) - (model.workflows[b]?.start_s ?? 0));
  for (const index of order) {
    const workflow = model.workflows[index] as Workflow;
    const own = lanes.filter((lane) => tasks.places[lane.place]?.workflow === index);
    push({ kind: "workflow", workflow, y: total, height: headHeight });
    for (const lane of own) {
      const place = tasks.places[lane.place];
      const name = own.length < 2 || !place ? "" : place.rank === null ? threadName(place) : `rank ${place.rank} · ${place.thread}`;
      lane.rows.forEach((row, depth) => {
        push({ kind: "row", row, label: depth === 0 ? name : "", y: total, height: rowHeight });
      });
    }
    total += 6;
  }
  const bandOf = new Int32Array(tasks.rows).fill(-1);
  bands.forEach((band, index) => {
    if (band.kind === "row") for (const task of band.row.tasks) bandOf[task] = index;
  });
  const rowBand = (task: number): (Band & { kind: "row" }) | null => {
    const band = bands[bandOf[task] ?? -1];
    return band?.kind === "row" ? band : null;
  };

  // The canvas sticks to the top of a scrolling box, so many lanes scroll as in any list.
  const scroller = element("div", { class: "timeline-scroll" });
  const spacer = element("div", { class: "timeline-spacer" });
  const pane = element("div", { class: "timeline-pane" });
  scroller.append(pane, spacer);
  host.append(scroller);
  const visible = Math.min(Math.max(total + axisHeight + 6, 160), 560);
  scroller.style.height = `${visible}px`;
  pane.style.height = `${visible}px`;
  spacer.style.height = `${Math.max(0, total + axisHeight + 6 - visible)}px`;

  let from = 0;
  let to = Math.max(endNs, 1);
  let selected = -1;
  let hovered = -1;
  const gutterOf = (width: number): number => (width < 700 ? 106 : 160);
  const rightPad = 10;
  const scaleOf = (width: number): Scale => linear(from, to, gutterOf(width), width - rightPad);
  let scrollTop = 0;

  const paintAxis = (c: CanvasRenderingContext2D, width: number, height: number, theme: Theme): void => {
    const x = scaleOf(width);
    const gutter = gutterOf(width);
    const { step, at } = timeTicks(from / 1e9, to / 1e9, Math.max(2, Math.floor((width - gutter) / 110)));
    c.fillStyle = theme.background;
    c.fillRect(0, 0, width, axisHeight);
    c.font = `11px ${theme.sans}`;
    c.textBaseline = "middle";
    c.textAlign = "left";
    c.fillStyle = theme.secondary;
    c.fillText("since start", inset, axisHeight / 2);
    c.strokeStyle = theme.grid;
    c.lineWidth = 1;
    c.beginPath();
    for (const seconds of at) {
      const px = crisp(x.px(seconds * 1e9));
      if (px < gutter - 1) continue;
      c.moveTo(px, axisHeight - 5);
      c.lineTo(px, height);
      const label = timeLabel(seconds, step);
      const half = c.measureText(label).width / 2;
      c.textAlign = px + half > width ? "right" : px - half < gutter ? "left" : "center";
      c.fillText(label, px, axisHeight / 2);
    }
    c.stroke();
    c.strokeStyle = theme.border;
    c.beginPath();
    c.moveTo(0, crisp(axisHeight - 1));
    c.lineTo(width, crisp(axisHeight - 1));
    c.stroke();
  };

  const paintHead = (c: CanvasRenderingContext2D, band: Band & { kind: "workflow" }, top: number, width: number, theme: Theme): void => {
    const x = scaleOf(width);
    const gutter = gutterOf(width);
    const middle = top + band.height / 2 + 1;
    const workflow = band.workflow;
    c.textBaseline = "middle";
    c.textAlign = "left";
    c.font = `600 12px ${theme.sans}`;
    c.fillStyle = theme.text;
    const glyph = workflow.status === "finished" ? "" : ` ${statusGlyph[workflow.status]}`;
    c.fillText(fitText(c, `${workflow.name}${glyph}`, gutter - inset - 10), inset, middle);
    const start = x.px(workflow.start_s * 1e9);
    const end = x.px(workflow.duration_s === null ? endNs : (workflow.start_s + workflow.duration_s) * 1e9);
    const [l, r] = [Math.max(gutter, start), Math.min(width - rightPad, end)];
    if (r < gutter || l > width - rightPad) return;
    c.strokeStyle = theme.faint;
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(l, crisp(middle));
    c.lineTo(Math.max(l + 1, r), crisp(middle));
    for (const edge of [start, end]) {
      if (edge < gutter || edge > width - rightPad + 1) continue;
      c.moveTo(crisp(edge), middle - 3);
      c.lineTo(crisp(edge), middle + 4);
    }
    c.stroke();
    c.font = `11px ${theme.sans}`;
    const words = duration(workflow.duration_s);
    const wide = c.measureText(words).width + 10;
    if (r - l > wide + 16) {
      c.fillStyle = theme.background;
      c.fillRect((l + r - wide) / 2, middle - 7, wide, 14);
      c.fillStyle = theme.secondary;
      c.textAlign = "center";
      c.fillText(words, (l + r) / 2, middle);
    }
  };

  const outline = (c: CanvasRenderingContext2D, task: number, width: number, weight: number, colour: string): void => {
    const band = rowBand(task);
    if (!band) return;
    const x = scaleOf(width);
    const gutter = gutterOf(width);
    const l = Math.max(gutter, x.px(tasks.startNs[task] as number));
    const r = Math.min(width - rightPad, x.px(endOf(tasks, task, endNs)));
    if (r < gutter || l > width) return;
    c.lineWidth = weight;
    c.strokeStyle = colour;
    c.strokeRect(l - 1.5, axisHeight + band.y - scrollTop - 0.5, Math.max(3, r - l + 2), barHeight + 2);
  };

  const view = surface(pane, model.summary, (c, width, height) => {
    const theme = model.theme();
    const x = scaleOf(width);
    const gutter = gutterOf(width);
    paintAxis(c, width, height, theme);
    c.save();
    c.beginPath();
    c.rect(0, axisHeight, width, height - axisHeight);
    c.clip();
    const painter = barPainter(c, { tasks, colourSlot: model.colourSlot, openEndNs: endNs, label: model.label }, theme);
    for (const band of bands) {
      const top = axisHeight + band.y - scrollTop;
      if (top > height || top + band.height < axisHeight) continue;
      if (band.kind === "workflow") {
        paintHead(c, band, top, width, theme);
        continue;
      }
      if (band.label) {
        c.font = `11px ${theme.sans}`;
        c.textAlign = "left";
        c.textBaseline = "middle";
        c.fillStyle = theme.secondary;
        c.fillText(fitText(c, band.label, gutter - inset - 18), inset + 10, top + rowHeight / 2);
      }
      painter.row(band.row, x, gutter, width - rightPad, top, barHeight);
    }
    if (hovered >= 0 && hovered !== selected) outline(c, hovered, width, 1, theme.text);
    if (selected >= 0) outline(c, selected, width, 2, theme.text);
    c.restore();
  });

  const clampWindow = (newFrom: number, newTo: number): void => {
    const all = Math.max(endNs, 1);
    const span = Math.min(Math.max(newTo - newFrom, shortestNs), all * 1.1);
    from = Math.min(Math.max(newFrom, -all * 0.05), all * 1.05 - span);
    to = from + span;
    view.request();
    model.onWindow?.(from, to);
  };
  const zoomAt = (atNs: number, factor: number): void => {
    clampWindow(atNs - (atNs - from) * factor, atNs + (to - atNs) * factor);
  };
  const hit = (px: number, py: number): number => {
    const width = view.width();
    if (px < gutterOf(width) || py < axisHeight) return -1;
    const y = py - axisHeight + scrollTop;
    const band = bands.find((b) => b.kind === "row" && y >= b.y && y < b.y + b.height);
    if (!band || band.kind !== "row") return -1;
    const x = scaleOf(width);
    return taskAt(tasks, band.row, x.value(px), (to - from) * (3 / width), endNs);
  };
  const reveal = (task: number): void => {
    if (task < 0) return;
    const start = tasks.startNs[task] as number;
    const end = endOf(tasks, task, endNs);
    if (end < from || start > to || end - start < (to - from) / 2000) {
      const room = Math.max(end - start, shortestNs) * 4;
      clampWindow(start - room, end + room);
    }
    const band = rowBand(task);
    if (band && (band.y < scrollTop || band.y + band.height > scrollTop + visible - axisHeight)) {
      scroller.scrollTop = Math.max(0, band.y - 60);
    }
    view.request();
  };

  const relatives = (task: number, key: string): number => {
    if (key === "ArrowUp") return tasks.parent[task] as number;
    if (key === "ArrowDown") return tasks.parent.indexOf(task);
    const row = rowBand(task)?.row;
    if (!row) return -1;
    const at = row.tasks.indexOf(task);
    return row.tasks[at + (key === "ArrowRight" ? 1 : -1)] ?? -1;
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      const next = selected < 0 ? (lanes[0]?.rows[0]?.tasks[0] ?? -1) : relatives(selected, event.key);
      if (next >= 0) {
        model.onSelect(next);
        reveal(next);
      }
    } else if (event.key === "Enter" && selected >= 0) {
      const start = tasks.startNs[selected] as number;
      const end = endOf(tasks, selected, endNs);
      clampWindow(start - (end - start) * 0.05, end + (end - start) * 0.05);
    }
  };
  let dragged: { x: number; from: number; to: number; moved: boolean } | null = null;
  const onMove = (event: PointerEvent): void => {
    if (dragged) {
      const shift = event.clientX - dragged.x;
      if (Math.abs(shift) > 3) dragged.moved = true;
      const x = scaleOf(view.width());
      const perPx = (dragged.to - dragged.from) / (x.px(to) - x.px(from));
      if (dragged.moved) clampWindow(dragged.from - shift * perPx, dragged.to - shift * perPx);
      hideTooltip();
      return;
    }
    const task = hit(event.offsetX, event.offsetY);
    if (task >= 0) showTooltip(event.clientX, event.clientY, model.describe(task));
    else hideTooltip();
    if (task !== hovered) {
      hovered = task;
      view.canvas.style.cursor = task >= 0 ? "pointer" : "grab";
      view.request();
    }
  };
  view.canvas.addEventListener("pointerdown", (event) => {
    dragged = { x: event.clientX, from, to, moved: false };
    view.canvas.setPointerCapture(event.pointerId);
  });
  view.canvas.addEventListener("pointermove", onMove);
  view.canvas.addEventListener("pointerup", (event) => {
    const moved = dragged?.moved ?? false;
    dragged = null;
    if (!moved) model.onSelect(hit(event.offsetX, event.offsetY));
  });
  view.canvas.addEventListener("pointerleave", () => {
    hideTooltip();
    hovered = -1;
    view.request();
  });
  view.canvas.addEventListener("dblclick", (event) => {
    const task = hit(event.offsetX, event.offsetY);
    if (task >= 0) clampWindow(tasks.startNs[task] as number, endOf(tasks, task, endNs));
  });
  view.canvas.addEventListener(
    "wheel",
    (event) => {
      // A bare wheel scrolls the page, as everywhere; with Ctrl or a pinch it zooms, with Shift pans.
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        zoomAt(scaleOf(view.width()).value(event.offsetX), Math.exp(event.deltaY * 0.003));
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        const shift = ((event.deltaX || event.deltaY) / view.width()) * (to - from);
        clampWindow(from + shift, to + shift);
      }
    },
    { passive: false },
  );
  view.canvas.addEventListener("keydown", onKey);
  scroller.addEventListener("scroll", () => {
    scrollTop = scroller.scrollTop;
    view.request();
  });

  return {
    draw: view.request,
    destroy() {
      view.destroy();
      scroller.remove();
    },
    select(task) {
      selected = task;
      view.request();
    },
    reveal,
    zoom: (factor) => zoomAt((from + to) / 2, factor),
    pan: (share) => clampWindow(from + (to - from) * share, to + (to - from) * share),
    setWindow: clampWindow,
    fit: () => clampWindow(0, Math.max(endNs, 1)),
    hit,
    window: () => [from, to],
  };
}

// On Linux the main thread has its process's number.
export function threadName(place: Place): string {
  return place.thread === String(place.pid) ? "main thread" : `thread ${place.thread}`;
}

export function statusWord(status: Status): string {
  return `${statusGlyph[status]} ${status}`;
}
