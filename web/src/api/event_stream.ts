// Hears of changes. The browser's EventSource resumes with the last id by itself; when it gives up
// (a refused or ended connection) this opens it again, waiting longer each time.
import type { Change } from "./answers.ts";
import { base } from "./client.ts";

export interface Listening {
  close(): void;
}

export interface EventSourceLike {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
  readonly readyState: number;
}

export interface Ears {
  onChange(change: Change): void;
  onState(open: boolean): void;
}

const closed = 2;
const shortestMs = 500;
const longestMs = 10_000;

export function changeOf(text: string, id: string): Change | null {
  try {
    const told = JSON.parse(text) as Partial<Record<keyof Change, unknown>>;
    const count = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
    return {
      workflows: Array.isArray(told.workflows) ? told.workflows.filter((one) => typeof one === "string") : [],
      all: told.all !== false,
      tasks: count(told.tasks),
      failed: count(told.failed),
      running: count(told.running),
      late_s: count(told.late_s),
      watermark: typeof told.watermark === "string" ? told.watermark : id,
    };
  } catch {
    return null;
  }
}

export function listen(ears: Ears, open: (url: string) => EventSourceLike = (url) => new EventSource(url)): Listening {
  let source: EventSourceLike | null = null;
  let waitMs = shortestMs;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = "";
  let done = false;
  const start = (): void => {
    const words = last ? `?last_event_id=${encodeURIComponent(last)}` : "";
    const mine = open(`${base}/events${words}`);
    source = mine;
    mine.addEventListener("open", () => {
      waitMs = shortestMs;
      ears.onState(true);
    });
    mine.addEventListener("changed", (event) => {
      last = event.lastEventId || last;
      const change = changeOf(event.data, last);
      if (change) ears.onChange(change);
    });
    mine.addEventListener("error", () => {
      ears.onState(false);
      if (mine.readyState !== closed || done) return;
      clearTimeout(timer);
      timer = setTimeout(start, waitMs);
      waitMs = Math.min(longestMs, waitMs * 2);
    });
  };
  start();
  return {
    close() {
      done = true;
      clearTimeout(timer);
      source?.close();
    },
  };
}
