// Asks the server. An answer that has not changed comes back as the same object, so that nothing is
// drawn again; a refusal comes as the server worded it; no answer at all is told apart from both.
import { source } from "../state/source.ts";
import type { Failure, Numbers } from "./answers.ts";

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export class Refusal extends Error {
  constructor(
    readonly failure: Failure,
    readonly status: number, // 0: the server could not be reached
  ) {
    super(failure.what);
  }
}

export const base = `${source}/api/v1`;

export function addressOf(path: string, query: Query = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "" && value !== false) words.set(name, String(value));
  }
  const text = words.toString();
  return `${base}${path}${text ? `?${text}` : ""}`;
}

const unreachable: Failure = {
  kind: "unreachable",
  what: "The server does not answer.",
  why: "headrace ui or headrace serve was stopped, or the tunnel to it is down.",
  next: "Start it again; this page goes on by itself.",
  at: null,
};

function failureOf(body: unknown, status: number): Failure {
  const told = (body as { error?: Partial<Failure> } | null)?.error;
  const text = (value: unknown, other: string): string => (typeof value === "string" && value !== "" ? value : other);
  return {
    kind: text(told?.kind, "unknown"),
    what: text(told?.what, `The server answered with status ${status}.`),
    why: text(told?.why, ""),
    next: text(told?.next, status === 401 || status === 403 ? "Open the address that headrace ui printed; it holds the key." : ""),
    at: typeof told?.at === "number" ? told.at : null,
  };
}

export interface Client {
  // Asks already; the next get of the same takes this answer. Asked for twice, it is one question.
  // Over once the answer was taken, or nobody wants it any more.
  ahead(path: string, query?: Query, signal?: AbortSignal): Promise<void>;
  // Whether the next get of this takes an answer that was asked for ahead.
  expects(path: string, query?: Query): boolean;
  // Whether all answers so far and those under way are of this state of the store, and there is one.
  isAllOf(watermark: string): Promise<boolean>;
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T>;
  // What changes something: tags and notes.
  send<T>(method: "PATCH" | "PUT", path: string, body: unknown): Promise<T>;
}

export function client(ask: typeof fetch = (...given) => fetch(...given), keep = 96): Client {
  const kept = new Map<string, { tag: string; value: unknown }>();
  let onlyTag = ""; // of all answers
  let areSame = true;
  const underWay = new Set<Promise<unknown>>();
  const exchange = <T>(url: string, init: RequestInit): Promise<T> => {
    const one = answered<T>(url, init);
    const end = (): unknown => underWay.delete(one);
    underWay.add(one);
    one.then(end, end);
    return one;
  };
  const answered = async <T>(url: string, init: RequestInit): Promise<T> => {
    const held = kept.get(url);
    const headers: Record<string, string> = { Accept: "application/json" };
    if (init.body) headers["Content-Type"] = "application/json";
    else if (held) headers["If-None-Match"] = held.tag;
    let response: Response;
    try {
      response = await ask(url, { credentials: "same-origin", ...init, headers });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Refusal(unreachable, 0);
    }
    if (response.status === 304 && held) return held.value as T;
    let body: unknown = null;
    try {
      body = await response.json();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      if (response.ok) throw new Refusal({ ...unreachable, kind: "broken", what: "The answer broke off.", why: "The connection ended before the answer did.", next: "Ask again." }, response.status);
    }
    if (!response.ok) throw new Refusal(failureOf(body, response.status), response.status);
    const tag = response.headers.get("ETag");
    if (tag) {
      areSame &&= onlyTag === "" || onlyTag === tag;
      onlyTag = tag;
    }
    if (tag && !init.body) {
      kept.delete(url);
      kept.set(url, { tag, value: body });
      const oldest = kept.keys().next().value;
      if (kept.size > keep && oldest !== undefined) kept.delete(oldest);
    }
    return body as T;
  };
  const coming = new Map<string, { answer: Promise<unknown>; over: () => void }>();
  const take = (url: string): Promise<unknown> | undefined => {
    const one = coming.get(url);
    coming.delete(url);
    one?.over();
    return one?.answer;
  };
  const given = (signal: AbortSignal | undefined): RequestInit => (signal ? { signal } : {});
  return {
    ahead(path, query, signal) {
      const url = addressOf(path, query);
      if (coming.has(url)) return Promise.resolve();
      return new Promise((over) => {
        const one = { answer: exchange(url, given(signal)), over };
        coming.set(url, one);
        const drop = (): void => void (coming.get(url) === one && take(url));
        signal?.addEventListener("abort", drop);
        // Whoever takes it hears of a failure; not taken soon, it is too old.
        const old = (): unknown => setTimeout(drop, 2000);
        one.answer.then(old, old);
      });
    },
    expects: (path, query) => coming.has(addressOf(path, query)),
    async isAllOf(watermark) {
      await Promise.allSettled(underWay);
      return areSame && watermark !== "" && onlyTag === `W/"${watermark}"`;
    },
    get<T>(path: string, query?: Query, signal?: AbortSignal) {
      const url = addressOf(path, query);
      return (take(url) as Promise<T> | undefined) ?? exchange<T>(url, given(signal));
    },
    post: (path, body, signal) => exchange(addressOf(path), { method: "POST", body: JSON.stringify(body), ...given(signal) }),
    send: (method, path, body) => exchange(addressOf(path), { method, body: JSON.stringify(body) }),
  };
}

// Numbers of a chart, NaN where there is none.
export function numbers(column: Numbers): Float64Array {
  // Not Float64Array.from: that goes by an iterator, ten times as slow.
  const out = new Float64Array(column.length);
  for (let i = 0; i < out.length; i++) out[i] = column[i] ?? NaN;
  return out;
}
