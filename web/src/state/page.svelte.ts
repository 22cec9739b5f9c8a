// What all parts of the page share: the theme, what is chosen, whether the server is there, the
// levels above the page, and the commands that keys and the palette offer.
import { untrack } from "svelte";
import type { Change } from "../api/answers.ts";
import { client } from "../api/client.ts";
import { listen } from "../api/event_stream.ts";
import { darkTheme, lightTheme, type Theme } from "../views/colour.ts";
import { place } from "./place.svelte.ts";
import { parseChosen, type Chosen, type Thing } from "./route.ts";

export const server = client();

export interface Level {
  readonly name: string;
  readonly label: string;
  readonly href?: string;
}

export interface Command {
  readonly name: string;
  readonly keys?: string;
  readonly group?: string;
  run(): void;
}

const systemDark = matchMedia("(prefers-color-scheme: dark)");
let dark = $state(systemDark.matches);
systemDark.addEventListener("change", () => (dark = systemDark.matches));

let change = $state.raw<Change | null>(null);
let listening = $state(false);
let everListened = $state(false);
let following = $state(true);
let lostAt = $state(0);
let revision = $state(0);
let levels = $state.raw<readonly Level[]>([]);
let siblings = $state.raw<{ before?: string; after?: string }>({});
let commands = $state.raw<readonly { owner: symbol; list: readonly Command[] }[]>([]);
let said = $state("");

export type ThemeChoice = "auto" | "light" | "dark";
const choices: readonly ThemeChoice[] = ["auto", "light", "dark"];
const isDark = $derived.by(() => {
  const wanted = place.get("theme");
  return wanted === "dark" || (wanted !== "light" && dark);
});
const chosen = $derived(parseChosen(place.get("sel")));

export const page = {
  get theme(): Theme {
    return isDark ? darkTheme : lightTheme;
  },
  get themeChoice(): ThemeChoice {
    const wanted = place.get("theme") as ThemeChoice;
    return choices.includes(wanted) ? wanted : "auto";
  },
  nextTheme(): void {
    const next = choices[(choices.indexOf(page.themeChoice) + 1) % choices.length] as ThemeChoice;
    place.put({ theme: next === "auto" ? null : next });
  },
  get chosen(): Chosen | null {
    return chosen;
  },
  choose(thing: Thing | null, id = ""): void {
    place.put({ sel: thing && id ? `${thing}:${id}` : null });
  },
  get change(): Change | null {
    return change;
  },
  // Goes up whenever there is something new to ask for.
  get revision(): number {
    return revision;
  },
  get connected(): boolean {
    return listening || !everListened;
  },
  get lostAt(): number {
    return lostAt;
  },
  get following(): boolean {
    return following;
  },
  follow(on: boolean): void {
    following = on;
    if (on) revision++;
  },
  refresh(): void {
    revision++;
  },
  get levels(): readonly Level[] {
    return levels;
  },
  get siblings(): { before?: string; after?: string } {
    return siblings;
  },
  stand(next: readonly Level[], title: string, beside: { before?: string; after?: string } = {}): void {
    levels = next;
    siblings = beside;
    document.title = `${title} · Headrace`;
  },
  get commands(): readonly Command[] {
    return commands.flatMap((one) => one.list);
  },
  offer(list: readonly Command[]): () => void {
    const owner = Symbol();
    // The newest first: what is nearest to the reader wins a key.
    commands = [{ owner, list }, ...untrack(() => commands)];
    return () => (commands = untrack(() => commands).filter((one) => one.owner !== owner));
  },
  // One line for those who listen and for the foot of the page.
  get said(): string {
    return said;
  },
  say(text: string): void {
    said = text;
    setTimeout(() => {
      if (said === text) said = "";
    }, 3000);
  },
  async copy(text: string, what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      page.say(`${what} copied`);
    } catch {
      page.say("The browser did not allow copying");
    }
  },
};

export function hear(): () => void {
  const ears = listen({
    onChange(next) {
      change = next;
      if (following) revision++;
    },
    onState(open) {
      if (open && !listening && everListened) revision++;
      if (!open && listening) lostAt = Date.now();
      listening = open;
      everListened ||= open;
    },
  });
  return () => ears.close();
}
