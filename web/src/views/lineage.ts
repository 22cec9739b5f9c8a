// What the best model was made from: objects round, tasks square, edges in the direction of the data.
import type { LineageEdge, LineageNode } from "../api/report.ts";
import type { Theme } from "./colour.ts";
import { fold, type Box, type Folded } from "./lineage_groups.ts";
import { layout, type Layout } from "./lineage_layout.ts";
import { grouped } from "./number.ts";
import { fitText, surface } from "./surface.ts";
import { hideTooltip, showTooltip, type TooltipText } from "./tooltip.ts";

export interface LineageModel {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
  readonly target: string;
  readonly summary: string;
  theme(): Theme;
  colourOf(node: LineageNode): string;
  describe(node: LineageNode): TooltipText;
  onSelect(id: string | null): void;
}

export interface LineageView {
  draw(): void;
  destroy(): void;
  select(id: string | null): void;
  fit(): void;
  zoom(factor: number): void;
  hit(x: number, y: number): Box | null;
}

const boxHeight = 42;
const tallest = 620;
const shortest = 210;
const smallestText = 0.8;

export function lineage(host: HTMLElement, model: LineageModel): LineageView {
  const opened = new Set<string>();
  let selected: string | null = null;
  let hovered: Box | null = null;
  let folded: Folded = fold(model.nodes, model.edges, model.target, opened);
  let placed: Layout | null = null;
  let flowsRight = true;
  let widths: number[] = [];
  let placedFor = 0;
  let scale = 1;
  let shiftX = 0;
  let shiftY = 0;

  const titleOf = (box: Box): string => (box.members.length > 1 ? `${grouped(box.members.length)} ${box.first.type}s` : box.first.label);
  const noteOf = (box: Box): string => {
    if (box.members.length > 1) return `${box.first.label} …`;
    return box.first.workflow ? `${box.first.type} · ${box.first.workflow}` : box.first.type;
  };

  const place = (c: CanvasRenderingContext2D, width: number): void => {
    const theme = model.theme();
    widths = folded.boxes.map((box) => {
      c.font = `600 12px ${theme.sans}`;
      const title = c.measureText(titleOf(box)).width;
      c.font = `11px ${theme.sans}`;
      return Math.ceil(Math.min(220, Math.max(84, title + 44, c.measureText(noteOf(box)).width + 44)));
    });
    const across = layout(
      folded.boxes.map((_, i) => ({ along: widths[i] as number, across: boxHeight })),
      folded.links,
      40,
      14,
    );
    const down = layout(
      folded.boxes.map((_, i) => ({ along: boxHeight, across: widths[i] as number })),
      folded.links,
      34,
      24,
    );
    // Left to right reads best; where it would be shrunk too far to read, top to bottom.
    const room = width - 32;
    flowsRight = across.along * smallestText <= room || down.across > room;
    placed = flowsRight ? across : down;
    placedFor = width;
    const [wide, high] = flowsRight ? [placed.along, placed.across] : [placed.across, placed.along];
    const wantedHeight = Math.min(tallest, Math.max(shortest, high * Math.min(1, room / wide) + 40));
    if (Math.abs(host.clientHeight - wantedHeight) > 1) host.style.height = `${wantedHeight}px`;
    scale = Math.max(0.35, Math.min(1, room / wide, (wantedHeight - 32) / high));
    shiftX = (width - wide * scale) / 2;
    shiftY = (wantedHeight - high * scale) / 2;
  };
  const centre = (index: number): [number, number] => {
    const at = placed?.nodes[index] ?? { along: 0, across: 0 };
    return flowsRight ? [at.along, at.across] : [at.across, at.along];
  };

  // Everything on a path to or from the marked box.
  const related = (of: Box | null): Set<number> | null => {
    const start = of ? folded.boxes.indexOf(of) : folded.boxes.findIndex((b) => b.members.some((m) => m.id === selected));
    if (start < 0) return null;
    const seen = new Set([start]);
    for (const forward of [true, false]) {
      const queue = [start];
      for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
        for (const link of folded.links) {
          const [from, to] = forward ? [link.from, link.to] : [link.to, link.from];
          if (from === at && !seen.has(to)) {
            seen.add(to);
            queue.push(to);
          }
        }
      }
    }
    return seen;
  };

  const paintLink = (c: CanvasRenderingContext2D, index: number, theme: Theme, strong: boolean): void => {
    const link = folded.links[index];
    if (!link || !placed) return;
    const [fx, fy] = centre(link.from);
    const [tx, ty] = centre(link.to);
    const halfFrom = flowsRight ? (widths[link.from] as number) / 2 : boxHeight / 2;
    const halfTo = flowsRight ? (widths[link.to] as number) / 2 : boxHeight / 2;
    const points: [number, number][] = flowsRight ? [[fx + halfFrom, fy]] : [[fx, fy + halfFrom]];
    for (const via of placed.routes[index] ?? []) points.push(flowsRight ? [via.along, via.across] : [via.across, via.along]);
    points.push(flowsRight ? [tx - halfTo - 5, ty] : [tx, ty - halfTo - 5]);
    c.beginPath();
    c.setLineDash(!link.exact ? [5, 4] : link.relation === "parent" ? [1.5, 3] : []);
    c.strokeStyle = strong ? theme.text : theme.faint;
    c.lineWidth = strong ? 1.6 : 1.1;
    const first = points[0] as [number, number];
    c.moveTo(first[0], first[1]);
    for (let i = 1; i < points.length; i++) {
      const [ax, ay] = points[i - 1] as [number, number];
      const [bx, by] = points[i] as [number, number];
      if (flowsRight) c.bezierCurveTo((ax + bx) / 2, ay, (ax + bx) / 2, by, bx, by);
      else c.bezierCurveTo(ax, (ay + by) / 2, bx, (ay + by) / 2, bx, by);
    }
    c.stroke();
    c.setLineDash([]);
    const [x, y] = points[points.length - 1] as [number, number];
    c.beginPath();
    if (flowsRight) {
      c.moveTo(x + 5, y);
      c.lineTo(x - 3, y - 4);
      c.lineTo(x - 3, y + 4);
    } else {
      c.moveTo(x, y + 5);
      c.lineTo(x - 4, y - 3);
      c.lineTo(x + 4, y - 3);
    }
    c.closePath();
    c.fillStyle = strong ? theme.text : theme.faint;
    c.fill();
  };

  const icon = (c: CanvasRenderingContext2D, type: string, x: number, y: number, colour: string): void => {
    c.strokeStyle = colour;
    c.fillStyle = colour;
    c.lineWidth = 1.4;
    c.beginPath();
    if (/model|checkpoint|weights/i.test(type)) {
      c.moveTo(x, y - 7);
      c.lineTo(x + 7, y);
      c.lineTo(x, y + 7);
      c.lineTo(x - 7, y);
      c.closePath();
      c.stroke();
      c.beginPath();
      c.arc(x, y, 1.8, 0, Math.PI * 2);
      c.fill();
    } else if (/data/i.test(type)) {
      for (const row of [-5, 0, 5]) c.rect(x - 6, y + row - 1.5, 12, 3);
      c.fill();
    } else {
      c.moveTo(x - 5, y - 7);
      c.lineTo(x + 2, y - 7);
      c.lineTo(x + 5, y - 4);
      c.lineTo(x + 5, y + 7);
      c.lineTo(x - 5, y + 7);
      c.closePath();
      c.stroke();
    }
  };

  const paintBox = (c: CanvasRenderingContext2D, index: number, theme: Theme, dim: boolean): void => {
    const box = folded.boxes[index];
    if (!box) return;
    const [x, y] = centre(index);
    const width = widths[index] as number;
    const left = x - width / 2;
    const top = y - boxHeight / 2;
    const isTask = box.first.kind !== "object";
    const isTarget = box.first.id === model.target;
    const marked = box === hovered || box.members.some((m) => m.id === selected);
    const shape = (inset: number): void => {
      c.beginPath();
      c.roundRect(left + inset, top + inset, width, boxHeight, isTask ? 3 : 14);
    };
    c.globalAlpha = dim ? 0.45 : 1;
    if (box.members.length > 1) {
      c.strokeStyle = theme.border;
      c.fillStyle = theme.surface;
      for (const inset of [6, 3]) {
        shape(inset);
        c.fill();
        c.stroke();
      }
    }
    shape(0);
    c.fillStyle = isTask ? theme.surface : theme.background;
    c.fill();
    c.lineWidth = marked || isTarget ? 2 : 1;
    c.strokeStyle = isTarget ? theme.accent : marked ? theme.text : theme.dark ? "#46506280" : "#B9C1CE";
    c.stroke();
    const colour = isTask ? model.colourOf(box.first) : isTarget ? theme.accent : theme.secondary;
    if (isTask) {
      c.save();
      shape(0);
      c.clip();
      c.fillStyle = colour;
      c.fillRect(left, top, 5, boxHeight);
      c.restore();
    } else {
      icon(c, box.first.type, left + 19, y, colour);
    }
    const textLeft = left + (isTask ? 14 : 34);
    const room = width - (isTask ? 22 : 44);
    c.textAlign = "left";
    c.textBaseline = "middle";
    c.font = `600 12px ${theme.sans}`;
    c.fillStyle = theme.text;
    c.fillText(fitText(c, titleOf(box), room), textLeft, y - 8);
    c.font = `11px ${theme.sans}`;
    c.fillStyle = theme.secondary;
    c.fillText(fitText(c, noteOf(box), room), textLeft, y + 9);
    c.globalAlpha = 1;
  };

  const view = surface(host, model.summary, (c, width) => {
    if (!placed || placedFor !== width) place(c, width);
    const theme = model.theme();
    c.save();
    c.translate(shiftX, shiftY);
    c.scale(scale, scale);
    const marked = related(hovered);
    folded.links.forEach((link, i) => {
      paintLink(c, i, theme, marked !== null && marked.has(link.from) && marked.has(link.to));
    });
    folded.boxes.forEach((_, i) => paintBox(c, i, theme, marked !== null && !marked.has(i)));
    c.restore();
  });

  const refold = (): void => {
    folded = fold(model.nodes, model.edges, model.target, opened);
    placed = null;
    hovered = null;
    view.request();
  };
  const hit = (px: number, py: number): Box | null => {
    const x = (px - shiftX) / scale;
    const y = (py - shiftY) / scale;
    const index = folded.boxes.findIndex((_, i) => {
      const [cx, cy] = centre(i);
      return Math.abs(x - cx) <= (widths[i] ?? 0) / 2 && Math.abs(y - cy) <= boxHeight / 2;
    });
    return folded.boxes[index] ?? null;
  };
  const choose = (box: Box | null): void => {
    if (box && box.members.length > 1) {
      opened.add(box.id);
      refold();
    }
    model.onSelect(box?.first.id ?? null);
  };
  const zoomAt = (x: number, y: number, factor: number): void => {
    const next = Math.min(3, Math.max(0.2, scale * factor));
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
      if (dragged.moved) {
        shiftX = dragged.shiftX + dx;
        shiftY = dragged.shiftY + dy;
        hideTooltip();
        view.request();
      }
      return;
    }
    const box = hit(event.offsetX, event.offsetY);
    if (box) {
      const text = model.describe(box.first);
      const more = box.members.length - 1;
      showTooltip(event.clientX, event.clientY, more > 0 ? { title: titleOf(box), lines: [["first", text.title], ["and", `${grouped(more)} more; click to open`]] } : text);
    } else hideTooltip();
    if (box !== hovered) {
      hovered = box;
      view.canvas.style.cursor = box ? "pointer" : "grab";
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
    hovered = null;
    view.request();
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
  // Arrows walk: with the flow to what was made, against it to what it was made from.
  view.canvas.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow") && event.key !== "Enter") return;
    event.preventDefault();
    const at = folded.boxes.findIndex((b) => b.members.some((m) => m.id === (selected ?? model.target)));
    if (at < 0) return;
    const box = folded.boxes[at] as Box;
    if (event.key === "Enter") return choose(box);
    const [forward, backward] = flowsRight ? ["ArrowRight", "ArrowLeft"] : ["ArrowDown", "ArrowUp"];
    let next = -1;
    if (event.key === forward) next = folded.links.find((l) => l.from === at)?.to ?? -1;
    else if (event.key === backward) next = folded.links.find((l) => l.to === at)?.from ?? -1;
    else {
      const peers = folded.boxes.map((_, i) => i).filter((i) => placed?.nodes[i]?.layer === placed?.nodes[at]?.layer);
      peers.sort((a, b) => (placed?.nodes[a]?.across ?? 0) - (placed?.nodes[b]?.across ?? 0));
      const step = event.key === "ArrowDown" || event.key === "ArrowRight" ? 1 : -1;
      next = peers[peers.indexOf(at) + step] ?? -1;
    }
    const found = folded.boxes[next];
    if (found) model.onSelect(found.first.id);
  });

  return {
    draw: view.request,
    destroy: view.destroy,
    hit,
    select(id) {
      selected = id;
      view.request();
    },
    fit() {
      opened.clear();
      refold();
    },
    zoom: (factor) => zoomAt(view.width() / 2, view.height() / 2, factor),
  };
}
