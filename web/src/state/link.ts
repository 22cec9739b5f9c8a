// Addresses of this page as a browser reads them, so that a link also leads there in a new tab: with the
// source that the page is of, and with what goes along with the reader (colours, the brush).
import { source } from "./source.ts";

let along: (path: string) => Readonly<Record<string, string>> = () => ({});

// What a link to a path takes along, by the name of its parameter.
export function takeAlong(what: typeof along): void {
  along = what;
}

// `path` as within the source: "/energy", "/task/ID#why".
export function linkTo(path: string): string {
  const [, plain, query, hash] = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/.exec(path) as unknown as [string, string, string | undefined, string | undefined];
  const words = new URLSearchParams(query);
  for (const [name, value] of Object.entries(along(plain))) if (!words.has(name)) words.set(name, value);
  const text = words.toString();
  return `${source}${plain}${text ? `?${text}` : ""}${hash ?? ""}`;
}
