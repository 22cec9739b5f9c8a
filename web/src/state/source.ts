// Which of the folders and stores that a server shows this page is of: the address begins with
// "/s/NAME", and without that it means the first one.
export function sourceOf(pathname: string): string {
  return /^\/s\/[^/]+/.exec(pathname)?.[0] ?? "";
}

// Never changes while the page is open: another source is another page.
export const source = typeof location === "undefined" ? "" : sourceOf(location.pathname);
