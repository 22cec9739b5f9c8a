// What is chosen, shared by all views, and kept in the page's address so that a link shows the same.
import { darkTheme, lightTheme, type Theme } from "../views/colour.ts";

export type ThemeChoice = "auto" | "light" | "dark";
type Listener = () => void;

export class State {
  selected: string | null = null;
  hovered: string | null = null;
  choice: ThemeChoice = "auto";
  private readonly kept = new Map<string, string>();
  private readonly listeners: Listener[] = [];
  private readonly system = window.matchMedia("(prefers-color-scheme: dark)");
  private readonly printing = window.matchMedia("print");

  constructor() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const theme = asked.get("theme");
    if (theme === "light" || theme === "dark") this.choice = theme;
    this.selected = asked.get("select");
    for (const [name, value] of asked) if (name !== "theme" && name !== "select") this.kept.set(name, value);
    const changed = (): void => this.apply();
    this.system.addEventListener("change", changed);
    this.printing.addEventListener("change", changed);
    this.apply();
  }

  theme(): Theme {
    if (this.printing.matches) return lightTheme;
    const dark = this.choice === "auto" ? this.system.matches : this.choice === "dark";
    return dark ? darkTheme : lightTheme;
  }

  onChange(listener: Listener): void {
    this.listeners.push(listener);
  }

  select(id: string | null): void {
    if (id === this.selected) return;
    this.selected = id;
    this.remember();
    this.tell();
  }

  hover(id: string | null): void {
    if (id === this.hovered) return;
    this.hovered = id;
    this.tell();
  }

  // What a section shows: its picture, its window. "" is what it shows by itself.
  get(name: string): string {
    return this.kept.get(name) ?? "";
  }

  put(name: string, value: string): void {
    if (value === "") this.kept.delete(name);
    else this.kept.set(name, value);
    this.remember();
  }

  setTheme(choice: ThemeChoice): void {
    this.choice = choice;
    this.remember();
    this.apply();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.theme().dark ? "dark" : "light";
    this.tell();
  }

  private remember(): void {
    const asked = new URLSearchParams();
    if (this.choice !== "auto") asked.set("theme", this.choice);
    if (this.selected) asked.set("select", this.selected);
    for (const [name, value] of this.kept) asked.set(name, value);
    const hash = asked.toString();
    try {
      history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    } catch {
      // A page inside another, as in a notebook, has no address of its own.
    }
  }

  tell(): void {
    for (const listener of this.listeners) listener();
  }
}
