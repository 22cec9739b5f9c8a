// Colours by meaning. The palettes were measured: at least 3:1 to the background, and apart from
// each other for normal, deutan, protan and tritan vision; a glyph and a word always go with them.
import type { Status } from "../api/report.ts";

export interface Theme {
  readonly dark: boolean;
  readonly background: string;
  readonly surface: string;
  readonly border: string;
  readonly grid: string;
  readonly text: string;
  readonly secondary: string;
  readonly faint: string;
  readonly accent: string;
  readonly activity: readonly string[];
  readonly status: Readonly<Record<Status, string>>;
  readonly sans: string;
  readonly mono: string;
}

const fonts = {
  sans: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif",
  mono: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
};

export const darkTheme: Theme = {
  ...fonts,
  dark: true,
  background: "#0F1218",
  surface: "#161B24",
  border: "#2A3140",
  grid: "#1F2530",
  text: "#E6E9F0",
  secondary: "#A3ABBB",
  faint: "#6F788A",
  accent: "#6CA8FF",
  activity: ["#A1C6F7", "#C65F10", "#60DCC7", "#C82AAE", "#C2CB17", "#E0A377", "#7F45E4", "#676D6F"],
  status: {
    pending: "#666770",
    running: "#2C74CA",
    finished: "#4DE092",
    failed: "#BE3926",
    cancelled: "#E3B5E3",
    lost: "#F2A60E",
  },
};

export const lightTheme: Theme = {
  ...fonts,
  dark: false,
  background: "#FFFFFF",
  surface: "#F6F7F9",
  border: "#D9DEE7",
  grid: "#EBEEF3",
  text: "#1A1F2B",
  secondary: "#566073",
  faint: "#8A93A5",
  accent: "#125EE0",
  activity: ["#1D6EE0", "#755C0A", "#229D66", "#B563A8", "#A68E12", "#66261A", "#1C29C2", "#485158"],
  status: {
    pending: "#393F46",
    running: "#125EE0",
    finished: "#1FA375",
    failed: "#841A07",
    cancelled: "#AC6AAE",
    lost: "#C6750A",
  },
};

export const statusGlyph: Readonly<Record<Status, string>> = {
  pending: "◐",
  running: "●",
  finished: "✓",
  failed: "✕",
  cancelled: "⊘",
  lost: "?",
};

// Of energy: a figure of its own, one that only a group has, one by time alone.
export const resolutionGlyph = { resolved: "●", grouped: "◑", unresolved: "○" } as const;

// Seven activities keep a colour of their own; the rest share the last.
export function activityColours(weights: readonly number[]): Uint8Array {
  const order = weights.map((_, i) => i).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  const slots = new Uint8Array(weights.length).fill(7);
  const own = weights.length <= 8 ? 8 : 7;
  order.slice(0, own).forEach((index, slot) => (slots[index] = slot));
  return slots;
}

export function rgb(hex: string): [number, number, number] {
  const value = parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

// A pixel of an ImageData seen as Uint32: bytes run red, green, blue, alpha from the low end.
export function pixel(hex: string): number {
  const [r, g, b] = rgb(hex);
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

export function luminance(hex: string): number {
  const [r, g, b] = rgb(hex).map((c) => {
    const s = c / 255;
    return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

// Text on a bar: whichever of black and white reads better.
export function inkOn(hex: string): string {
  return contrast(hex, "#FFFFFF") >= contrast(hex, "#0B0E14") ? "#FFFFFF" : "#0B0E14";
}
