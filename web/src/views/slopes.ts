// Two orders of the same things side by side: a line from a thing's place in one to its place in the
// other. What moved beyond what its figures may be off by stands out.
import type { Theme } from "./colour.ts";
import { linear } from "./scale.ts";
import { fitText, surface } from "./surface.ts";
import { hideTooltip, showTooltip, type TooltipText } from "./tooltip.ts";

export interface Slope {
  readonly id: string;
  readonly label: string;
  readonly left: number; // places from 1, the most first
  readonly right: number;
  readonly sure: boolean; // it moved, whatever the figures may be off by
}

export interface SlopesModel {
  readonly slopes: readonly Slope[];
  readonly leftName: string;
  readonly rightName: string;
  readonly summary: string;
  theme(): Theme;
  describe(slope: Slope): TooltipText;
  onSelect(id: string | null): void;
  onOpen(id: string): void;
}

export interface SlopesView {
  draw(): void;
  destroy(): void;
  select(id: string | null): void;
  hit(x: number, y: number): string | null;
}

const [top, foot] = [28, 12];
const near = 8;

export function slopes(host: HTMLElement, model: SlopesModel): SlopesView {
  let selected: string | null = null;
  let hovered: string | null = null;
  const places = Math.max(1, ...model.slopes.flatMap((one) => [one.left, one.right]));
  host.style.height = `${Math.min(620, Math.max(160, top + foot + places * 18))}px`;
  const frame = (width: number, height: number): { a: number; b: number; y(place: number): number } => {
    const side = Math.min(260, width * 0.28);
    const scale = linear(1, Math.max(2, places), top + 10, height - foot - 6);
    return { a: side, b: width - side, y: (place) => scale.px(place) };
  };
  const view = surface(host, model.summary, (c, width, height) => {
    const theme = model.theme();
    const { a, b, y } = frame(width, height);
    c.font = `11px ${theme.sans}`;
    c.textBaseline = "middle";
    c.fillStyle = theme.secondary;
    c.textAlign = "right";
    c.fillText(model.leftName, a, 12);
    c.textAlign = "left";
    c.fillText(model.rightName, b, 12);
    const room = (height - top - foot) / places >= 11;
    const named = new Set<string>(); // ties have one name
    const paint = (one: Slope, strong: boolean): void => {
      c.strokeStyle = strong ? theme.accent : one.sure ? (theme.activity[1] as string) : theme.faint;
      c.globalAlpha = strong || one.sure ? 1 : 0.55;
      c.lineWidth = strong ? 2.5 : one.sure ? 1.8 : 1;
      c.setLineDash(one.sure || one.left === one.right ? [] : [4, 3]);
      c.beginPath();
      c.moveTo(a, y(one.left));
      c.lineTo(b, y(one.right));
      c.stroke();
      c.setLineDash([]);
      c.fillStyle = c.strokeStyle;
      for (const [x, place] of [[a, one.left], [b, one.right]] as const) {
        c.beginPath();
        c.arc(x, y(place), strong ? 4 : 2.5, 0, 7);
        c.fill();
      }
      c.globalAlpha = 1;
      if (!room && !strong) return;
      c.fillStyle = strong || one.sure ? theme.text : theme.secondary;
      c.textAlign = "right";
      if (!named.has(`a${one.left}`)) c.fillText(fitText(c, `${one.label}  ${one.left}`, a - 20), a - 8, y(one.left));
      c.textAlign = "left";
      if (!named.has(`b${one.right}`)) c.fillText(fitText(c, `${one.right}  ${one.label}`, width - b - 20), b + 8, y(one.right));
      named.add(`a${one.left}`).add(`b${one.right}`);
    };
    const isStrong = (one: Slope): boolean => one.id === selected || one.id === hovered;
    // Names of what is meant first, then of what is sure; lines the other way round would hide them.
    for (const strong of [true, false]) for (const one of model.slopes) if (isStrong(one) === strong) paint(one, strong);
  });
  const hit = (px: number, py: number): string | null => {
    const { a, b, y } = frame(view.width(), view.height());
    const share = Math.max(0, Math.min(1, (px - a) / (b - a)));
    let best: Slope | null = null;
    let least = near;
    for (const one of model.slopes) {
      const away = Math.abs(py - (y(one.left) + share * (y(one.right) - y(one.left))));
      if (away < least) [best, least] = [one, away];
    }
    return best?.id ?? null;
  };
  view.canvas.addEventListener("pointermove", (event) => {
    const id = hit(event.offsetX, event.offsetY);
    if (id !== hovered) {
      hovered = id;
      view.request();
    }
    const one = model.slopes.find((slope) => slope.id === id);
    if (!one) return hideTooltip();
    showTooltip(event.clientX, event.clientY, model.describe(one));
  });
  view.canvas.addEventListener("pointerleave", () => {
    hovered = null;
    hideTooltip();
    view.request();
  });
  view.canvas.addEventListener("click", (event) => model.onSelect(hit(event.offsetX, event.offsetY)));
  view.canvas.addEventListener("dblclick", (event) => {
    const id = hit(event.offsetX, event.offsetY);
    if (id) model.onOpen(id);
  });
  view.canvas.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0 || model.slopes.length === 0) return;
    event.preventDefault();
    const order = [...model.slopes].sort((one, other) => one.left - other.left);
    const at = order.findIndex((one) => one.id === selected);
    model.onSelect(order[Math.max(0, Math.min(order.length - 1, at + step))]?.id ?? null);
  });
  return {
    draw: view.request,
    destroy() {
      hideTooltip();
      view.destroy();
    },
    select(id) {
      selected = id;
      view.request();
    },
    hit,
  };
}
