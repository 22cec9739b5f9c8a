// The part of a campaign that the reader keeps, on whichever page: the address holds it, the trade-off
// says which configurations and workflows it is.
import type { TradeoffAnswer } from "../api/answers.ts";
import { grouped } from "../views/number.ts";
import { brushedOf, parseBrush, type Brush, type Brushed } from "./brush.ts";
import { load } from "./loaded.svelte.ts";
import { place } from "./place.svelte.ts";

const brush = $derived(parseBrush(place.get("brush")));
let answer = $state.raw<TradeoffAnswer | null>(null);
let why = $state("");
const kept = $derived(brush && answer ? brushedOf(answer, brush) : null);

export const brushed = {
  get brush(): Brush | null {
    return brush;
  },
  // null: nothing is brushed, in another campaign, or not yet known.
  of(campaign: string | null | undefined): Brushed | null {
    return brush !== null && campaign === brush.campaign ? kept : null;
  },
  // In whatever campaign.
  get kept(): Brushed | null {
    return kept;
  },
  // Why it cannot be told what is brushed; "": it can, or not yet.
  get why(): string {
    return why;
  },
  clear(): void {
    place.put({ brush: null }, "push");
  },
};

// "12 of 48 workflows brushed"; where workflows hold several configurations, these count.
export function brushedWords(of: Brushed): string {
  const workflows = `${grouped(of.flows.size)} of ${grouped(of.allFlows)} workflows`;
  return of.allTasks === of.allFlows ? `${workflows} brushed` : `${grouped(of.tasks.size)} of ${grouped(of.allTasks)} configurations brushed, in ${workflows}`;
}

// "of the 12 brushed", behind what a chart shows of them; "" where nothing is brushed.
export function ofTheBrushed(of: Brushed | null, how: "flows" | "tasks" = "flows"): string {
  return of ? ` of the ${grouped(of[how].size)} brushed` : "";
}

// Call while the page is set up: asks for the trade-off while there is a brush.
export function hearBrushed(): void {
  const found = load<TradeoffAnswer>(() => (brush ? { path: "/tradeoff", query: { campaign: brush.campaign, quality: brush.quality } } : null), "calm");
  $effect(() => {
    answer = brush ? found.value : null;
    why = brush ? (found.failure?.what ?? "") : "";
  });
}
