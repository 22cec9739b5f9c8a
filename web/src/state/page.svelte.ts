// What all parts of the page share: the theme, what is chosen, whether the server is there, the
// levels above the page, and the commands that keys and the palette offer.
import { untrack } from "svelte";
import type { Change, HealthAnswer } from "../api/answers.ts";
import { listen } from "../api/event_stream.ts";
import { darkTheme, lightTheme, type Theme } from "../views/colour.ts";
import { place } from "./place.svelte.ts";
import { parseChosen, type Chosen, type Thing } from "./route.ts";
import { server } from "./server.ts";

export interface Level {
  readonly name: string;
  readonly label: string;
  readonly href?: string;
}

// Where the keys lead from here: to what stands beside it, and to what matters most one level down.
export interface Beside {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly down?: string | undefined;
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
// Derived: who looks at it is not told of the first opening, which changes nothing of it.
const connected = $derived(listening || !everListened);
let following = $state(true);
let lostAt = $state(0);
let revision = $state(0);
// Pictures wait a little, so that rows are not kept waiting by them, and what is dear waits longer.
const paces = { steady: 1000, calm: 4000 } as const;
const slower = $state({ steady: 0, calm: 0 });
const timers: Partial<Record<keyof typeof paces, ReturnType<typeof setTimeout>>> = {};
let levels = $state.raw<readonly Level[]>([]);
let beside = $state.raw<Beside>({});
let commands = $state.raw<readonly { owner: symbol; list: readonly Command[] }[]>([]);
let said = $state("");
let health = $state.raw<HealthAnswer | null>(null);

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
  // The same, but at most every second: for what is drawn of everything.
  get steadyRevision(): number {
    return slower.steady;
  },
  // At most every few seconds: for what costs the server most and changes least.
  get calmRevision(): number {
    return slower.calm;
  },
  // What the server last said of itself and of losses.
  get health(): HealthAnswer | null {
    return health;
  },
  hearHealth(told: HealthAnswer): void {
    health = told;
  },
  get connected(): boolean {
    return connected;
  },
  get lostAt(): number {
    return lostAt;
  },
  get following(): boolean {
    return following;
  },
  follow(on: boolean): void {
    following = on;
    if (on) renew();
  },
  refresh(): void {
    renew();
  },
  get levels(): readonly Level[] {
    return levels;
  },
  get beside(): Beside {
    return beside;
  },
  stand(next: readonly Level[], title: string, near: Beside = {}): void {
    levels = next;
    beside = near;
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

function renew(): void {
  revision++;
  slower.steady++;
  slower.calm++;
}

function ahead(): void {
  revision++;
  for (const pace of ["steady", "calm"] as const) {
    timers[pace] ??= setTimeout(() => {
      delete timers[pace];
      slower[pace]++;
    }, paces[pace]);
  }
}

// A workflow's page is still while only others change.
function concerns(next: Change): boolean {
  const { page: shown, id } = place.route;
  return shown !== "workflow" || next.all || next.workflows.includes(id);
}

export function hear(): () => void {
  let isFirst = true;
  const ears = listen({
    async onChange(next) {
      change = next;
      if (!following || !concerns(next)) return;
      // The first event says what there is: most often just what the page was opened on.
      const wasFirst = isFirst;
      isFirst = false;
      if (!(wasFirst && (await server.isAllOf(next.watermark)))) ahead();
    },
    onState(open) {
      if (open && !listening && everListened) renew();
      if (!open && listening) lostAt = Date.now();
      listening = open;
      everListened ||= open;
    },
  });
  return () => ears.close();
}
