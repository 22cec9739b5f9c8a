// A layered drawing of a small graph: layers by longest path, long edges routed through dummies,
// order by barycentre sweeps, positions by least squares with a smallest distance kept.

export interface LayoutNode {
  readonly along: number; // size in the direction of the flow
  readonly across: number;
}

export interface LayoutEdge {
  readonly from: number;
  readonly to: number;
}

export interface Placed {
  readonly layer: number;
  readonly along: number; // centre
  readonly across: number; // centre
}

export interface Layout {
  readonly nodes: readonly Placed[];
  // For each edge the points where it passes the layers between its ends, in the edge's direction.
  readonly routes: readonly (readonly { along: number; across: number }[])[];
  readonly along: number;
  readonly across: number;
  readonly layers: number;
}

// Longest path from the sources. An edge that would close a cycle does not count.
export function layersOf(count: number, edges: readonly LayoutEdge[]): { layer: Int32Array; back: boolean[] } {
  const out: number[][] = Array.from({ length: count }, () => []);
  edges.forEach((edge, i) => (out[edge.from] as number[]).push(i));
  const state = new Uint8Array(count); // 0 new, 1 open, 2 done
  const back = edges.map(() => false);
  const finished: number[] = [];
  for (let root = 0; root < count; root++) {
    if (state[root] !== 0) continue;
    const stack: [number, number][] = [[root, 0]];
    state[root] = 1;
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as [number, number];
      const edge = (out[top[0]] as number[])[top[1]++];
      if (edge === undefined) {
        state[top[0]] = 2;
        finished.push(top[0]);
        stack.pop();
        continue;
      }
      const next = (edges[edge] as LayoutEdge).to;
      if (state[next] === 1) back[edge] = true;
      else if (state[next] === 0) {
        state[next] = 1;
        stack.push([next, 0]);
      }
    }
  }
  const layer = new Int32Array(count);
  for (const node of finished.reverse()) {
    for (const edge of out[node] as number[]) {
      if (back[edge]) continue;
      const to = (edges[edge] as LayoutEdge).to;
      layer[to] = Math.max(layer[to] as number, (layer[node] as number) + 1);
    }
  }
  // A source stands right before what uses it, not at the far end.
  const hasInput = new Uint8Array(count);
  edges.forEach((edge, i) => {
    if (!back[i]) hasInput[edge.to] = 1;
  });
  for (let node = 0; node < count; node++) {
    const uses = (out[node] as number[]).filter((edge) => !back[edge]);
    if (hasInput[node] || uses.length === 0) continue;
    layer[node] = Math.min(...uses.map((edge) => layer[(edges[edge] as LayoutEdge).to] as number)) - 1;
  }
  return { layer, back };
}

// Positions nearest to the wanted ones that keep the order and the gaps (pool adjacent violators).
export function spread(wanted: readonly number[], gaps: readonly number[]): number[] {
  const offsets: number[] = [];
  let offset = 0;
  wanted.forEach((_, i) => {
    if (i > 0) offset += gaps[i - 1] as number;
    offsets.push(offset);
  });
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((want, i) => {
    blocks.push({ sum: want - (offsets[i] as number), count: 1 });
    for (;;) {
      const last = blocks[blocks.length - 1] as { sum: number; count: number };
      const before = blocks[blocks.length - 2];
      if (!before || before.sum / before.count <= last.sum / last.count) break;
      before.sum += last.sum;
      before.count += last.count;
      blocks.pop();
    }
  });
  return blocks.flatMap((b) => Array.from({ length: b.count }, () => b.sum / b.count)).map((base, i) => base + (offsets[i] as number));
}

interface Cell {
  readonly node: number; // -1: a dummy
  readonly across: number;
  order: number;
  position: number;
  readonly before: number[];
  readonly after: number[];
}

function crossings(layers: readonly (readonly number[])[], cells: readonly Cell[]): number {
  let count = 0;
  for (const layer of layers) {
    const pairs = layer.flatMap((id) => (cells[id] as Cell).after.map((to) => [(cells[id] as Cell).order, (cells[to] as Cell).order] as const));
    for (let i = 0; i < pairs.length; i++) {
      for (let j = i + 1; j < pairs.length; j++) {
        const [a, b] = [pairs[i] as readonly [number, number], pairs[j] as readonly [number, number]];
        if ((a[0] - b[0]) * (a[1] - b[1]) < 0) count++;
      }
    }
  }
  return count;
}

export function layout(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  layerGap: number,
  nodeGap: number,
): Layout {
  const { layer, back } = layersOf(nodes.length, edges);
  const depth = nodes.length === 0 ? 0 : Math.max(...layer) + 1;
  const cells: Cell[] = nodes.map((node, i) => ({ node: i, across: node.across, order: 0, position: 0, before: [], after: [] }));
  const layers: number[][] = Array.from({ length: depth }, () => []);
  nodes.forEach((_, i) => (layers[layer[i] as number] as number[]).push(i));
  const chains = edges.map((edge, i) => {
    const [from, to] = back[i] ? [edge.to, edge.from] : [edge.from, edge.to];
    const chain = [from];
    for (let at = (layer[from] as number) + 1; at < (layer[to] as number); at++) {
      const dummy = cells.length;
      cells.push({ node: -1, across: 6, order: 0, position: 0, before: [], after: [] });
      (layers[at] as number[]).push(dummy);
      chain.push(dummy);
    }
    chain.push(to);
    for (let at = 1; at < chain.length; at++) {
      const [a, b] = [chain[at - 1] as number, chain[at] as number];
      (cells[a] as Cell).after.push(b);
      (cells[b] as Cell).before.push(a);
    }
    return chain;
  });

  const number = (): void => layers.forEach((ids) => ids.forEach((id, at) => ((cells[id] as Cell).order = at)));
  number();
  const mean = (ids: readonly number[], of: (cell: Cell) => number, fallback: number): number =>
    ids.length === 0 ? fallback : ids.reduce((sum, id) => sum + of(cells[id] as Cell), 0) / ids.length;
  let best = layers.map((ids) => [...ids]);
  let least = crossings(layers, cells);
  for (let sweep = 0; sweep < 12 && least > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (const ids of down ? layers : [...layers].reverse()) {
      const keys = new Map(ids.map((id) => {
        const cell = cells[id] as Cell;
        return [id, mean(down ? cell.before : cell.after, (c) => c.order, cell.order)];
      }));
      ids.sort((a, b) => (keys.get(a) as number) - (keys.get(b) as number));
      ids.forEach((id, at) => ((cells[id] as Cell).order = at));
    }
    const now = crossings(layers, cells);
    if (now < least) {
      least = now;
      best = layers.map((ids) => [...ids]);
    }
  }
  best.forEach((ids, at) => (layers[at] = ids));
  number();

  const gapsOf = (ids: readonly number[]): number[] =>
    ids.slice(1).map((id, i) => ((cells[ids[i] as number] as Cell).across + (cells[id] as Cell).across) / 2 + nodeGap);
  for (const ids of layers) {
    spread(ids.map(() => 0), gapsOf(ids)).forEach((p, i) => ((cells[ids[i] as number] as Cell).position = p));
  }
  for (let sweep = 0; sweep < 16; sweep++) {
    const down = sweep % 2 === 0;
    for (const ids of down ? layers : [...layers].reverse()) {
      const wanted = ids.map((id) => {
        const cell = cells[id] as Cell;
        return mean(down ? cell.before : cell.after, (c) => c.position, cell.position);
      });
      spread(wanted, gapsOf(ids)).forEach((p, i) => ((cells[ids[i] as number] as Cell).position = p));
    }
  }

  let low = Infinity;
  let high = -Infinity;
  for (const cell of cells) {
    low = Math.min(low, cell.position - cell.across / 2);
    high = Math.max(high, cell.position + cell.across / 2);
  }
  if (low > high) low = high = 0;
  const centre: number[] = [];
  let along = 0;
  for (const ids of layers) {
    const size = Math.max(0, ...ids.map((id) => nodes[id]?.along ?? 0));
    centre.push(along + size / 2);
    along += size + layerGap;
  }
  const at = (id: number, level: number): { along: number; across: number } => ({
    along: centre[level] as number,
    across: (cells[id] as Cell).position - low,
  });
  return {
    nodes: nodes.map((_, i) => ({ layer: layer[i] as number, ...at(i, layer[i] as number) })),
    routes: chains.map((chain, i) => {
      const first = layer[chain[0] as number] as number;
      const points = chain.slice(1, -1).map((id, step) => at(id, first + 1 + step));
      return back[i] ? points.reverse() : points;
    }),
    along: Math.max(0, along - layerGap),
    across: high - low,
    layers: depth,
  };
}
