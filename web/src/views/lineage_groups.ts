// Folds objects that came from the same tasks and went into the same tasks: 79 raw files read by one
// task are one box that says 79, until someone opens it.
import type { LineageEdge, LineageNode } from "../api/report.ts";

export interface Box {
  readonly id: string;
  readonly members: readonly LineageNode[];
  readonly first: LineageNode;
}

export interface Link {
  readonly from: number;
  readonly to: number;
  readonly relation: LineageEdge["relation"];
  readonly exact: boolean;
  readonly name: string | null;
  readonly count: number;
}

export interface Folded {
  readonly boxes: readonly Box[];
  readonly links: readonly Link[];
}

const smallestGroup = 3;

export function fold(
  nodes: readonly LineageNode[],
  edges: readonly LineageEdge[],
  keep: string,
  opened: ReadonlySet<string>,
): Folded {
  const known = new Set(nodes.map((n) => n.id));
  const ends = new Map<string, string[]>();
  for (const edge of edges) {
    if (!known.has(edge.from) || !known.has(edge.to)) continue;
    const mark = edge.exact ? "" : "?";
    (ends.get(edge.from) ?? ends.set(edge.from, []).get(edge.from))?.push(`>${edge.to}${mark}`);
    (ends.get(edge.to) ?? ends.set(edge.to, []).get(edge.to))?.push(`<${edge.from}${mark}`);
  }
  const groups = new Map<string, LineageNode[]>();
  for (const node of nodes) {
    const key =
      node.kind === "object" && node.id !== keep
        ? `${node.type}|${[...new Set(ends.get(node.id) ?? [])].sort().join("|")}`
        : node.id;
    (groups.get(key) ?? groups.set(key, []).get(key))?.push(node);
  }
  const boxes: Box[] = [];
  const boxOf = new Map<string, number>();
  const add = (id: string, members: readonly LineageNode[]): void => {
    for (const member of members) boxOf.set(member.id, boxes.length);
    boxes.push({ id, members, first: members[0] as LineageNode });
  };
  for (const members of groups.values()) {
    const id = `group:${(members[0] as LineageNode).id}`;
    if (members.length >= smallestGroup && !opened.has(id)) add(id, members);
    else for (const member of members) add(member.id, [member]);
  }
  const links = new Map<string, { -readonly [K in keyof Link]: Link[K] }>();
  for (const edge of edges) {
    const [from, to] = [boxOf.get(edge.from), boxOf.get(edge.to)];
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from}>${to}`;
    const same = links.get(key);
    if (same) {
      same.count++;
      same.exact &&= edge.exact;
      if (same.name !== edge.name) same.name = null;
    } else {
      links.set(key, { from, to, relation: edge.relation, exact: edge.exact, name: edge.name, count: 1 });
    }
  }
  return { boxes, links: [...links.values()] };
}
