// Entries that hold all letters of the text in order; the closer together and the earlier, the higher.

export function score(name: string, text: string): number {
  const [hay, needle] = [name.toLowerCase(), text.toLowerCase().trim()];
  if (needle === "") return 1;
  const whole = hay.indexOf(needle);
  if (whole >= 0) return 1000 - whole - hay.length / 100;
  let at = -1;
  let gaps = 0;
  for (const letter of needle) {
    if (letter === " ") continue;
    const next = hay.indexOf(letter, at + 1);
    if (next < 0) return 0;
    gaps += at >= 0 ? next - at - 1 : next;
    at = next;
  }
  return Math.max(1, 500 - gaps);
}

export function ranked<T>(all: readonly T[], text: string, nameOf: (one: T) => string): T[] {
  return all
    .map((one, i) => ({ one, i, points: score(nameOf(one), text) }))
    .filter((entry) => entry.points > 0)
    .sort((a, b) => b.points - a.points || a.i - b.i)
    .map((entry) => entry.one);
}

// The word of a query that the cursor is in.
export function wordAt(text: string, cursor: number, breaks = /[\s(),]/): { word: string; from: number } {
  let from = cursor;
  while (from > 0 && !breaks.test(text[from - 1] as string)) from--;
  return { word: text.slice(from, cursor), from };
}
