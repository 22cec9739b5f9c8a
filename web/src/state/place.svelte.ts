// Where the reader is: the path names the page, the query string holds everything else.
import { parseBrush } from "./brush.ts";
import { takeAlong } from "./link.ts";
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

// What belongs to the reader and not to the page. A brush is of one campaign: the page of another has none.
const theme = $derived(params.get("theme") ?? "");
const brush = $derived(params.get("brush") ?? "");
takeAlong((to) => {
  const { page, id } = parsePath(to);
  const keeps = brush !== "" && (page !== "campaign" || id === parseBrush(brush)?.campaign);
  return { ...(theme ? { theme } : {}), ...(keeps ? { brush } : {}) };
});

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
  // To another page, by an address that linkTo() gave. Another source is another page load.
  go(href: string): void {
    const url = new URL(href, location.href);
    if (sourceOf(url.pathname) !== source) {
      location.assign(url.href);
      return;
    }
    if (url.pathname + url.search === location.pathname + search) return;
    history.pushState(null, "", url.pathname + url.search + url.hash);
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
