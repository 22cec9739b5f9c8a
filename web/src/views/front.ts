// The staircase that separates what is reachable from what is not.

export interface CostQuality {
  readonly cost: number;
  readonly quality: number;
}

// Indices of the points that no other point beats, cheapest first. Ties stay on the front: of two
// equal points neither beats the other.
export function front(points: readonly CostQuality[], minimise: boolean): number[] {
  const better = (a: number, b: number): boolean => (minimise ? a < b : a > b);
  const order = points.map((_, i) => i);
  order.sort((a, b) => {
    const p = points[a] as CostQuality;
    const q = points[b] as CostQuality;
    if (p.cost !== q.cost) return p.cost - q.cost;
    return p.quality === q.quality ? a - b : better(p.quality, q.quality) ? -1 : 1;
  });
  const out: number[] = [];
  let best: CostQuality | null = null;
  for (const index of order) {
    const point = points[index] as CostQuality;
    if (Number.isNaN(point.cost) || Number.isNaN(point.quality)) continue;
    const equal = best !== null && point.cost === best.cost && point.quality === best.quality;
    if (best === null || equal || better(point.quality, best.quality)) {
      out.push(index);
      best = point;
    }
  }
  return out;
}

// Corners of the staircase through the given points (cheapest first).
export function staircase(points: readonly CostQuality[]): CostQuality[] {
  const out: CostQuality[] = [];
  points.forEach((point, i) => {
    const before = points[i - 1];
    if (before) out.push({ cost: point.cost, quality: before.quality });
    out.push(point);
  });
  return out;
}
