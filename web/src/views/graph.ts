// A graph of activities, waves or tasks that the server has laid out: pan, zoom, the way that data go
// through the marked node, failures as a red share of the box.
import type { Theme } from "./colour.ts";
import { paintGraph, type Words } from "./graph_paint.ts";
import { box, type GraphShape } from "./graph_shape.ts";
import { surface } from "./surface.ts";
import { hideTooltip, showTooltip, type TooltipText } from "./tooltip.ts";

// Boxes by their numbers in the shape.
export interface GraphModel extends Words {
  readonly shape: GraphShape;
  readonly summary: string;
  theme(): Theme;
  describe(i: number): TooltipText;
  onSelect(i: number | null): void;
  onOpen(i: number): void;
}

export interface GraphView {
  draw(): void;
  destroy(): void;
  show(model: GraphModel): void;
  select(id: string | null): void;
  fit(): void;
  zoom(factor: number): void;
  hit(x: number, y: number): string | null; // id
}

const few = 24;
const many = 200;
const legible = 0.7;
const shortest = 170;
const shortestOfMany = 320; // room to look closer
const tallest = 520;

export function graph(host: HTMLElement, first: GraphModel): GraphView {
  let model = first;
  let selected: string | null = null;
  let selectedAt = -1;
  let hovered = -1;
  let scale = 0;
  let shiftX = 0;
  let shiftY = 0;
  let isReaders = false; // moved by hand: it stays so while the graph grows

  const fitTo = (width: number): void => {
    const { size, bounds } = model.shape;
    if (size === 0) return;
    const [wide, high] = [bounds.right - bounds.left + box.wide + 32, bounds.bottom - bounds.top + box.high + 32];
    // A few boxes keep their words in a narrow window: it begins at their left, and the rest is dragged in.
    const least = size <= few ? legible : 0.02;
    const fitting = Math.max(least, Math.min(1.15, width / wide));
    const height = Math.round(Math.max(size > many ? shortestOfMany : shortest, Math.min(tallest, high * fitting)));
    host.style.height = `${height}px`;
    scale = Math.max(least, Math.min(fitting, height / high));
    shiftX = wide * scale > width + 1 ? 16 - (bounds.left - box.wide / 2) * scale : width / 2 - ((bounds.left + bounds.right) / 2) * scale;
    shiftY = height / 2 - ((bounds.top + bounds.bottom) / 2) * scale;
  };

  // Before the canvas is there, for it to be drawn at once in its size.
  if (host.clientWidth > 0) fitTo(host.clientWidth);
  const view = surface(host, model.summary, (c, width, height) => {
    if (scale === 0) fitTo(width);
    const start = hovered >= 0 ? hovered : selectedAt;
    const related = start >= 0 ? model.shape.related(start) : null;
    paintGraph(c, model.shape, model.theme(), model, { scale, shiftX, shiftY, width, height }, { selected: selectedAt, hovered, related });
  });

  const hitAt = (px: number, py: number): number => model.shape.at((px - shiftX) / scale, (py - shiftY) / scale);
  const find = (): void => {
    selectedAt = selected === null ? -1 : model.shape.graph.id.indexOf(selected);
  };
  const zoomAt = (x: number, y: number, factor: number): void => {
    const next = Math.min(3, Math.max(0.01, scale * factor));
    shiftX = x - ((x - shiftX) / scale) * next;
    shiftY = y - ((y - shiftY) / scale) * next;
    scale = next;
    isReaders = true;
    view.request();
  };
  let dragged: { x: number; y: number; shiftX: number; shiftY: number; moved: boolean } | null = null;
  view.canvas.addEventListener("pointerdown", (event) => {
    dragged = { x: event.clientX, y: event.clientY, shiftX, shiftY, moved: false };
    view.canvas.setPointerCapture(event.pointerId);
  });
  view.canvas.addEventListener("pointermove", (event) => {
    if (dragged) {
      const [dx, dy] = [event.clientX - dragged.x, event.clientY - dragged.y];
      if (Math.abs(dx) + Math.abs(dy) > 3) dragged.moved = true;
      if (!dragged.moved) return;
      [shiftX, shiftY] = [dragged.shiftX + dx, dragged.shiftY + dy];
      isReaders = true;
      hideTooltip();
      view.request();
      return;
    }
    const at = hitAt(event.offsetX, event.offsetY);
    if (at >= 0) showTooltip(event.clientX, event.clientY, model.describe(at));
    else hideTooltip();
    if (at === hovered) return;
    hovered = at;
    view.canvas.style.cursor = at >= 0 ? "pointer" : "grab";
    view.request();
  });
  view.canvas.addEventListener("pointerup", (event) => {
    const moved = dragged?.moved ?? false;
    dragged = null;
    if (moved) return;
    const at = hitAt(event.offsetX, event.offsetY);
    model.onSelect(at >= 0 ? at : null);
  });
  view.canvas.addEventListener("pointerleave", () => {
    hideTooltip();
    hovered = -1;
    view.request();
  });
  view.canvas.addEventListener("dblclick", (event) => {
    const at = hitAt(event.offsetX, event.offsetY);
    if (at >= 0) model.onOpen(at);
  });
  view.canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomAt(event.offsetX, event.offsetY, Math.exp(-event.deltaY * 0.003));
    },
    { passive: false },
  );
  view.canvas.addEventListener("keydown", (event) => {
    const { shape } = model;
    const { x, y, from, to } = shape.graph;
    const at = selectedAt;
    let next = -1;
    if (event.key === "Enter" && at >= 0) model.onOpen(at);
    else if (!event.key.startsWith("Arrow")) return;
    else if (at < 0) next = 0;
    else if (event.key === "ArrowRight") next = to[shape.outOf(at)[0] ?? -1] ?? -1;
    else if (event.key === "ArrowLeft") next = from[shape.into(at)[0] ?? -1] ?? -1;
    else {
      const way = event.key === "ArrowDown" ? 1 : -1;
      let least = Infinity;
      for (let i = 0; i < shape.size; i++) {
        const gap = ((y[i] as number) - (y[at] as number)) * way;
        if (gap > 0 && Math.abs((x[i] as number) - (x[at] as number)) < 0.6 && gap < least) [least, next] = [gap, i];
      }
    }
    event.preventDefault();
    event.stopPropagation();
    if (next >= 0 && next < shape.size) model.onSelect(next);
  });
  return {
    draw: view.request,
    destroy() {
      hideTooltip();
      view.destroy();
    },
    show(next) {
      // Another graph is shown whole, and one that grows as long as nobody looks closer.
      if (next.shape.graph.id[0] !== model.shape.graph.id[0]) isReaders = false;
      if (!isReaders && (next.shape.size !== model.shape.size || next.shape.graph.id[0] !== model.shape.graph.id[0])) scale = 0;
      model = next;
      hovered = -1;
      find();
      view.canvas.setAttribute("aria-label", model.summary);
      view.request();
    },
    select(id) {
      selected = id;
      find();
      view.request();
    },
    fit() {
      scale = 0;
      isReaders = false;
      view.request();
    },
    zoom: (factor) => zoomAt(view.width() / 2, view.height() / 2, factor),
    hit: (x, y) => model.shape.graph.id[hitAt(x, y)] ?? null,
  };
}
