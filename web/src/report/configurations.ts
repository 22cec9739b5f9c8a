// The configurations of a trade-off, best quality first, with the numbers that all views show.
import type { Configuration, Tradeoff } from "../api/report.ts";
import { duration, energy, scalar, uncertainty } from "../views/number.ts";

export interface Ranked {
  readonly configuration: Configuration;
  readonly number: string;
  readonly label: string;
  readonly best: boolean;
}

export function labelOf(tradeoff: Tradeoff, configuration: Configuration): string {
  return tradeoff.factors
    .map((name, i) => `${name}\u00a0${scalar(configuration.factors[i] ?? null)}`)
    .join("\u00a0· ");
}

export function ranked(tradeoff: Tradeoff): Ranked[] {
  const way = tradeoff.minimise ? 1 : -1;
  return [...tradeoff.configurations]
    .sort((a, b) => {
      if (a.quality === null || b.quality === null) return Number(a.quality === null) - Number(b.quality === null);
      return (a.quality - b.quality) * way;
    })
    .map((configuration, i) => ({
      configuration,
      number: String(i + 1),
      label: labelOf(tradeoff, configuration),
      best: configuration.task_id === tradeoff.best,
    }));
}

export function numberOf(all: readonly Ranked[], taskId: string | null): string | null {
  return all.find((r) => r.configuration.task_id === taskId)?.number ?? null;
}

export function describeConfiguration(tradeoff: Tradeoff, all: readonly Ranked[], one: Ranked): [string, string][] {
  const c = one.configuration;
  const verdict = (isFront: boolean, by: string | null): string =>
    isFront ? "on the front" : by ? `dominated by ${numberOf(all, by) ?? "another"}` : "not comparable";
  return [
    ...tradeoff.factors.map((name, i): [string, string] => [name, scalar(c.factors[i] ?? null)]),
    [tradeoff.quality, c.quality === null ? "not recorded" : scalar(c.quality)],
    ["energy", `${energy(c.energy_j, c.energy_truth)} ${uncertainty(c.energy_u95_j)} (${c.energy_truth ?? "not known"}), ${verdict(c.energy_front, c.energy_dominated_by)}`],
    ["time", `${duration(c.time_s)}, ${verdict(c.time_front, c.time_dominated_by)}`],
  ];
}
