// A graph of activities, waves or tasks that the server has laid out: pan, zoom, the way that data go
// through the marked node, failures as a red share of the box.
import type { GraphEdge, GraphNode } from "../api/answers.ts";
import { statusGlyph, type Theme } from "./colour.ts";
import { grouped } from "./number.ts";
import { fitText, surface } from "./surface.ts";
import { hideTooltip, showTooltip, type TooltipText } from "./tooltip.ts";

export interface GraphModel {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly summary: string;
  theme(): Theme;
  colour(node: GraphNode): string;
  note(node: GraphNode): string;
  describe(node: GraphNode): TooltipText;
  onSelect(node: GraphNode | null): void;
  onOpen(node: GraphNode): void;
}

export interface GraphView {
  draw(): void;
  destroy(): void;
  show(model: GraphModel): void;
  select(id: string | null): void;
  fit(): void;
  zoom(factor: number): void;
  hit(x: number, y: number): GraphNode | null;
}

const cell = { across: 206, down: 62 };
const box = { wide: 150, high: 42 };
const readable = 0.45;
const few = 24;
const legible = 0.7;
const shortest = 170;
const shortestOfMany = 320; // room to look closer
const tallest = 520;

export function graph(host: HTMLElement, first: GraphModel): GraphView {
  let model = first;
  let selected: string | null = null;
  let hovered = -1;
  let scale = 0;
  let shiftX = 0;
  let shiftY = 0;
  const centre = (node: GraphNode): [number, number] => [node.x * cell.across, node.y * cell.down];

  const fitTo = (width: number): void => {
    let [l, r, t, b] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const node of model.nodes) {
      const [x, y] = centre(node);
      [l, r, t, b] = [Math.min(l, x), Math.max(r, x), Math.min(t, y), Math.max(b, y)];
    }
    if (l > r) return;
    const [wide, high] = [r - l + box.wide + 32, b - t + box.high + 32];
    // A few boxes keep their words in a narrow window: it begins at their left, and the rest is dragged in.
    const least = model.nodes.length <= few ? legible : 0.02;
    const fitting = Math.max(least, Math.min(1.15, width / wide));
    const height = Math.round(Math.max(model.nodes.length > 200 ? shortestOfMany : shortest, Math.min(tallest, high * fitting)));
    host.style.height = `${height}px`;
    scale = Math.max(least, Math.min(fitting, height / high));
    shiftX = wide * scale > width + 1 ? 16 - (l - box.wide / 2) * scale : width / 2 - ((l + r) / 2) * scale;
    shiftY = height / 2 - ((t + b) / 2) * scale;
  };
  const related = (): Set<number> | null => {
    const start = hovered >= 0 ? hovered : model.nodes.findIndex((node) => node.id === selected);
    if (start < 0) return null;
    const seen = new Set([start]);
    for (const forward of [true, false]) {
      const next = new Map<number, number[]>();
      for (const edge of model.edges) {
        const [a, b] = forward ? [edge.from, edge.to] : [edge.to, edge.from];
        next.set(a, [...(next.get(a) ?? []), b]);
      }
      const queue = [start];
      for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
        for (const to of next.get(at) ?? []) {
          if (seen.has(to)) continue;
          seen.add(to);
          queue.push(to);
        }
      }
    }
    return seen;
  };

  const view = surface(host, model.summary, (c, width, height) => {
    const theme = model.theme();
    if (scale === 0) fitTo(width);
    const marked = model.nodes.length <= 3000 ? related() : null;
    const words = scale >= readable;
    c.save();
    c.translate(shiftX, shiftY);
    c.scale(scale, scale);
    const inSight = (x: number, y: number): boolean => {
      const [px, py] = [x * scale + shiftX, y * scale + shiftY];
      return px > -box.wide && px < width + box.wide && py > -box.high && py < height + box.high;
    };
    // Zoomed far out one edge in a few is enough to see where they run.
    const every = words ? 1 : Math.max(1, Math.floor(model.edges.length / 20_000));
    for (const strong of [false, true]) {
      if (strong && marked === null) break;
      for (const [relation, exact] of [["parent", true], ["data", true], ["data", false]] as const) {
        c.beginPath();
        for (let i = 0; i < model.edges.length; i += every) {
          const edge = model.edges[i] as GraphEdge;
          if ((edge.relation === "parent") !== (relation === "parent") || (relation === "data" && edge.exact !== exact) || strong !== (marked !== null && marked.has(edge.from) && marked.has(edge.to))) continue;
          const [a, b] = [model.nodes[edge.from], model.nodes[edge.to]];
          if (!a || !b) continue;
          const [ax, ay] = centre(a);
          const [bx, by] = centre(b);
          if (!inSight(ax, ay) && !inSight(bx, by)) continue;
          const [fromX, toX] = [ax + box.wide / 2, bx - box.wide / 2 - 4];
          c.moveTo(fromX, ay);
          if (words) {
            c.bezierCurveTo((fromX + toX) / 2, ay, (fromX + toX) / 2, by, toX, by);
            if (relation === "parent") continue;
            c.moveTo(toX + 4, by);
            c.lineTo(toX - 4, by - 4);
            c.moveTo(toX + 4, by);
            c.lineTo(toX - 4, by + 4);
          } else c.lineTo(toX, by);
        }
        c.setLineDash(relation === "parent" ? [1.5, 3] : exact ? [] : [5, 4]);
        c.strokeStyle = strong ? theme.text : theme.faint;
        c.lineWidth = (strong ? 1.8 : 1.1) / Math.max(scale, 0.4);
        c.stroke();
      }
    }
    c.setLineDash([]);
    if (words) {
      c.font = `11px ${theme.sans}`;
      c.textAlign = "center";
      c.textBaseline = "bottom";
      for (const edge of model.edges) {
        const [a, b] = [model.nodes[edge.from], model.nodes[edge.to]];
        if (!a || !b || edge.count < 2 || edge.relation === "parent" || model.edges.length > 200) continue;
        const [ax, ay] = centre(a);
        const [bx, by] = centre(b);
        if (bx - ax < cell.across * 0.9) continue;
        c.fillStyle = theme.secondary;
        if (bx - ax < cell.across * 1.1) c.fillText(`×${grouped(edge.count)}`, (ax + bx) / 2, (ay + by) / 2 - 2);
      }
    }
    const failures: [number, number][] = [];
    model.nodes.forEach((node, i) => {
      const [x, y] = centre(node);
      if (!inSight(x, y)) return;
      const dim = marked !== null && !marked.has(i);
      const [left, top] = [x - box.wide / 2, y - box.high / 2];
      const failed = (node.statuses.failed ?? 0) + (node.statuses.lost ?? 0);
      const running = (node.statuses.running ?? 0) + (node.statuses.pending ?? 0);
      const colour = model.colour(node);
      c.globalAlpha = dim ? 0.35 : 1;
      if (!words) {
        if (failed > 0) failures.push([left, y]);
        c.fillStyle = colour;
        c.fillRect(left, top, box.wide, box.high);
        c.globalAlpha = 1;
        return;
      }
      c.beginPath();
      c.roundRect(left, top, box.wide, box.high, 4);
      c.fillStyle = theme.surface;
      c.fill();
      c.setLineDash(running > 0 ? [4, 3] : []);
      c.strokeStyle = node.id === selected || i === hovered ? theme.text : theme.border;
      c.lineWidth = node.id === selected ? 2 : 1.2;
      c.stroke();
      c.setLineDash([]);
      c.fillStyle = colour;
      c.fillRect(left, top + 4, 4, box.high - 8);
      if (failed > 0) {
        c.fillStyle = theme.status.failed;
        c.fillRect(left + 4, top + box.high - 4, (box.wide - 8) * Math.max(0.06, failed / Math.max(1, node.tasks)), 3);
      }
      c.textAlign = "left";
      c.textBaseline = "middle";
      c.font = `600 12px ${theme.sans}`;
      c.fillStyle = theme.text;
      const mark = failed > 0 ? `${statusGlyph.failed}${failed > 1 ? failed : ""} ` : running > 0 ? `${statusGlyph.running} ` : "";
      c.fillText(fitText(c, mark + node.label, box.wide - 22), left + 13, y - 8);
      c.font = `11px ${theme.sans}`;
      c.fillStyle = theme.secondary;
      c.fillText(fitText(c, model.note(node), box.wide - 22), left + 13, y + 9);
      c.globalAlpha = 1;
    });
    // However far away, a failure stays three pixels high, over what stands beside it.
    c.fillStyle = theme.status.failed;
    for (const [left, y] of failures) c.fillRect(left, y - Math.max(box.high, 3 / scale) / 2, box.wide, Math.max(box.high, 3 / scale));
    c.restore();
  });

  const hitAt = (px: number, py: number): number => {
    const [x, y] = [(px - shiftX) / scale, (py - shiftY) / scale];
    return model.nodes.findIndex((node) => {
      const [cx, cy] = centre(node);
      return Math.abs(x - cx) <= box.wide / 2 && Math.abs(y - cy) <= box.high / 2;
    });
  };
  const zoomAt = (x: number, y: number, factor: number): void => {
    const next = Math.min(3, Math.max(0.01, scale * factor));
    shiftX = x - ((x - shiftX) / scale) * next;
    shiftY = y - ((y - shiftY) / scale) * next;
    scale = next;
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
      hideTooltip();
      view.request();
      return;
    }
    const at = hitAt(event.offsetX, event.offsetY);
    const node = model.nodes[at];
    if (node) showTooltip(event.clientX, event.clientY, model.describe(node));
    else hideTooltip();
    if (at === hovered) return;
    hovered = at;
    view.canvas.style.cursor = node ? "pointer" : "grab";
    view.request();
  });
  view.canvas.addEventListener("pointerup", (event) => {
    const moved = dragged?.moved ?? false;
    dragged = null;
    if (!moved) model.onSelect(model.nodes[hitAt(event.offsetX, event.offsetY)] ?? null);
  });
  view.canvas.addEventListener("pointerleave", () => {
    hideTooltip();
    hovered = -1;
    view.request();
  });
  view.canvas.addEventListener("dblclick", (event) => {
    const node = model.nodes[hitAt(event.offsetX, event.offsetY)];
    if (node) model.onOpen(node);
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
    const at = model.nodes.findIndex((node) => node.id === selected);
    let next = -1;
    if (event.key === "Enter" && at >= 0) model.onOpen(model.nodes[at] as GraphNode);
    else if (!event.key.startsWith("Arrow")) return;
    else if (at < 0) next = 0;
    else if (event.key === "ArrowRight") next = model.edges.find((edge) => edge.from === at)?.to ?? -1;
    else if (event.key === "ArrowLeft") next = model.edges.find((edge) => edge.to === at)?.from ?? -1;
    else {
      const here = model.nodes[at] as GraphNode;
      const way = event.key === "ArrowDown" ? 1 : -1;
      let least = Infinity;
      model.nodes.forEach((node, i) => {
        const gap = (node.y - here.y) * way;
        if (gap > 0 && Math.abs(node.x - here.x) < 0.6 && gap < least) [least, next] = [gap, i];
      });
    }
    event.preventDefault();
    event.stopPropagation();
    const node = model.nodes[next];
    if (node) model.onSelect(node);
  });
  return {
    draw: view.request,
    destroy() {
      hideTooltip();
      view.destroy();
    },
    show(next) {
      // The picture stays where it is while it fills; another graph is shown whole.
      if (next.nodes.length !== model.nodes.length || next.nodes[0]?.id !== model.nodes[0]?.id) scale = 0;
      model = next;
      hovered = -1;
      view.canvas.setAttribute("aria-label", model.summary);
      view.request();
    },
    select(id) {
      selected = id;
      view.request();
    },
    fit() {
      scale = 0;
      view.request();
    },
    zoom: (factor) => zoomAt(view.width() / 2, view.height() / 2, factor),
    hit: (x, y) => model.nodes[hitAt(x, y)] ?? null,
  };
}
