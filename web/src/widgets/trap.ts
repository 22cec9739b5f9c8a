// Keeps the focus inside a panel and gives it back where it was.
export function trap(node: HTMLElement): () => void {
  const before = document.activeElement as HTMLElement | null;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Tab") return;
    const stops = [...node.querySelectorAll<HTMLElement>("input, button, a[href], [tabindex='0']")];
    const [first, last] = [stops[0], stops[stops.length - 1]];
    if (!first || !last) return;
    if (event.shiftKey && document.activeElement === first) last.focus();
    else if (!event.shiftKey && document.activeElement === last) first.focus();
    else return;
    event.preventDefault();
  };
  node.addEventListener("keydown", onKey);
  (node.querySelector<HTMLElement>("input, button") ?? node).focus();
  return () => {
    node.removeEventListener("keydown", onKey);
    before?.focus();
  };
}
