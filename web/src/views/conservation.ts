// Parts that must add up to a whole: a bar, the list of its parts with their sum, and whether the whole
// says the same.
import type { Theme } from "./colour.ts";
import { element } from "./element.ts";
import { percent, si } from "./number.ts";

export interface Conserved {
  readonly id: string;
  readonly truth: string;
  readonly parts: readonly { readonly label: string; readonly value: number | null; readonly slot: number; readonly hatched?: boolean }[];
  readonly whole: number | null; // not known: null
  readonly wholeName?: string; // "the sensors said"
  readonly note: string;
}

export interface ConservationModel {
  readonly items: readonly Conserved[];
  readonly unit: string;
  theme(): Theme;
  onSelect(id: string | null): void;
}

export interface ConservationView {
  draw(): void;
  destroy(): void;
  select(id: string | null): void;
  hit(x: number, y: number): string | null; // of the viewport
}

export function sumOfParts(one: Conserved): number {
  return one.parts.reduce((sum, part) => sum + (part.value ?? 0), 0);
}

// Less than this share is rounding.
const rounding = 1e-9;

export function addsUp(one: Conserved): boolean | null {
  return one.whole === null ? null : Math.abs(one.whole - sumOfParts(one)) <= Math.abs(one.whole) * rounding;
}

// Where a share of the bar's width falls: the part, by its place; -1 beyond the last.
export function partAt(one: Conserved, share: number): number {
  let left = share * sumOfParts(one);
  for (let i = 0; i < one.parts.length; i++) {
    left -= one.parts[i]?.value ?? 0;
    if (left < 0) return i;
  }
  return -1;
}

// A part that is there is not 0 %.
function shareWords(share: number): string {
  return share > 0 && share < 0.0001 ? "<\u2009" + percent(0.0001) : percent(share);
}

// What was not measured says so at every figure.
function said(one: Conserved, value: number | null, unit: string): string {
  return value === null || one.truth.startsWith("measured") ? si(value, unit) : `≈\u00a0${si(value, unit)}`;
}

function verdict(one: Conserved, unit: string): readonly [string, string, string] {
  if (one.whole === null) return ["no total", "–", ""];
  const name = one.wholeName ?? (one.truth === "estimated" ? "the estimate in all" : "the sensors said");
  return [name, said(one, one.whole, unit), addsUp(one) === true ? "= the sum" : `≠ by ${said(one, Math.abs(one.whole - sumOfParts(one)), unit)}`];
}

export function conservation(host: HTMLElement, model: ConservationModel): ConservationView {
  const root = element("div", { class: "conserve" });
  const coloured: [HTMLElement, number][] = [];
  const cards = new Map<string, HTMLElement>();
  const swatchOf = (slot: number): HTMLElement => {
    const swatch = element("span", { class: "swatch" });
    coloured.push([swatch, slot]);
    return swatch;
  };
  for (const one of model.items) {
    const sum = sumOfParts(one);
    const known = one.parts.filter((part) => part.value !== null);
    const bar = element("div", { class: "sumbar", role: "img", "aria-label": `${one.id}: ${known.map((part) => `${part.label} ${said(one, part.value, model.unit)}`).join(", ")}` });
    for (const part of known) {
      if (!((part.value ?? 0) > 0)) continue;
      // Hatched: not measured as it stands, or measured on what is emulated.
      const piece = element("span", { class: part.hatched ? "hatched" : "", title: `${part.label}: ${said(one, part.value, model.unit)}` });
      piece.style.width = `${((part.value ?? 0) / (sum || 1)) * 100}%`;
      coloured.push([piece, part.slot]);
      bar.append(piece);
    }
    const line = (name: (Node | string)[], value: string, share: string, kind = ""): HTMLElement => {
      const term = element("dt");
      term.append(...name);
      return element("div", { class: kind }, term, element("dd", {}, value), element("dd", { class: "secondary" }, share));
    };
    const [name, value, agrees] = verdict(one, model.unit);
    const last = line([name], value, agrees);
    if (addsUp(one) === false) last.lastElementChild?.setAttribute("class", "status-failed");
    const card = element(
      "div",
      { class: "conserved" },
      element("h3", {}, element("span", {}, one.id), element("span", { class: "chip" }, one.truth || "truth not known")),
      bar,
      element("dl", { class: "sumlist" }, ...known.map((part) => line([swatchOf(part.slot), part.label], said(one, part.value, model.unit), shareWords((part.value ?? 0) / (sum || 1)))), line(["sum"], said(one, sum, model.unit), "", "total"), last),
      element("p", { class: "hint" }, one.note),
    );
    card.addEventListener("click", () => model.onSelect(one.id));
    cards.set(one.id, card);
    root.append(card);
  }
  host.append(root);
  const draw = (): void => coloured.forEach(([node, slot]) => (node.style.backgroundColor = model.theme().activity[slot] ?? ""));
  draw();
  return {
    draw,
    destroy: () => root.remove(),
    select: (id) => cards.forEach((card, own) => card.classList.toggle("hovered", own === id)),
    hit(x, y) {
      for (const [id, card] of cards) {
        const box = card.getBoundingClientRect();
        if (x >= box.left && x < box.right && y >= box.top && y < box.bottom) return id;
      }
      return null;
    },
  };
}
