// Tags as words: {keep: true, paper: "draft2"} is "keep" and "paper=draft2".
import type { Cell } from "../api/answers.ts";

export interface Tag {
  readonly name: string;
  readonly word: string;
}

export function tagsOf(tags: Cell | undefined): Tag[] {
  if (tags === null || tags === undefined || typeof tags !== "object" || Array.isArray(tags)) return [];
  return Object.entries(tags).map(([name, value]) => ({ name, word: value === true || value === null || value === "" ? name : `${name}=${typeof value === "string" ? value : JSON.stringify(value)}` }));
}
