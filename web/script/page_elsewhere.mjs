// A browser that was let in opens pages of others, which try to read, to change and to embed what
// this server has; fails with what they got.
//   node script/page_elsewhere.mjs URL        URL opens once
import { createServer } from "node:http";
import { withPage } from "./browser.mjs";
import { check, wrong } from "./page_checks.mjs";

const [url] = process.argv.slice(2);
if (!url) {
  console.error("usage: node script/page_elsewhere.mjs URL");
  process.exit(2);
}
const { origin } = new URL(url);
// Another port of the same host is another origin of the same site, to which cookies go along.
const others = createServer((_request, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html><title>elsewhere</title><form method=post enctype=text/plain></form>"));
await new Promise((resolve) => others.listen(0, "127.0.0.1", () => resolve(null)));
const address = others.address();
const port = typeof address === "object" && address ? address.port : 0;

try {
  await withPage({ width: 800, theme: "light" }, async (page) => {
    await page.goto(url);
    await page.waitForURL(`${origin}/`);
    check((await page.evaluate(async () => (await fetch("/api/v1/campaigns")).status)) === 200, "the browser was not let in");
    for (const host of ["127.0.0.1", "localhost"]) {
      await page.goto(`http://${host}:${port}/`);
      const got = await page.evaluate(async (there) => {
        /** @type {string[]} */
        const out = [];
        const tried = async (/** @type {string} */ name, /** @type {() => Promise<unknown>} */ what) => {
          try {
            const gained = await what();
            if (gained) out.push(`${name}: ${JSON.stringify(gained)}`);
          } catch {
            // as it should
          }
        };
        const note = `${there}/api/v1/note/campaign/sweep`;
        await tried("read", async () => (await fetch(`${there}/api/v1/tasks`, { credentials: "include" })).status);
        await tried("put", async () => (await fetch(note, { method: "PUT", credentials: "include", headers: { "Content-Type": "application/json" }, body: '{"text":"x"}' })).status);
        for (const mode of /** @type {const} */ (["no-cors", "cors"])) {
          await tried(`post ${mode}`, async () => {
            const answer = await fetch(note, { method: "POST", mode, credentials: "include", headers: { "Content-Type": "text/plain" }, body: '{"text":"x"}' });
            return answer.status > 0 && answer.status < 400;
          });
        }
        /** Loads it as an element, which needs no leave to send. @param {string} tag @param {string} path */
        const loads = (tag, path) =>
          new Promise((resolve) => {
            const node = /** @type {HTMLImageElement} */ (document.createElement(tag));
            node.onload = () => resolve(tag !== "iframe" && tag !== "link");
            node.onerror = () => resolve(false);
            if (tag === "link") Object.assign(node, { rel: "stylesheet", href: there + path });
            else node.src = there + path;
            document.body.append(node);
            setTimeout(() => resolve(false), 1500);
          });
        await tried("script", () => loads("script", "/api/v1/tasks"));
        await tried("openapi as script", () => loads("script", "/openapi.json"));
        await tried("image", () => loads("img", "/metrics"));
        await tried("style", () => loads("link", "/api/v1/tasks"));
        await tried("frame", async () => {
          await loads("iframe", "/");
          const frame = document.querySelector("iframe");
          return frame?.contentDocument?.title;
        });
        await tried("events", () => new Promise((resolve) => {
          const source = new EventSource(`${there}/api/v1/events`, { withCredentials: true });
          source.onopen = () => resolve("open");
          source.onmessage = () => resolve("message");
          source.onerror = () => { source.close(); resolve(false); };
        }));
        await tried("beacon and form", async () => {
          navigator.sendBeacon(note, new Blob(['{"text":"x"}'], { type: "text/plain" }));
          const form = document.querySelector("form");
          const frame = Object.assign(document.createElement("iframe"), { name: "to" });
          document.body.append(frame);
          if (form) {
            Object.assign(form, { action: note, target: "to" });
            form.submit();
          }
          await new Promise((resolve) => setTimeout(resolve, 300));
          return false;
        });
        await tried("window", async () => {
          const opened = open(`${there}/`);
          await new Promise((resolve) => setTimeout(resolve, 300));
          return opened?.document.body.innerText;
        });
        return out;
      }, origin);
      for (const one of got) check(false, `${host}: ${one}`);
    }
    // Frames of it show nothing, even where the request is made.
    for (const frame of page.frames()) {
      if (frame === page.mainFrame() || !frame.url().startsWith(origin)) continue;
      check(!/campaign|sweep/i.test(await frame.evaluate(() => document.body?.innerText ?? "")), "a frame shows the page");
    }
  });
} finally {
  others.close();
}
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log("fine");
