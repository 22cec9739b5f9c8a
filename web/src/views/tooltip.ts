// One popover beside the pointer; its words come as lines of name and value.
import { element } from "./element.ts";

export interface TooltipText {
  readonly title: string;
  readonly colour?: string;
  readonly lines: readonly (readonly [string, string])[];
}

let box: HTMLElement | null = null;

export function showTooltip(x: number, y: number, text: TooltipText): void {
  if (!box) {
    box = element("div", { class: "tooltip", role: "tooltip" });
    document.body.append(box);
  }
  const title = element("div", { class: "tooltip-title" }, text.title);
  if (text.colour) {
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = text.colour;
    title.prepend(swatch);
  }
  const list = element("dl");
  for (const [name, value] of text.lines) {
    list.append(element("dt", {}, name), element("dd", {}, value));
  }
  box.replaceChildren(title, list);
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const left = x + 14 + width > window.innerWidth - 8 ? x - 14 - width : x + 14;
  const top = Math.min(y + 14, window.innerHeight - height - 8);
  box.style.transform = `translate(${Math.max(8, left)}px, ${Math.max(8, top)}px)`;
}

export function hideTooltip(): void {
  if (box) box.hidden = true;
}
