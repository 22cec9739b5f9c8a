// Numbers as people read them: SI prefixes, three significant digits, one word for each absence.
import type { Truth } from "../api/report.ts";

export const missing = "–";
const thinSpace = "\u2009";

// Three significant digits without an exponent; keeps whole counts below 1,000 whole.
export function significant(value: number): string {
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 999.5 || magnitude < 0.001) {
    const exponent = Math.floor(Math.log10(magnitude));
    if (exponent < 6 && exponent >= 0) return grouped(Math.round(value));
    const digits = (value / 10 ** exponent).toPrecision(3).replace(/\.?0+$/, "");
    return `${digits}e${exponent}`;
  }
  const places = Math.max(0, 2 - Math.floor(Math.log10(magnitude) + 1e-12));
  const text = value.toFixed(places);
  // 9.996 rounds up to 10.00: one digit too many.
  if (text.replace(/[-.]/g, "").replace(/^0+/, "").length > 3 && places > 0) {
    return value.toFixed(places - 1);
  }
  return text;
}

export function grouped(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, thinSpace);
}

const prefixes: readonly [number, string][] = [
  [1e15, "P"],
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
  [1e-3, "m"],
  [1e-6, "µ"],
  [1e-9, "n"],
];

export function si(value: number | null, unit: string): string {
  if (value === null || Number.isNaN(value)) return missing;
  if (value === 0) return `0${thinSpace}${unit}`;
  const magnitude = Math.abs(value);
  // 999.96 reads 1.00 k, not 1000.
  const rounded = Number(magnitude.toPrecision(3));
  const [scale, prefix] = prefixes.find(([size]) => rounded >= size) ?? [1e-9, "n"];
  return `${significant(value / scale)}${thinSpace}${prefix}${unit}`;
}

// Whole bytes are whole.
export function bytes(value: number | null): string {
  return value !== null && Math.abs(value) < 1000 ? `${value}${thinSpace}B` : si(value, "B");
}

// Seconds; above two minutes in minutes and hours, as nobody reads 9.67 ks.
export function duration(seconds: number | null): string {
  if (seconds === null || Number.isNaN(seconds)) return missing;
  const whole = Math.round(Math.abs(seconds));
  const sign = seconds < 0 ? "−" : "";
  if (whole < 120) return `${sign}${si(Math.abs(seconds), "s")}`;
  const days = Math.floor(whole / 86400);
  const hours = Math.floor((whole % 86400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return `${sign}${days}${thinSpace}d ${hours}${thinSpace}h`;
  if (hours > 0) return `${sign}${hours}${thinSpace}h ${minutes}${thinSpace}min`;
  return `${sign}${minutes}${thinSpace}min ${whole % 60}${thinSpace}s`;
}

export function energy(joules: number | null, truth: Truth | null): string {
  if (joules === null || Number.isNaN(joules)) return missing;
  return truth === "measured" ? si(joules, "J") : `≈${thinSpace}${si(joules, "J")}`;
}

// "± 12.1 J", the half width of the 95 % interval; "" where it is not known.
export function uncertainty(u95: number | null): string {
  return u95 === null || Number.isNaN(u95) || u95 === 0 ? "" : `±${thinSpace}${si(u95, "J")}`;
}

// "≈ 931 J ± 97.7 J"; half an interval that is not known is left out.
export function figure(joules: number | null | undefined, u95: number | null | undefined, truth: Truth | "" | null | undefined): string {
  if (joules === null || joules === undefined) return missing;
  return [energy(joules, truth || null), uncertainty(u95 ?? null)].filter(Boolean).join(" ");
}

// What the emulated laboratory made up is said to be that, whatever a real sensor's would be.
export function shownTruth(truth: string, assumption: string | null | undefined): string {
  return truth !== "estimated" && /\bemulated\b/i.test(assumption ?? "") ? "emulated" : truth;
}

// A value of the user's: numbers short but never rounded to a different set-up (lr 0.0003 stays).
export function scalar(value: string | number | boolean | null): string {
  if (value === null) return missing;
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

export function ratio(value: number): string {
  return `${value.toPrecision(2).replace(/\.0$/, "")}×`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${Math.abs(value) >= 99.5 ? Math.round(value) : Number(value.toPrecision(2))}${thinSpace}%`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

export function shortId(id: string): string {
  // The first letters of an id name the process that made it; the last tell its records apart.
  return id.length > 12 ? `…${id.slice(-8)}` : id;
}

// One prefix for a whole axis, and just the digits that tell two neighbouring ticks apart.
export function axisLabels(at: readonly number[], unit: string): { labels: string[]; unit: string } {
  const top = Math.max(...at.map(Math.abs), 0);
  const step = at.length > 1 ? Math.abs((at[1] as number) - (at[0] as number)) : top || 1;
  const [scale, prefix] =
    unit === "" ? [1, ""] : (prefixes.find(([size]) => top >= size) ?? ([1, ""] as const));
  const digits = Math.max(0, Math.ceil(-Math.log10(step / scale) - 1e-9));
  return {
    labels: at.map((value) => (digits > 8 ? significant(value / scale) : (value / scale).toFixed(digits))),
    unit: `${prefix}${unit}`,
  };
}
