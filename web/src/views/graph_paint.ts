// Draws a graph at any zoom: boxes with their words where these can be read, else bare boxes, all of
// one colour at once; however far away, a failure stays three pixels high.
import { statusGlyph, type Theme } from "./colour.ts";
import { box, cell, flow, type GraphShape } from "./graph_shape.ts";
import { grouped } from "./number.ts";
import { fitText } from "./surface.ts";

export interface Sight {
  readonly scale: number;
  readonly shiftX: number;
  readonly shiftY: number;
  readonly width: number;
  readonly height: number;
}

export interface Marks {
  readonly selected: number; // -1: none
  readonly hovered: number;
  readonly related: Uint8Array | null; // the rest is dimmed
}

export interface Words {
  label(i: number): string;
  note(i: number): string;
}

export const readable = 0.45;
const leastFailure = 3;
const mostCounted = 200; // edges, beyond which no numbers stand on them

function paintEdges(c: CanvasRenderingContext2D, shape: GraphShape, theme: Theme, sight: Sight, inSight: Uint8Array, related: Uint8Array | null): void {
  const { from, to } = shape.graph;
  const words = sight.scale >= readable;
  // Zoomed far out one edge in a few is enough to see where they run.
  const every = words ? 1 : Math.max(1, Math.floor(shape.edges / 20_000));
  for (const strong of related ? [false, true] : [false]) {
    for (const kind of [flow.parent, flow.captured, flow.inferred]) {
      c.setLineDash(kind === flow.parent ? [1.5, 3] : kind === flow.inferred ? [5, 4] : []);
      c.strokeStyle = strong ? theme.text : theme.faint;
      c.lineWidth = (strong ? 1.8 : 1.1) / Math.max(sight.scale, 0.4);
      c.beginPath();
      for (let at = shape.byFlow.first[kind] as number; at < (shape.byFlow.first[kind + 1] as number); at += every) {
        const edge = shape.byFlow.order[at] as number;
        const [a, b] = [from[edge] as number, to[edge] as number];
        if (!inSight[a] && !inSight[b]) continue;
        if (related && strong !== (related[a] === 1 && related[b] === 1)) continue;
        const [ay, by] = [shape.down(a), shape.down(b)];
        const [fromX, toX] = [shape.across(a) + box.wide / 2, shape.across(b) - box.wide / 2 - 4];
        c.moveTo(fromX, ay);
        if (words) {
          c.bezierCurveTo((fromX + toX) / 2, ay, (fromX + toX) / 2, by, toX, by);
          if (kind !== flow.parent) {
            c.moveTo(toX + 4, by);
            c.lineTo(toX - 4, by - 4);
            c.moveTo(toX + 4, by);
            c.lineTo(toX - 4, by + 4);
          }
        } else c.lineTo(toX, by);
      }
      c.stroke();
    }
  }
  c.setLineDash([]);
}

function paintCounts(c: CanvasRenderingContext2D, shape: GraphShape, theme: Theme): void {
  const { from, to, count } = shape.graph;
  if (shape.edges > mostCounted) return;
  c.font = `11px ${theme.sans}`;
  c.textAlign = "center";
  c.textBaseline = "bottom";
  c.fillStyle = theme.secondary;
  for (let edge = 0; edge < shape.edges; edge++) {
    const [a, b] = [from[edge] as number, to[edge] as number];
    const gap = shape.across(b) - shape.across(a);
    if ((count[edge] as number) < 2 || shape.graph.flow[edge] === flow.parent || gap < cell.across * 0.9 || gap >= cell.across * 1.1) continue;
    c.fillText(`×${grouped(count[edge] as number)}`, (shape.across(a) + shape.across(b)) / 2, (shape.down(a) + shape.down(b)) / 2 - 2);
  }
}

function paintBare(c: CanvasRenderingContext2D, shape: GraphShape, theme: Theme, scale: number, inSight: Uint8Array, related: Uint8Array | null): void {
  const { failed } = shape.graph;
  for (const dim of related ? [true, false] : [false]) {
    c.globalAlpha = dim ? 0.35 : 1;
    for (let slot = 0; slot < theme.activity.length; slot++) {
      const [first, past] = [shape.bySlot.first[slot] as number, shape.bySlot.first[slot + 1] as number];
      if (first === past) continue;
      c.fillStyle = theme.activity[slot] as string;
      for (let at = first; at < past; at++) {
        const i = shape.bySlot.order[at] as number;
        if (!inSight[i] || (related && dim === (related[i] === 1))) continue;
        c.fillRect(shape.across(i) - box.wide / 2, shape.down(i) - box.high / 2, box.wide, box.high);
      }
    }
    // Over what stands beside it, and set off from that: colours of activities are as strong as that of a failure.
    const broken: number[] = [];
    for (let i = 0; i < shape.size; i++) if ((failed[i] as number) > 0 && inSight[i] && !(related && dim === (related[i] === 1))) broken.push(i);
    const high = Math.max(box.high, leastFailure / scale);
    for (const [colour, around] of [[theme.surface, 1 / scale], [theme.status.failed, 0]] as const) {
      c.fillStyle = colour;
      for (const i of broken) c.fillRect(shape.across(i) - box.wide / 2 - around, shape.down(i) - high / 2 - around, box.wide + 2 * around, high + 2 * around);
    }
  }
  c.globalAlpha = 1;
}

function paintBox(c: CanvasRenderingContext2D, shape: GraphShape, theme: Theme, words: Words, marks: Marks, i: number): void {
  const { graph } = shape;
  const [left, top, y] = [shape.across(i) - box.wide / 2, shape.down(i) - box.high / 2, shape.down(i)];
  const [failed, running] = [graph.failed[i] as number, graph.running[i] as number];
  c.beginPath();
  c.roundRect(left, top, box.wide, box.high, 4);
  c.fillStyle = theme.surface;
  c.fill();
  c.setLineDash(running > 0 ? [4, 3] : []);
  c.strokeStyle = i === marks.selected || i === marks.hovered ? theme.text : theme.border;
  c.lineWidth = i === marks.selected ? 2 : 1.2;
  c.stroke();
  c.setLineDash([]);
  c.fillStyle = theme.activity[graph.slot[i] as number] as string;
  c.fillRect(left, top + 4, 4, box.high - 8);
  if (failed > 0) {
    c.fillStyle = theme.status.failed;
    c.fillRect(left + 4, top + box.high - 4, (box.wide - 8) * Math.max(0.06, failed / Math.max(1, graph.tasks[i] as number)), 3);
  }
  c.textAlign = "left";
  c.textBaseline = "middle";
  c.font = `600 12px ${theme.sans}`;
  c.fillStyle = theme.text;
  const mark = failed > 0 ? `${statusGlyph.failed}${failed > 1 ? failed : ""} ` : running > 0 ? `${statusGlyph.running} ` : "";
  c.fillText(fitText(c, mark + words.label(i), box.wide - 22), left + 13, y - 8);
  c.font = `11px ${theme.sans}`;
  c.fillStyle = theme.secondary;
  c.fillText(fitText(c, words.note(i), box.wide - 22), left + 13, y + 9);
}

export function paintGraph(c: CanvasRenderingContext2D, shape: GraphShape, theme: Theme, words: Words, sight: Sight, marks: Marks): void {
  const { scale, shiftX, shiftY, width, height } = sight;
  const inSight = new Uint8Array(shape.size);
  for (let i = 0; i < shape.size; i++) {
    const [px, py] = [shape.across(i) * scale + shiftX, shape.down(i) * scale + shiftY];
    inSight[i] = px > -box.wide && px < width + box.wide && py > -box.high && py < height + box.high ? 1 : 0;
  }
  c.save();
  c.translate(shiftX, shiftY);
  c.scale(scale, scale);
  paintEdges(c, shape, theme, sight, inSight, marks.related);
  if (scale < readable) paintBare(c, shape, theme, scale, inSight, marks.related);
  else {
    paintCounts(c, shape, theme);
    for (let i = 0; i < shape.size; i++) {
      if (!inSight[i]) continue;
      c.globalAlpha = marks.related && marks.related[i] === 0 ? 0.35 : 1;
      paintBox(c, shape, theme, words, marks, i);
    }
    c.globalAlpha = 1;
  }
  c.restore();
}
