// One answer of the server for as long as a part of the page shows it: asked again when the question
// or the data change, cancelled when it is no longer wanted. What was loaded stays when the server goes.
import { untrack } from "svelte";
import { Refusal } from "../api/client.ts";
import type { Failure } from "../api/answers.ts";
import type { Question } from "./opening.ts";
import { page } from "./page.svelte.ts";
import { server } from "./server.ts";
import { inTurn } from "./turns.ts";

const againMs = 2000;

export class Loaded<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<Failure | null>(null);
  asking = $state(false);
  // Only after 150 ms: a flash of grey says less than nothing.
  slow = $state(false);
  #cancel: AbortController | null = null;
  #again: Question | null = null;
  #later: ReturnType<typeof setTimeout> | undefined;

  async ask(question: Question, same: boolean): Promise<void> {
    // Changes may come faster than answers: let the one under way end, then ask once more.
    if (same && this.asking) {
      this.#again = question;
      return;
    }
    this.#again = null;
    clearTimeout(this.#later);
    this.#cancel?.abort();
    const cancel = new AbortController();
    this.#cancel = cancel;
    if (!same) this.value = null;
    this.failure = same ? this.failure : null;
    this.asking = true;
    const timer = setTimeout(() => (this.slow = true), 150);
    try {
      const get = (): Promise<T> => server.get<T>(question.path, question.query, cancel.signal);
      // What is asked again while the page is live waits for nothing else.
      const answer = question.body !== undefined ? await server.post<T>(question.path, question.body, cancel.signal) : await (same ? get() : inTurn(question.path, get, server.expects(question.path, question.query)));
      if (cancel.signal.aborted) return;
      this.value = answer;
      this.failure = null;
    } catch (error) {
      if (cancel.signal.aborted) return;
      const refused = error instanceof Refusal ? error : null;
      if (!refused) throw error;
      // Loaded data stay usable while the server is away.
      if (!(refused.status === 0 && this.value !== null)) {
        this.failure = refused.failure;
        this.value = null;
      }
      // Another program holds the store, or the server is on its way back: it goes on by itself.
      if (refused.status === 503 || refused.status === 0) this.#later = setTimeout(() => void this.ask(question, true), againMs);
    } finally {
      clearTimeout(timer);
      if (this.#cancel === cancel) {
        this.asking = false;
        this.slow = false;
        const again = this.#again;
        this.#again = null;
        if (again) void this.ask(again, true);
      }
    }
  }

  stop(): void {
    this.#again = null;
    clearTimeout(this.#later);
    this.#cancel?.abort();
    this.asking = false;
  }
}

// Asks now what a part of the page will ask once it is there. Gives what takes it back.
export function askAhead(question: Question): () => void {
  const cancel = new AbortController();
  void inTurn(question.path, () => server.ahead(question.path, question.query, cancel.signal));
  return () => cancel.abort();
}

// Call while a component is set up. `null` asks nothing. `prompt` asks again at each change, `steady`
// every second at most, `calm` every few seconds.
export function load<T>(question: () => Question | null, pace: "prompt" | "steady" | "calm" = "prompt"): Loaded<T> {
  const loaded = new Loaded<T>();
  let before = "";
  let seen = -1;
  $effect(() => {
    const wanted = question();
    const revision = pace === "calm" ? page.calmRevision : pace === "steady" ? page.steadyRevision : page.revision;
    if (!wanted) return;
    const key = JSON.stringify(wanted);
    const same = key === before;
    // Who asks looked again and has the same question of the same data.
    if (same && revision === seen) return;
    before = key;
    seen = revision;
    untrack(() => void loaded.ask(wanted, same));
  });
  $effect(() => () => loaded.stop());
  return loaded;
}
