// A window of a timeline that the server has reduced to the screen's pixels: bars of single tasks and
// of many merged ones. A new window is asked for when the reader moves; until it comes, what is there
// is drawn at the new scale.
import type { Status } from "../api/report.ts";
import { statusGlyph, type Theme } from "./colour.ts";
import { element } from "./element.ts";
import { linear, timeLabel, timeTicks, type Scale } from "./scale.ts";
import { axisHeight, gutterOf, laneHeight, rightPad } from "./spans_frame.ts";
import { crisp, fitText, surface } from "./surface.ts";
import { barPainter } from "./timeline_paint.ts";
import { endOf, taskAt, type Row } from "./timeline_rows.ts";
import { hideTooltip, showTooltip, type TooltipText } from "./tooltip.ts";

export interface SpanLane {
  readonly label: string;
  readonly group: string; // lanes of one group stand under its name
}

export interface Spans {
  readonly lanes: readonly SpanLane[];
  readonly endNs: number; // of everything; open bars run to here
  readonly lane: ArrayLike<number>;
  readonly startNs: Float64Array;
  readonly durationNs: Float64Array; // NaN: open
  readonly slot: Uint32Array; // of the palette
  readonly status: readonly Status[]; // by bar
  readonly count: ArrayLike<number>;
  readonly id: readonly (string | null)[]; // null: several tasks
}

export interface SpansModel {
  readonly spans: Spans;
  readonly summary: string;
  theme(): Theme;
  palette(theme: Theme): readonly string[]; // eight
  label(bar: number): string;
  describe(bar: number): TooltipText;
  onSelect(id: string | null): void;
  onOpen(id: string): void;
  onWindow(fromNs: number, toNs: number, width: number): void;
}

export interface SpansView {
  draw(): void;
  destroy(): void;
  show(model: SpansModel): void;
  select(id: string | null): void;
  setWindow(fromNs: number, toNs: number): void;
  zoom(factor: number): void;
  pan(share: number): void;
  fit(): void;
  hit(x: number, y: number): number;
  window(): readonly [number, number];
}

type Band = { readonly y: number; readonly height: number; readonly text: string; readonly row: Row | null };

const barHeight = 16;
const headHeight = 20;
const shortestNs = 200;

export function bandsOf(spans: Spans): { bands: Band[]; height: number } {
  const members: number[][] = spans.lanes.map(() => []);
  for (let i = 0; i < spans.startNs.length; i++) members[spans.lane[i] as number]?.push(i);
  const bands: Band[] = [];
  let y = 0;
  let group = "";
  const groups = new Set(spans.lanes.map((lane) => lane.group)).size;
  spans.lanes.forEach((lane, i) => {
    if (lane.group !== group) {
      group = lane.group;
      if (groups > 1) {
        bands.push({ y, height: headHeight, text: group, row: null });
        y += headHeight;
      }
    }
    const own = members[i] as number[];
    const startOf = (at: number): number => spans.startNs[own[at] as number] as number;
    // The server gives them by start.
    if (own.some((_, at) => at > 0 && startOf(at) < startOf(at - 1))) own.sort((a, b) => (spans.startNs[a] as number) - (spans.startNs[b] as number));
    bands.push({ y, height: laneHeight, text: lane.label, row: { place: i, depth: 0, tasks: Int32Array.from(own) } });
    y += laneHeight;
  });
  return { bands, height: y };
}

export function spans(host: HTMLElement, first: SpansModel, tallest = 460): SpansView {
  let model = first;
  let { bands, height: total } = bandsOf(model.spans);
  const scroller = element("div", { class: "timeline-scroll" });
  const pane = element("div", { class: "timeline-pane" });
  const spacer = element("div");
  scroller.append(pane, spacer);
  host.append(scroller);
  let visible = 0;
  const size = (): void => {
    visible = Math.min(total + axisHeight + 8, tallest);
    scroller.style.height = `${visible}px`;
    pane.style.height = `${visible}px`;
    spacer.style.height = `${Math.max(0, total + axisHeight + 8 - visible)}px`;
  };
  size();
  let from = 0;
  let to = Math.max(model.spans.endNs, 1);
  let selected: string | null = null;
  let hovered = -1;
  let scrollTop = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const scaleOf = (width: number): Scale => linear(from, to, gutterOf(width), width - rightPad);

  const view = surface(pane, model.summary, (c, width, height) => {
    const theme = model.theme();
    const x = scaleOf(width);
    const gutter = gutterOf(width);
    const right = width - rightPad;
    const { step, at } = timeTicks(from / 1e9, to / 1e9, Math.max(2, Math.floor((width - gutter) / 110)));
    c.font = `11px ${theme.sans}`;
    c.textBaseline = "middle";
    c.fillStyle = theme.secondary;
    c.textAlign = "left";
    c.fillText("since start", 10, axisHeight / 2);
    c.strokeStyle = theme.grid;
    c.lineWidth = 1;
    c.beginPath();
    for (const seconds of at) {
      const px = crisp(x.px(seconds * 1e9));
      if (px < gutter - 1) continue;
      c.moveTo(px, axisHeight - 4);
      c.lineTo(px, height);
      const label = timeLabel(seconds, step);
      const half = c.measureText(label).width / 2;
      c.textAlign = px + half > width ? "right" : px - half < gutter ? "left" : "center";
      c.fillText(label, px, axisHeight / 2);
    }
    c.stroke();
    c.save();
    c.beginPath();
    c.rect(0, axisHeight, width, height - axisHeight);
    c.clip();
    const s = model.spans;
    const bars = { startNs: s.startNs, durationNs: s.durationNs, activity: s.slot, statusOf: (i: number) => s.status[i] ?? "finished" };
    const colours = { ...theme, activity: model.palette(theme) };
    const painter = barPainter(c, { tasks: bars, colourSlot: Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]), openEndNs: s.endNs, label: model.label }, colours);
    for (const band of bands) {
      const top = axisHeight + band.y - scrollTop;
      if (top > height || top + band.height < axisHeight) continue;
      c.font = `${band.row ? 400 : 600} 11px ${theme.sans}`;
      c.textAlign = "left";
      c.textBaseline = "middle";
      c.fillStyle = band.row ? theme.secondary : theme.text;
      if (band.text) c.fillText(fitText(c, band.text, gutter - 24), band.row ? 18 : 10, top + band.height / 2);
      if (band.row) painter.row(band.row, x, gutter, right, top + 1, barHeight);
    }
    const outline = (bar: number, weight: number): void => {
      const band = bands.find((one) => one.row?.place === s.lane[bar]);
      if (!band) return;
      const l = Math.max(gutter, x.px(s.startNs[bar] as number));
      const r = Math.min(right, x.px(endOf(s, bar, s.endNs)));
      if (r < gutter || l > right) return;
      c.lineWidth = weight;
      c.strokeStyle = theme.text;
      c.strokeRect(l - 1, axisHeight + band.y - scrollTop + 0.5, Math.max(3, r - l + 1), barHeight + 1);
    };
    if (hovered >= 0) outline(hovered, 1);
    if (selected) {
      const bar = s.id.indexOf(selected);
      if (bar >= 0) outline(bar, 2);
    }
    c.restore();
  });

  const told = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => model.onWindow(from, to, Math.round(view.width() - gutterOf(view.width()) - rightPad)), 120);
  };
  const clampWindow = (newFrom: number, newTo: number, quiet = false): void => {
    const all = Math.max(model.spans.endNs, 1);
    const wide = Math.min(Math.max(newTo - newFrom, shortestNs), all);
    from = Math.min(Math.max(newFrom, 0), all - wide);
    to = from + wide;
    view.request();
    if (!quiet) told();
  };
  const zoomAt = (atNs: number, factor: number): void => clampWindow(atNs - (atNs - from) * factor, atNs + (to - atNs) * factor);
  const bandAt = (py: number): Band | undefined => bands.find((b) => b.row && py - axisHeight + scrollTop >= b.y && py - axisHeight + scrollTop < b.y + b.height);
  const hit = (px: number, py: number): number => {
    const width = view.width();
    if (px < gutterOf(width) || py < axisHeight) return -1;
    const band = bandAt(py);
    if (!band?.row) return -1;
    return taskAt(model.spans, band.row, scaleOf(width).value(px), (to - from) * (3 / width), model.spans.endNs);
  };
  // A bar of many tasks is opened by looking closer; one of a single task is chosen.
  const choose = (bar: number): void => {
    if (bar < 0) return model.onSelect(null);
    const id = model.spans.id[bar];
    if (id) return model.onSelect(id);
    const start = model.spans.startNs[bar] as number;
    const end = endOf(model.spans, bar, model.spans.endNs);
    const room = (end - start) * 0.5 + (to - from) / 400;
    clampWindow(start - room, end + room);
  };

  let dragged: { x: number; from: number; to: number; moved: boolean } | null = null;
  view.canvas.addEventListener("pointerdown", (event) => {
    dragged = { x: event.clientX, from, to, moved: false };
    view.canvas.setPointerCapture(event.pointerId);
  });
  view.canvas.addEventListener("pointermove", (event) => {
    if (dragged) {
      const shift = event.clientX - dragged.x;
      if (Math.abs(shift) > 3) dragged.moved = true;
      const width = view.width();
      const perPx = (dragged.to - dragged.from) / (width - rightPad - gutterOf(width));
      if (dragged.moved) clampWindow(dragged.from - shift * perPx, dragged.to - shift * perPx);
      hideTooltip();
      return;
    }
    const bar = hit(event.offsetX, event.offsetY);
    if (bar >= 0) showTooltip(event.clientX, event.clientY, model.describe(bar));
    else hideTooltip();
    if (bar !== hovered) {
      hovered = bar;
      view.canvas.style.cursor = bar >= 0 ? "pointer" : "grab";
      view.request();
    }
  });
  view.canvas.addEventListener("pointerup", (event) => {
    const moved = dragged?.moved ?? false;
    dragged = null;
    if (!moved) choose(hit(event.offsetX, event.offsetY));
  });
  view.canvas.addEventListener("pointerleave", () => {
    hideTooltip();
    hovered = -1;
    view.request();
  });
  view.canvas.addEventListener("dblclick", (event) => {
    const id = model.spans.id[hit(event.offsetX, event.offsetY)];
    if (id) model.onOpen(id);
  });
  view.canvas.addEventListener(
    "wheel",
    (event) => {
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
  view.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Readonly<Record<string, () => void>> = {
      w: () => zoomAt((from + to) / 2, 1 / 1.4),
      s: () => zoomAt((from + to) / 2, 1.4),
      a: () => clampWindow(from - (to - from) * 0.2, to - (to - from) * 0.2),
      d: () => clampWindow(from + (to - from) * 0.2, to + (to - from) * 0.2),
    };
    const act = acts[event.key];
    const chosen = selected ? model.spans.id.indexOf(selected) : -1;
    if (act) act();
    else if (event.key === "Enter" && selected) model.onOpen(selected);
    else if (event.key.startsWith("Arrow")) {
      const rows = bands.flatMap((band) => (band.row && band.row.tasks.length > 0 ? [band.row] : []));
      const at = rows.findIndex((row) => row.place === model.spans.lane[chosen]);
      const row = rows[Math.max(0, at + (event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0))];
      if (!row) return;
      let next = row.tasks[0] ?? -1;
      if (chosen >= 0 && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
        const way = event.key === "ArrowRight" ? 1 : -1;
        let i = row.tasks.indexOf(chosen) + way;
        while (i >= 0 && i < row.tasks.length && model.spans.id[row.tasks[i] as number] === null) i += way;
        next = row.tasks[i] ?? chosen;
      } else if (chosen >= 0) next = taskAt(model.spans, row, model.spans.startNs[chosen] as number, Infinity, model.spans.endNs);
      const id = model.spans.id[next];
      if (id) model.onSelect(id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  scroller.addEventListener("scroll", () => {
    scrollTop = scroller.scrollTop;
    view.request();
  });
  // The first window's width is known once the canvas is laid out.
  requestAnimationFrame(told);

  return {
    draw: view.request,
    destroy() {
      clearTimeout(timer);
      hideTooltip();
      view.destroy();
      scroller.remove();
    },
    show(next) {
      const grew = to >= model.spans.endNs && next.spans.endNs > model.spans.endNs;
      const whole = from <= 0;
      model = next;
      ({ bands, height: total } = bandsOf(model.spans));
      size();
      hovered = -1;
      view.canvas.setAttribute("aria-label", model.summary);
      // Who looks at all of it goes on seeing all of it as it grows.
      if (grew) to = whole ? model.spans.endNs : to;
      view.request();
    },
    select(id) {
      selected = id;
      view.request();
    },
    setWindow: (a, b) => clampWindow(a, b, true),
    zoom: (factor) => zoomAt((from + to) / 2, factor),
    pan: (share) => clampWindow(from + (to - from) * share, to + (to - from) * share),
    fit: () => clampWindow(0, model.spans.endNs),
    hit,
    window: () => [from, to],
  };
}

export function glyphOf(status: Status): string {
  return `${statusGlyph[status]} ${status}`;
}
