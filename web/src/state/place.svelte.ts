// Where the reader is: the path names the page, the query string holds everything else.
import { parsePath, type Route } from "./route.ts";
import { source, sourceOf } from "./source.ts";

const within = (): string => location.pathname.slice(source.length) || "/";

let path = $state(within());
let search = $state(location.search);
const route = $derived(parsePath(path));
const params = $derived(new URLSearchParams(search));

function read(): void {
  path = within();
  search = location.search;
}
addEventListener("popstate", read);

export const place = {
  get route(): Route {
    return route;
  },
  get path(): string {
    return path;
  },
  get(name: string): string {
    return params.get(name) ?? "";
  },
  has(name: string): boolean {
    return params.has(name);
  },
  // To another page. What belongs to the reader and not to the page (the theme) goes along.
  go(href: string): void {
    const url = new URL(href, location.href);
    if (sourceOf(url.pathname)) {
      location.assign(url.href);
      return;
    }
    const theme = params.get("theme");
    if (theme && !url.searchParams.has("theme")) url.searchParams.set("theme", theme);
    if (url.pathname + url.search === path + search) return;
    history.pushState(null, "", source + url.pathname + url.search);
    read();
    scrollTo(0, 0);
  },
  // On the same page. Continuous things (a zoom) replace the entry, choices add one to go back to.
  put(changes: Readonly<Record<string, string | number | null>>, how: "replace" | "push" = "replace"): void {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === "") next.delete(name);
      else next.set(name, String(value));
    }
    const text = next.toString();
    const wanted = text ? `?${text}` : "";
    if (wanted === search) return;
    if (how === "push") history.pushState(null, "", source + path + wanted);
    else history.replaceState(null, "", source + path + wanted);
    read();
  },
};
