// From values to pixels and back, with ticks at round numbers.

export interface Scale {
  readonly from: number;
  readonly to: number;
  px(value: number): number;
  value(px: number): number;
}

export function linear(from: number, to: number, pxFrom: number, pxTo: number): Scale {
  const span = to - from || 1;
  const width = pxTo - pxFrom;
  return {
    from,
    to,
    px: (value) => pxFrom + ((value - from) / span) * width,
    value: (px) => from + ((px - pxFrom) / width) * span,
  };
}

export function stepFor(span: number, count: number): number {
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / power;
  return power * (lead < 1.5 ? 1 : lead < 3 ? 2 : lead < 7 ? 5 : 10);
}

export function ticks(from: number, to: number, count: number): number[] {
  if (!(to > from) || !Number.isFinite(to - from)) return [from];
  const step = stepFor(to - from, count);
  const out: number[] = [];
  // Index times step, not a running sum, so that 0.3 is 0.3.
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) {
    out.push(Number((i * step).toPrecision(12)));
  }
  return out;
}

// Room on both sides, so that no mark sits on the frame.
export function padded(values: readonly number[], share = 0.08): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  if (low === high) {
    const room = Math.abs(low) * 0.1 || 1;
    return [low - room, high + room];
  }
  const room = (high - low) * share;
  return [low - room, high + room];
}

const timeSteps = [
  1e-9, 2e-9, 5e-9, 1e-8, 2e-8, 5e-8, 1e-7, 2e-7, 5e-7, 1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4,
  2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300,
  600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800,
];

// Seconds; steps are those of a clock above one second.
export function timeTicks(from: number, to: number, count: number): { step: number; at: number[] } {
  const wanted = (to - from) / Math.max(1, count);
  const step = timeSteps.find((s) => s >= wanted) ?? stepFor(to - from, count);
  const at: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) {
    at.push(Number((i * step).toPrecision(15)));
  }
  return { step, at };
}

// A tick's label with just the digits that its step needs: 1:05, 12.5 s, 340 µs.
export function timeLabel(seconds: number, step: number): string {
  const sign = seconds < 0 ? "−" : "";
  const s = Math.abs(seconds);
  if (step >= 86400) return s === 0 ? "0" : `${sign}${Number((s / 86400).toPrecision(4))}\u2009d`;
  if (step >= 60 || (step >= 1 && s >= 120)) {
    const whole = Math.round(s);
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor((whole % 3600) / 60);
    const rest = String(whole % 60).padStart(2, "0");
    if (hours > 0) return `${sign}${hours}:${String(minutes).padStart(2, "0")}:${rest}`;
    return `${sign}${minutes}:${rest}`;
  }
  if (s === 0) return "0";
  const units: [number, string][] = [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"],
    [1e-9, "ns"],
  ];
  // The unit in which the step is at least a thousandth, so that neighbours differ in the text.
  const [size, unit] = units.find(([u]) => s >= u && step >= u * 0.00099) ?? [1e-9, "ns"];
  const digits = Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9));
  return `${sign}${(s / size).toFixed(digits)}\u2009${unit}`;
}
