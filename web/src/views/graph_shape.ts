// Boxes and edges of a graph as columns, and what is found in them: the box at a place, the way that
// data go through one.

export const cell = { across: 206, down: 62 };
export const box = { wide: 150, high: 42 };

export const flow = { captured: 0, inferred: 1, parent: 2 } as const;
const kinds = 3;

export interface Graph {
  readonly id: readonly string[];
  readonly x: Float64Array; // layer
  readonly y: Float64Array; // place in it, from the middle
  readonly slot: Uint8Array; // of Theme.activity
  readonly tasks: Float64Array;
  readonly failed: Float64Array; // tasks
  readonly running: Float64Array;
  readonly from: Uint32Array; // boxes
  readonly to: Uint32Array;
  readonly flow: Uint8Array;
  readonly count: Float64Array;
}

// Numbers of rows by a small key, in their order: those of key k are order[first[k]] to order[first[k + 1]].
interface Sorted {
  readonly first: Uint32Array;
  readonly order: Uint32Array;
}
function byKey(key: Uint8Array | Uint32Array, keys: number): Sorted {
  const first = new Uint32Array(keys + 1);
  for (const k of key) (first[k + 1] as number)++;
  for (let k = 0; k < keys; k++) (first[k + 1] as number) += first[k] as number;
  const next = first.slice();
  const order = new Uint32Array(key.length);
  for (let i = 0; i < key.length; i++) order[(next[key[i] as number] as number)++] = i;
  return { first, order };
}

export class GraphShape {
  readonly size: number;
  readonly edges: number;
  readonly bounds: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly bySlot: Sorted;
  readonly byFlow: Sorted;
  #byPlace: Uint32Array | null = null;
  #out: Sorted | null = null;
  #into: Sorted | null = null;
  #related: { of: number; seen: Uint8Array } | null = null;

  constructor(readonly graph: Graph) {
    this.size = graph.x.length;
    this.edges = graph.from.length;
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < this.size; i++) {
      const [across, down] = [this.across(i), this.down(i)];
      if (across < left) left = across;
      if (across > right) right = across;
      if (down < top) top = down;
      if (down > bottom) bottom = down;
    }
    this.bounds = { left, right, top, bottom };
    this.bySlot = byKey(graph.slot, 256);
    this.byFlow = byKey(graph.flow, kinds);
  }

  // The middle of a box, as long as nothing is scaled.
  across(i: number): number {
    return (this.graph.x[i] as number) * cell.across;
  }
  down(i: number): number {
    return (this.graph.y[i] as number) * cell.down;
  }

  // The box at a place, -1 where there is none.
  at(across: number, down: number): number {
    const { x, y } = this.graph;
    const [atX, atY] = [across / cell.across, down / cell.down];
    const [nearX, nearY] = [box.wide / 2 / cell.across, box.high / 2 / cell.down];
    const order = (this.#byPlace ??= Uint32Array.from({ length: this.size }, (_, i) => i).sort((a, b) => (x[a] as number) - (x[b] as number) || (y[a] as number) - (y[b] as number)));
    // The first at or behind a place in that order.
    const behind = (wantX: number, wantY: number): number => {
      let [low, high] = [0, order.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        const i = order[middle] as number;
        if ((x[i] as number) < wantX || (x[i] === wantX && (y[i] as number) < wantY)) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    // A layer at a time: there are two near at most.
    for (let next = behind(atX - nearX, -Infinity); next < order.length; ) {
      const layer = x[order[next] as number] as number;
      if (layer > atX + nearX) break;
      const found = order[behind(layer, atY - nearY)];
      if (found !== undefined && x[found] === layer && (y[found] as number) <= atY + nearY) return found;
      next = behind(layer, Infinity);
    }
    return -1;
  }

  outOf(i: number): Uint32Array {
    const sorted = (this.#out ??= byKey(this.graph.from, this.size));
    return sorted.order.subarray(sorted.first[i], sorted.first[i + 1]);
  }
  into(i: number): Uint32Array {
    const sorted = (this.#into ??= byKey(this.graph.to, this.size));
    return sorted.order.subarray(sorted.first[i], sorted.first[i + 1]);
  }

  // 1 for a box, all that leads to it, and all that it leads to.
  related(start: number): Uint8Array {
    if (this.#related?.of === start) return this.#related.seen;
    const seen = new Uint8Array(this.size);
    for (const forward of [true, false]) {
      const queue = [start];
      seen[start] = 0;
      for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
        if (seen[i] === (forward ? 1 : 2)) continue;
        seen[i] = forward ? 1 : 2;
        for (const edge of forward ? this.outOf(i) : this.into(i)) queue.push((forward ? this.graph.to : this.graph.from)[edge] as number);
      }
    }
    for (let i = 0; i < seen.length; i++) if (seen[i] !== 0) seen[i] = 1;
    this.#related = { of: start, seen };
    return seen;
  }
}
