// Paths of the page. One pattern a page; everything else is "unknown", which is a page too.
import { linkTo } from "./link.ts";

export type PageName = "campaigns" | "campaign" | "workflow" | "task" | "object" | "model" | "compare" | "energy" | "telemetry" | "query" | "about" | "unknown";

export interface Route {
  readonly page: PageName;
  readonly id: string;
}

const withId: readonly PageName[] = ["campaign", "workflow", "task", "object", "model"];
const alone: readonly PageName[] = ["compare", "energy", "telemetry", "query", "about"];

export function parsePath(path: string): Route {
  const parts = path.split("/").filter((part) => part !== "");
  const [head, id, ...rest] = parts;
  if (head === undefined) return { page: "campaigns", id: "" };
  const page = head as PageName;
  if (rest.length === 0 && id !== undefined && withId.includes(page)) {
    try {
      return { page, id: decodeURIComponent(id) };
    } catch {
      return { page: "unknown", id: path };
    }
  }
  if (id === undefined && alone.includes(page)) return { page, id: "" };
  return { page: "unknown", id: path };
}

export type Thing = "campaign" | "workflow" | "task" | "object" | "model";

export function hrefOf(thing: Thing, id: string): string {
  return linkTo(`/${thing}/${encodeURIComponent(id)}`);
}

export interface Chosen {
  readonly thing: Thing;
  readonly id: string;
}

export function parseChosen(text: string): Chosen | null {
  const at = text.indexOf(":");
  const thing = text.slice(0, at) as Thing;
  const id = text.slice(at + 1);
  return at > 0 && id !== "" && withId.includes(thing) ? { thing, id } : null;
}
