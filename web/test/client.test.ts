import { describe, expect, it } from "vitest";
import { addressOf, client, numbers, Refusal } from "../src/api/client.ts";
import { changeOf, listen, type EventSourceLike } from "../src/api/event_stream.ts";

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(status === 304 ? null : JSON.stringify(body), { status, headers });

describe("client", () => {
  it("leaves out what is not asked", () => {
    expect(addressOf("/tasks", { filter: "a b&c", sort: "", limit: 5, all: false, x: null })).toBe("/api/v1/tasks?filter=a+b%26c&limit=5");
  });

  it("gives the same object when nothing changed", async () => {
    const seen: (string | undefined)[] = [];
    const server = client(async (_, init) => {
      const tag = (init?.headers as Record<string, string>)["If-None-Match"];
      seen.push(tag);
      return tag === '"1"' ? answer(304, null) : answer(200, { rows: [1] }, { ETag: '"1"' });
    });
    const first = await server.get("/tasks");
    expect(await server.get("/tasks")).toBe(first);
    expect(seen).toEqual([undefined, '"1"']);
  });

  it("passes on what the server said when it refuses", async () => {
    const failure = { kind: "invalid_argument", what: "no", why: "because", next: "do", at: 4 };
    const server = client(async () => answer(400, { error: failure }));
    await expect(server.post("/sql", { sql: "x" })).rejects.toMatchObject({ status: 400, failure });
  });

  it("says what it can of a refusal without words", async () => {
    const server = client(async () => new Response("<html>", { status: 502 }));
    await expect(server.get("/tasks")).rejects.toMatchObject({ status: 502, failure: { what: "The server answered with status 502.", at: null } });
  });

  it("tells a server that is gone from one that refuses", async () => {
    const server = client(async () => Promise.reject(new TypeError("fetch failed")));
    await expect(server.get("/tasks")).rejects.toMatchObject({ status: 0, failure: { kind: "unreachable" } });
  });

  it("tells an answer that broke off", async () => {
    const server = client(async () => new Response('{"rows":[', { status: 200 }));
    await expect(server.get("/tasks")).rejects.toBeInstanceOf(Refusal);
  });

  it("lets a cancelled question be cancelled", async () => {
    const server = client(async () => Promise.reject(new DOMException("gone", "AbortError")));
    await expect(server.get("/tasks")).rejects.toMatchObject({ name: "AbortError" });
  });

  it("hands on what was asked ahead, once", async () => {
    let asked = 0;
    const server = client(async () => answer(++asked === 1 ? 200 : 400, { rows: [asked] }));
    let over = false;
    const ahead = server.ahead("/timeline", { width: 100 }).then(() => (over = true));
    await new Promise((go) => setTimeout(go));
    expect(over).toBe(false);
    expect(await server.get("/timeline", { width: 100 })).toEqual({ rows: [1] });
    await ahead;
    await expect(server.get("/timeline", { width: 100 })).rejects.toBeInstanceOf(Refusal);
    void server.ahead("/timeline");
    await expect(server.get("/timeline")).rejects.toBeInstanceOf(Refusal);
    expect(asked).toBe(3);
  });

  it("gives nobody the answer to what was taken back", async () => {
    const given = new AbortController();
    const server = client(async (_, init) => new Promise((answered, refused) => {
      init?.signal?.addEventListener("abort", () => refused(new DOMException("gone", "AbortError")));
      if (!init?.signal) answered(answer(200, { rows: [1] }));
    }));
    const ahead = server.ahead("/timeline", {}, given.signal);
    given.abort();
    await ahead;
    expect(server.expects("/timeline")).toBe(false);
    expect(await server.get("/timeline")).toEqual({ rows: [1] });
  });

  it("asks ahead once, and knows of which state its answers are", async () => {
    let asked = 0;
    const server = client(async () => answer(200, { rows: [++asked] }, { ETag: `W/"${Math.min(asked, 2)}"` }));
    expect(await server.isAllOf("1")).toBe(false);
    const both = [server.ahead("/timeline"), server.ahead("/timeline")];
    expect(server.expects("/timeline")).toBe(true);
    await server.get("/timeline");
    expect(server.expects("/timeline")).toBe(false);
    await Promise.all(both);
    expect(asked).toBe(1);
    expect(await server.isAllOf("1")).toBe(true);
    // Of what is under way too.
    const health = server.get("/health");
    expect(await server.isAllOf("1")).toBe(false);
    await health;
  });

  it("forgets the oldest answer", async () => {
    const tags: string[] = [];
    const server = client(async (url, init) => {
      tags.push((init?.headers as Record<string, string>)["If-None-Match"] ?? "");
      return answer(200, {}, { ETag: String(url) });
    }, 1);
    await server.get("/a");
    await server.get("/b");
    await server.get("/a");
    expect(tags).toEqual(["", "", ""]);
  });

  it("reads a missing number as NaN, not as zero", () => {
    expect([...numbers([1, null, 0])]).toEqual([1, NaN, 0]);
  });
});

class Source implements EventSourceLike {
  readyState = 1;
  readonly heard = new Map<string, (event: MessageEvent<string>) => void>();
  constructor(readonly url: string) {}
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.heard.set(type, listener);
  }
  close(): void {
    this.readyState = 2;
  }
  tell(type: string, data = "", id = ""): void {
    this.heard.get(type)?.({ data, lastEventId: id } as MessageEvent<string>);
  }
}

describe("event stream", () => {
  it("reads a change, and nothing from what is none", () => {
    expect(changeOf('{"tasks":7,"failed":"x","workflows":["a",1],"all":false,"late_s":0.5}', "w9")).toEqual({ workflows: ["a"], all: false, tasks: 7, failed: 0, running: 0, late_s: 0.5, watermark: "w9" });
    expect(changeOf("not JSON", "")).toBeNull();
  });

  it("opens again from the last change when the browser has given up", async () => {
    const sources: Source[] = [];
    const states: boolean[] = [];
    const tasks: number[] = [];
    const ears = listen({ onChange: (change) => tasks.push(change.tasks), onState: (open) => states.push(open) }, (url) => {
      const source = new Source(url);
      sources.push(source);
      return source;
    });
    sources[0]?.tell("open");
    sources[0]?.tell("changed", '{"tasks":3}', "w3");
    (sources[0] as Source).readyState = 2;
    sources[0]?.tell("error");
    await new Promise((done) => setTimeout(done, 600));
    expect(sources.map((source) => source.url)).toEqual(["/api/v1/events", "/api/v1/events?last_event_id=w3"]);
    expect(states).toEqual([true, false]);
    expect(tasks).toEqual([3]);
    ears.close();
    expect(sources[1]?.readyState).toBe(2);
  });
});
