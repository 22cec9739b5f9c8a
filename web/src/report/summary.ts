// The answer in words: which configuration is best, what it cost, what the others would have cost.
import type { Report, Tradeoff } from "../api/report.ts";
import { duration, energy, percent, plural, ratio, significant } from "../views/number.ts";
import { ranked, type Ranked } from "./configurations.ts";

export interface Summary {
  readonly headline: string;
  readonly sentences: readonly string[];
}

function costOf(one: Ranked): string {
  const c = one.configuration;
  const parts = [];
  if (c.energy_j !== null) parts.push(energy(c.energy_j, c.energy_truth));
  if (c.time_s !== null) parts.push(duration(c.time_s));
  return parts.length > 0 ? parts.join(" in ") : "a cost that was not recorded";
}

function against(tradeoff: Tradeoff, best: Ranked, other: Ranked): string | null {
  const [b, o] = [best.configuration, other.configuration];
  if (b.quality === null || o.quality === null) return null;
  const costs = [];
  if (b.energy_j && o.energy_j) costs.push(`${ratio(b.energy_j / o.energy_j)} less energy`);
  if (b.time_s && o.time_s && b.time_s > o.time_s) costs.push(`${ratio(b.time_s / o.time_s)} less time`);
  if (costs.length === 0) return null;
  const worse = b.quality === 0 ? "" : ` (${percent(Math.abs(o.quality / b.quality - 1))} ${tradeoff.minimise ? "higher" : "lower"})`;
  return (
    `The cheapest on the energy front is ${other.number} (${other.label}): ${costs.join(" and ")}, ` +
    `with ${tradeoff.quality} ${significant(o.quality)}${worse}.`
  );
}

// The step on the energy front that buys the most quality for a joule, and the one that buys the least.
function lastStep(tradeoff: Tradeoff, all: readonly Ranked[], best: Ranked): string | null {
  const onFront = all
    .filter((r) => r.configuration.energy_front && r.configuration.energy_j !== null && r.configuration.quality !== null)
    .sort((a, b) => (a.configuration.energy_j ?? 0) - (b.configuration.energy_j ?? 0));
  const before = onFront[onFront.length - 2];
  if (!before || onFront[onFront.length - 1] !== best || onFront.length < 3) return null;
  const [b, o] = [best.configuration, before.configuration];
  const joules = (b.energy_j ?? 0) - (o.energy_j ?? 0);
  const gained = Math.abs((b.quality ?? 0) - (o.quality ?? 0));
  return `The last step of the front, from ${before.number} to ${best.number}, gains ${significant(gained)} of ${tradeoff.quality} for ${energy(joules, b.energy_truth)} more.`;
}

export function summarise(report: Report): Summary {
  const { of, tradeoff } = report;
  const all = tradeoff ? ranked(tradeoff) : [];
  const best = all.find((r) => r.best);
  if (!tradeoff || !best) {
    const cost = of.energy ? `, ${energy(of.energy.energy_j, of.energy.truth)}` : "";
    return {
      headline: `${of.name}: ${plural(of.tasks, "task")}${of.kind === "campaign" ? ` in ${plural(of.workflows, "workflow")}` : ""}, ${of.duration_s === null ? "still running" : duration(of.duration_s)}${cost}`,
      sentences: report.tradeoff_missing ? [report.tradeoff_missing] : [],
    };
  }
  const sentences: string[] = [];
  const cheapest = all
    .filter((r) => r.configuration.energy_front && r !== best && r.configuration.energy_j !== null)
    .sort((a, b) => (a.configuration.energy_j ?? 0) - (b.configuration.energy_j ?? 0))[0];
  if (cheapest) {
    for (const sentence of [against(tradeoff, best, cheapest), lastStep(tradeoff, all, best)]) {
      if (sentence) sentences.push(sentence);
    }
  }
  const beaten = all.filter((r) => r.configuration.energy_dominated_by !== null).length;
  if (beaten > 0) {
    sentences.push(`${beaten} of ${all.length} configurations are dominated: another is at least as good for no more energy.`);
  } else if (all.length > 1) {
    sentences.push(`None of the ${all.length} configurations is dominated: each gain in ${tradeoff.quality} costs energy.`);
  }
  const value = best.configuration.quality === null ? "" : `\u00a0${significant(best.configuration.quality)}`;
  return {
    headline: `Best: ${best.label} reaches ${tradeoff.quality}${value} for ${costOf(best)}`,
    sentences,
  };
}

export function timelineTitle(report: Report): string {
  const known = report.workflows.filter((w) => w.duration_s !== null && w.parent_workflow_id === null);
  const longest = known.reduce<(typeof known)[number] | null>((a, b) => (a && (a.duration_s ?? 0) >= (b.duration_s ?? 0) ? a : b), null);
  const sum = known.reduce((s, w) => s + (w.duration_s ?? 0), 0);
  if (!longest || sum === 0 || known.length < 2) return "Timeline of the tasks";
  return `${longest.name} took ${percent((longest.duration_s ?? 0) / sum)} of the workflows' time`;
}

export function tradeoffTitle(tradeoff: Tradeoff): string {
  const onFront = tradeoff.configurations.filter((c) => c.energy_front).length;
  const all = tradeoff.configurations.length;
  return `${onFront} of ${all} configurations ${onFront === 1 ? "is" : "are"} worth ${onFront === 1 ? "its" : "their"} energy`;
}
