// Uses the page in Chromium as a person would, over the made-up server, and says what was wrong: a line
// of JSON for each scenario, {"name", "wrong": [...], "s"}. One browser serves them all.
//   node script/page_test.mjs DIST [SCENARIO...]     DIST: where build_page.mjs put the page; none: the list
import { withBrowser } from "./browser.mjs";
import { accessible, check, settled, sound, watch, wrong } from "./page_checks.mjs";

const [dist, ...wanted] = process.argv.slice(2);
if (dist) process.env.HEADRACE_PAGE = dist;
const { madeUp } = await import("../test/server/server.mjs");
/** @type {Parameters<Parameters<typeof withBrowser>[0]>[0]} */
let open;

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {ReturnType<typeof madeUp>} Made */

/** @param {Made} made */
export function addressesOf({ campaign: c }) {
  const flow = (/** @type {number} */ i) => c.flows[i]?.id ?? "00000000-0000-8000-8000-000000000000";
  const trial = c.tasks.find((t) => t.activity === "finetune" && t.status === "finished")?.id ?? "00000000-0000-8000-8000-000000000000";
  const model = c.objects.find((o) => o.kind === "model")?.id ?? "00000000-0000-8000-8000-000000000000";
  return {
    campaigns: "/",
    campaign: `/campaign/${c.id}`,
    workflow: `/workflow/${flow(2)}`,
    task: `/task/${trial}`,
    object: `/object/${model}`,
    model: `/model/${model}`,
    compare: `/compare?a=${flow(0)}&b=${flow(1)}`,
    energy: "/energy",
    ...Object.fromEntries(["ranks", "outliers", "nodes", "phases", "thermal", "truth", "capture", "checks"].map((one) => [`energy-${one}`, `/energy?ask=${one}`])),
    telemetry: "/telemetry",
    query: `/query?sql=${encodeURIComponent("SELECT activity, count(*) AS tasks FROM task GROUP BY ALL")}`,
    about: "/about",
    unknown: "/nowhere/at/all",
  };
}

/**
 * Opens a page over a made-up server; what the browser complains of or asks elsewhere is wrong.
 * @param {{ state?: string, live?: boolean, hostile?: boolean, ranks?: number, width?: number, height?: number, zoom?: number, theme?: "light" | "dark", expected?: RegExp }} options
 * @param {(page: Page, made: Made, origin: string) => Promise<void>} use
 */
async function opened(options, use) {
  const made = madeUp(options);
  const origin = `http://127.0.0.1:${await made.listen()}`;
  const width = options.width ?? 1280;
  try {
    await open({ width, height: options.height ?? (width > 2000 ? 1440 : 800), theme: options.theme ?? "dark", zoom: options.zoom ?? 1 }, async (page) => {
      watch(page, origin, options.expected);
      await use(page, made, origin);
    });
  } finally {
    made.close();
  }
}

/** Every page, full. @param {number} width @param {"light" | "dark"} theme */
const full = (width, theme) => () =>
  opened({ width, theme }, async (page, made, origin) => {
    for (const [name, address] of Object.entries(addressesOf(made))) {
      await page.goto(origin + address);
      await settled(page);
      check((await page.locator("main .said.failed").count()) === 0, `${name}: ${await page.locator("main .said.failed").allInnerTexts()}`);
      await sound(page, `${name} ${width} ${theme}`);
      await accessible(page, `${name} ${width} ${theme}`);
    }
  });

/** @type {Record<string, () => Promise<void>>} */
const scenarios = {
  "full-1280-dark": full(1280, "dark"),
  "full-2560-light": full(2560, "light"),
  "full-1280-light": full(1280, "light"),
  "full-2560-dark": full(2560, "dark"),

  empty: () =>
    opened({ state: "empty", expected: /404/ }, async (page, made, origin) => {
      for (const [name, address] of Object.entries(addressesOf(made))) {
        await page.goto(origin + address);
        await settled(page);
        const text = await page.locator("main").innerText();
        check(text.length > 20 && !/NaN|undefined|Infinity/.test(text), `${name}: says ${text.slice(0, 200)}`);
        await sound(page, `${name} empty`);
      }
      await page.goto(`${origin}/`);
      await settled(page);
      check((await page.locator("main .command code").innerText()).startsWith("headrace run"), "the empty page offers no command");
      await accessible(page, "campaigns empty");
    }),

  error: () =>
    opened({ state: "error", expected: /503/ }, async (page, made, origin) => {
      for (const [name, address] of Object.entries(addressesOf(made))) {
        if (name === "unknown") continue;
        await page.goto(origin + address);
        await settled(page);
        const text = await page.locator("main").innerText();
        check(/The store cannot be read/.test(text) && /pid 4711/.test(text), `${name}: does not say why: ${text.slice(0, 200)}`);
      }
      await accessible(page, "error");
      // It goes on by itself once the store is free.
      await page.goto(`${origin}/`);
      await settled(page);
      made.become({ state: "full" });
      await page.getByRole("button", { name: "Ask again" }).first().click();
      await page.waitForSelector("main tr[data-id]");
    }),

  absent: () =>
    opened({ expected: /40[04]/ }, async (page, _made, origin) => {
      const nobody = "00000000-0000-8000-8000-000000000000";
      for (const address of [`/task/${nobody}`, `/workflow/${nobody}`, `/campaign/${nobody}`, `/object/${nobody}`, `/compare?a=${nobody}&b=${nobody}`, "/task/%E0%A4%A"]) {
        await page.goto(origin + address);
        await settled(page);
        check(/There is no/.test(await page.locator("main").innerText()), `${address}: ${await page.locator("main").innerText()}`);
      }
      await page.goto(`${origin}/query?sql=${encodeURIComponent("SELECT nonsense FROM task")}`);
      await page.waitForSelector(".said.failed mark");
      check((await page.locator(".said.failed mark").innerText()).startsWith("nonsense"), "the place of the mistake is not marked");
    }),

  loading: () =>
    opened({ state: "slow" }, async (page, made, origin) => {
      for (const [name, address] of Object.entries(addressesOf(made))) {
        if (name === "unknown" || name === "query") continue;
        await page.goto(origin + address);
        await page.waitForSelector("main .skeleton");
        check((await page.locator("[role=status]").count()) > 0, `${name}: those who listen are not told that it is asking`);
      }
      made.become({ state: "full", delayMs: 0 });
    }),

  live: () =>
    opened({ state: "live", expected: /ERR_/ }, async (page, made, origin) => {
      const flow = made.campaign.flows.at(-1);
      await page.goto(`${origin}/workflow/${flow?.id}`);
      await settled(page);
      const count = () => page.locator("#chart-tasks h2").innerText();
      const before = await count();
      // Out of the way: rows under the pointer wait.
      await page.mouse.move(2, 2);
      made.tick();
      await page.waitForFunction((was) => document.querySelector("#chart-tasks h2")?.textContent !== was, before);
      check(/running/.test(await page.locator("footer").innerText()), `the foot says ${await page.locator("footer").innerText()}`);
      // With the focus in the table its rows stay, and what is new waits.
      await page.locator("#chart-tasks tr[data-id]").first().focus();
      const held = await count();
      made.tick();
      made.tick();
      const wait = page.getByRole("button", { name: /new task/ });
      await wait.waitFor();
      check((await count()) === held, "rows moved under the focus");
      await wait.click();
      check((await count()) !== held, "what waited was not shown");
      // The server goes: what is loaded stays, and the page says so; it comes back by itself.
      made.become({ state: "gone" });
      await page.waitForSelector("text=reconnecting");
      check((await page.locator("#chart-tasks tr[data-id]").count()) > 5, "the loaded rows went with the server");
      made.become({ state: "full" });
      await page.waitForSelector("text=reconnecting", { state: "detached" });
    }),

  "live-everywhere": () =>
    opened({ state: "live" }, async (page, made, origin) => {
      for (const [name, address] of Object.entries(addressesOf(made))) {
        await page.goto(origin + address);
        await settled(page);
        const foot = () => page.locator("footer").innerText();
        const before = await foot();
        made.tick();
        await page.waitForFunction((was) => document.querySelector("footer")?.innerText !== was, before);
        await settled(page);
        check((await page.locator("main .said.failed").count()) === 0, `${name}: ${await page.locator("main .said.failed").allInnerTexts()}`);
        check(!/NaN|undefined|Infinity/.test(await page.locator("main").innerText()), `${name}: shows a number that is none`);
        await sound(page, `${name} live`);
      }
    }),

  // The browser's zoom at 200 %: half the room, all of it reachable without scrolling sideways.
  zoom: () =>
    opened({ zoom: 2, theme: "light" }, async (page, made, origin) => {
      for (const [name, address] of Object.entries(addressesOf(made))) {
        await page.goto(origin + address);
        await settled(page);
        await sound(page, `${name} at 200 %`);
      }
      await page.goto(`${origin}${addressesOf(made).workflow}?sel=task:${made.campaign.tasks[0]?.id}`);
      await page.waitForSelector("aside.side h2");
      await settled(page);
      await sound(page, "inspector at 200 %");
      await accessible(page, "inspector at 200 %");
    }),

  keyboard: () =>
    opened({}, async (page, _made, origin) => {
      await page.goto(`${origin}/`);
      await settled(page);
      /** Tabs until the focus is in it. @param {string} within */
      const tabTo = async (within) => {
        for (let i = 0; i < 90; i++) {
          await page.keyboard.press("Tab");
          if (await page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, within)) return;
        }
        check(false, `Tab never reaches ${within} on ${page.url()}`);
      };
      await tabTo("#chart-campaigns tr[data-id]");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/campaign\//);
      await settled(page);
      await tabTo("#chart-workflows tr[data-id]");
      await page.keyboard.press("ArrowDown");
      await page.waitForSelector("aside.side");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/workflow\//);
      await settled(page);
      await tabTo("#chart-tasks tr[data-id]");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/task\//);
      await settled(page);
      const task = page.url().split("/task/")[1]?.slice(0, 36) ?? "?";
      await page.keyboard.press("q");
      await page.waitForURL(/\/query/);
      await settled(page);
      check((await page.locator("textarea").inputValue()).includes(task), "the SQL is not the task's");
      await page.waitForSelector("#chart-result tr[data-id]");
      // Keys of everywhere.
      await page.goBack();
      await page.waitForURL(/\/task\//);
      await settled(page);
      await page.keyboard.press("?");
      await page.waitForSelector("[role=dialog][aria-label=Keys]");
      await accessible(page, "keys");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Backspace");
      await page.waitForURL(/\/workflow\//);
      await settled(page);
      // Down again without choosing: to what matters most there.
      await page.waitForSelector(".path .ahead a");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/task\//);
      await settled(page);
      await page.keyboard.press("Backspace");
      await page.waitForURL(/\/workflow\//);
      await page.keyboard.press("Control+k");
      await page.waitForSelector("[role=dialog][aria-label=Commands]");
      await page.keyboard.type("train-wide");
      await page.waitForSelector("#palette-list li >> text=train-wide");
      await accessible(page, "palette");
      await page.keyboard.press("Enter");
      await page.waitForSelector("h1:has-text('train-wide')");
      await page.keyboard.press("ArrowRight");
      await page.waitForSelector("h1:has-text('train-deep')");
      await page.keyboard.press("g");
      await page.keyboard.press("e");
      await page.waitForURL(/\/energy/);
    }),

  history: () =>
    opened({ expected: /400/ }, async (page, made, origin) => {
      await page.goto(origin + addressesOf(made).workflow);
      await settled(page);
      const line = page.locator("#chart-timeline canvas").first();
      await line.focus();
      await page.keyboard.press("w");
      await page.keyboard.press("w");
      await page.waitForURL(/from=/);
      await page.keyboard.press("ArrowRight");
      await page.waitForURL(/sel=task/);
      await page.getByLabel("Colour by").selectOption("energy");
      await page.locator("#chart-graph").getByRole("button", { name: "Table" }).click();
      const filter = page.getByLabel("Filter tasks");
      await filter.fill("activity:backward status:finished");
      await filter.press("Enter");
      await page.waitForFunction(() => /: 960$/.test(document.querySelector("#chart-tasks h2")?.textContent ?? ""));
      await page.waitForTimeout(400);
      const state = () => page.evaluate(() => ({ url: location.href, tasks: document.querySelector("#chart-tasks h2")?.textContent, side: document.querySelector("aside.side h2")?.textContent, colour: /** @type {HTMLSelectElement} */ (document.querySelector("[aria-label='Colour by']")).value, twin: document.querySelectorAll("#chart-graph tr[data-id]").length }));
      const before = await state();
      check(before.side && before.colour === "energy" && before.twin > 0 && /filter=/.test(before.url), `nothing to restore: ${JSON.stringify(before)}`);
      await page.reload();
      await settled(page);
      await page.waitForSelector("aside.side h2");
      check(JSON.stringify(await state()) === JSON.stringify(before), `reload: ${JSON.stringify(await state())} was ${JSON.stringify(before)}`);
      await page.goBack();
      await page.waitForFunction(() => !location.search.includes("filter="));
      await page.waitForFunction(() => /976$/.test(document.querySelector("#chart-tasks h2")?.textContent ?? ""));
      await page.goForward();
      await page.waitForFunction(() => location.search.includes("filter="));
      await page.waitForTimeout(400);
      check((await state()).tasks === before.tasks, `forward: ${(await state()).tasks}`);
      // A wrong filter says where; nothing changes.
      await filter.fill("activity:backward wattage>3");
      await filter.press("Enter");
      await page.waitForSelector(".filter-why");
      check(/wattage/.test(await page.locator(".filter-why").innerText()), "the filter's mistake is not said");
    }),

  // Every joule with its interval and mark; what is withheld as its group's figure with why, never as 0.
  energy: () =>
    opened({}, async (page, made, origin) => {
      /** @param {string} chart */
      const text = (chart) => page.locator(`#chart-${chart}`).innerText();
      /** @param {string} where @param {string} said @param {RegExp} expected */
      const says = (where, said, expected) => check(expected.test(said.replace(/[\u2009\u00a0]/g, " ")), `${where}: ${expected} is not in ${said.slice(0, 600)}`);
      await page.goto(`${origin}/energy`);
      await settled(page);
      says("title", await page.locator("h1").innerText(), /^≈ [\d.]+ kJ ± [\d.]+ kJ went into tasks, of ≈ /);
      const figures = await page.locator(".figures").innerText();
      says("figures", figures, /sensors[\s\S]*of the division/);
      says("figures", figures, /carbon\s+not known\s+No carbon factors were given/);
      says("kicker", await page.locator(".kicker").innerText(), /emulated/);
      says("conservation", await text("conservation"), /all of them[\s\S]*= the sum/);
      check((await page.locator("#chart-conservation .sumbar .hatched").count()) > 3, "what is emulated is not hatched");
      says("activities", await text("activities"), /backward \+ forward\s+node\/gpu-0\s+◑ grouped, 2 together\s+2\.60 kJ/);
      says("activities", await text("activities"), /save\s+node\/gpu-0\s+○ unresolved\s+≈ 4\.00 J/);
      says("domains", await text("domains"), /✕ 1 inconsistent[\s\S]*└ node\/gpu-0/);
      says("missing", await text("missing"), /shorter than the sensor can tell[\s\S]*no figure of its own[\s\S]*41[\s\S]*read failed[\s\S]*covered in part/);
      // Each number leads to its query.
      for (const chart of ["conservation", "sums", "domains", "activities", "missing", "table"]) check((await page.locator(`#chart-${chart} details.copy`).count()) === 1, `${chart} has no query`);
      // The questions beside it, by the keyboard; the address holds which.
      await page.getByRole("button", { name: "Time or energy" }).focus();
      await page.keyboard.press("Enter");
      await page.waitForURL(/ask=ranks/);
      await settled(page);
      says("ranks", await text("ranks"), /stand elsewhere by energy than by time, .* beyond doubt/);
      await page.locator("#chart-ranks canvas").focus();
      await page.keyboard.press("ArrowDown");
      await page.waitForURL(/sel=task/);
      await page.reload();
      await settled(page);
      check((await page.locator("#chart-ranks canvas").count()) === 1, "the question is forgotten");
      await page.goto(`${origin}/energy?ask=nodes`);
      await settled(page);
      says("nodes", await text("nodes"), /^Idle took .* stragglers ≈ 810 J, waiting ≈ 140 J/);
      // Telemetry: gaps with why, and the devices under the lanes.
      await page.goto(`${origin}/telemetry?workflow=${made.campaign.flows.find((one) => one.hostname === "node01")?.id}`);
      await settled(page);
      await page.waitForSelector("#chart-timeline .strips canvas");
      says("sensors", await text("sensors"), /gpu0\.power[^\n]*97 %[^\n]*no permission 2\.00 s|gpu0\.power[\s\S]*?97 %[\s\S]*?no permission 2\.00 s/);
      // A model: what can be told of each layer.
      await page.goto(origin + addressesOf(made).model);
      await settled(page);
      says("layers", await text("layer-table"), /embed[\s\S]*◑ 140 J with|embed[\s\S]*○ 140 J with/);
      says("layers", await text("layer-table"), /attn[\s\S]*● [\d.]+ J ± /);
      says("layer sum", await text("layer-sum"), /in layers[\s\S]*outside all layers[\s\S]*= the sum/);
      // A task whose figure is withheld, and the list that it stands in.
      const task = made.campaign.tasks.find((t) => t.activity === "checkpoint")?.id;
      await page.goto(`${origin}/task/${task}`);
      await settled(page);
      says("cost", await text("cost"), /◑ no figure of its own: shorter than the sensor can tell[\s\S]*checkpoint \+ evaluate: 12\.0 J ± /);
      check(!/\b0 J\b/.test(await text("cost")), "a withheld figure is 0");
    }),

  // A workflow of more threads than are in sight.
  lanes: () =>
    opened({ ranks: 12 }, async (page, made, origin) => {
      /** @type {string[]} */
      const asked = [];
      page.on("request", (one) => {
        const { pathname, search } = new URL(one.url());
        if (pathname.startsWith("/api/v1/") && !pathname.endsWith("/events")) asked.push(pathname.slice(7) + search);
      });
      const { workflow } = addressesOf(made);
      await page.goto(origin + workflow);
      await settled(page);
      const [first, second] = asked.filter((one) => one.startsWith("/timeline?"));
      check(asked[0] === workflow.replace("workflow", "workflows") && asked[1] === first, `asked first: ${asked.slice(0, 2)}`);
      check(/&lanes=25&/.test(first ?? ""), `what is in sight: ${first}`);
      check(second === first?.replace("lanes=25", "lanes=120"), `the rest: ${second}`);
      const twice = asked.filter((one, i) => asked.indexOf(one) !== i);
      check(twice.length === 0, `asked again: ${twice}`);
      const high = await page.locator("#chart-timeline .timeline-scroll").evaluate((box) => box.scrollHeight);
      check(high > 36 * 18, `36 lanes are ${high} pixels high`);
    }),

  brush: () =>
    opened({ expected: /404/ }, async (page, made, origin) => {
      await page.goto(origin + addressesOf(made).campaign);
      await settled(page);
      const plot = await page.locator("#chart-tradeoff canvas").boundingBox();
      if (!plot) return check(false, "no plot");
      const rows = () => page.locator("#chart-workflows tr[data-id]").count();
      const before = await rows();
      await page.mouse.move(plot.x + 60, plot.y + plot.height * 0.45);
      await page.mouse.down();
      await page.mouse.move(plot.x + plot.width * 0.45, plot.y + plot.height * 0.9, { steps: 4 });
      await page.mouse.up();
      await page.waitForURL(/brush=/);
      await settled(page);
      const chip = page.locator("nav.path .chip.brush");
      const [, tasks, flows] = /^(\d+) of 40 configurations brushed, in (\d) of 5 workflows/.exec(await chip.innerText()) ?? [];
      check(Number(tasks) > 1 && Number(flows) > 1 && Number(flows) < 5, `the chip says ${await chip.innerText()}`);
      const of = `of the ${flows} brushed`;
      /** @param {string} where @param {string} said @param {string | RegExp} expected */
      const says = (where, said, expected) => check(typeof expected === "string" ? said.includes(expected) : expected.test(said), `${where} says ${said}, not ${expected}`);
      const heading = (/** @type {string} */ chart) => page.locator(`#chart-${chart} h2`).innerText();
      const campaign = async () => {
        says("campaign", await heading("workflows"), `${flows} of 5 brushed`);
        says("energy by workflow", await heading("energy"), `in ${flows} workflows ${of}`);
        says("curves", await heading("curves"), `of the ${tasks} brushed`);
        check((await rows()) === Number(flows), `${await rows()} workflows of ${flows}`);
        says("figures", await page.locator(".figures").innerText(), `${flows} of 5`);
      };
      await campaign();
      await page.reload();
      await settled(page);
      await campaign();
      // The question behind a chart is of the same workflows.
      await page.locator("#chart-energy summary").click();
      await page.locator("#chart-energy").getByRole("button", { name: "Open SQL" }).click();
      await page.waitForURL(/\/query/);
      says("SQL", await page.locator("textarea").inputValue(), new RegExp(`AND t\\.workflow_id IN \\(('[0-9a-f-]{36}'(, )?){${flows}}\\)`));
      // All pages show only these, by whatever way they are reached.
      const places = page.locator("nav.places");
      await places.getByText("Energy").click();
      await settled(page);
      says("energy", await page.locator("h1").innerText(), of);
      says("energy", await heading("sums"), of);
      const listed = await page.locator("#chart-table tr[data-id]").evaluateAll((rows) => new Set(rows.map((row) => row.getAttribute("data-id")?.split(" ")[0])).size);
      check(listed === Number(flows), `energy lists ${listed} workflows`);
      await places.getByText("Telemetry").click();
      await settled(page);
      check((await page.getByLabel(`Workflow ${of}`).locator("option").count()) === Number(flows), "telemetry offers other workflows");
      await places.getByText("Compare").click();
      await settled(page);
      check((await page.getByLabel("Side a").locator("option").count()) === Number(flows) + 1, "compare offers other workflows");
      await places.getByText("Campaigns").click();
      await settled(page);
      says("campaigns", await heading("workflows"), of);
      check((await rows()) === Number(flows), "all workflows are listed");
      await accessible(page, "brushed");
      await page.locator("#chart-workflows tr[data-id] a").first().click();
      await page.waitForURL(/\/workflow\/.*brush=/);
      await settled(page);
      says("workflow", await page.locator(".kicker").first().innerText(), of);
      says("tasks", await heading("tasks"), /^Tasks in the \d brushed: \d/);
      await page.locator("#chart-tasks a:has-text('finetune')").first().click();
      await page.waitForURL(/\/task\//);
      await settled(page);
      says("task", await heading("siblings"), /^Beside it: \d of 8 finetune tasks, those brushed/);
      check((await page.locator("#chart-siblings tr[data-id]").count()) < 8, "all siblings are listed");
      const [tab] = await Promise.all([page.context().waitForEvent("page"), page.locator("nav.path a").first().click({ button: "middle" })]);
      await tab.waitForSelector(".chip.brush");
      await tab.waitForFunction((all) => document.querySelectorAll("#chart-workflows tr[data-id]").length === all, Number(flows));
      await tab.close();
      // Without it all is there again; back brings it back.
      await page.locator("nav.path a").first().click();
      await settled(page);
      await campaign();
      await chip.getByRole("button", { name: "Clear the brush" }).click();
      await page.waitForFunction((all) => document.querySelectorAll("#chart-workflows tr[data-id]").length === all, before);
      check((await chip.count()) === 0, "the chip stays");
      await page.goBack();
      await settled(page);
      await campaign();
      await page.goForward();
      await page.waitForFunction((all) => document.querySelectorAll("#chart-workflows tr[data-id]").length === all, before);
      // A brush that nobody can follow says so.
      await page.goto(`${origin}/energy?brush=energy*0..1*nonsense*0..1*${made.campaign.id}`);
      await settled(page);
      says("a brush of nothing", await chip.innerText(), "cannot be followed");
      await page.goto(origin + addressesOf(made).campaign);
      await settled(page);
      // The same elsewhere: SQL opens, CSV and PNG are saved.
      const copy = page.locator("#chart-tradeoff summary");
      for (const [name, file] of /** @type {const} */ ([["Save CSV", "tradeoff.csv"], ["Save PNG", "tradeoff.png"]])) {
        await copy.click();
        const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
        check(saved.suggestedFilename() === file, `${name} saved ${saved.suggestedFilename()}`);
      }
      await copy.click();
      await page.getByRole("button", { name: "Open SQL" }).click();
      await page.waitForURL(/\/query\?sql=/);
    }),

  hostile: () =>
    opened({ hostile: true }, async (page, made, origin) => {
      for (const address of Object.values(addressesOf(made))) {
        await page.goto(origin + address);
        await settled(page);
        check((await page.locator("img, iframe, object, embed, script:not([src])").count()) === 0, `${address}: captured text became markup`);
      }
      await page.goto(`${origin}/campaign/${made.campaign.id}`);
      await settled(page);
      check((await page.locator("h1").innerText()).includes("<img src=x"), "the name is not shown as it is");
    }),
};

if (!dist) {
  console.error(`usage: node script/page_test.mjs DIST [SCENARIO...]\nscenarios: ${Object.keys(scenarios).join(" ")}`);
  process.exit(2);
}
await withBrowser(async (given) => {
  open = given;
  for (const name of wanted.length > 0 ? wanted : Object.keys(scenarios)) {
    const scenario = scenarios[name];
    const from = performance.now();
    try {
      if (!scenario) throw new Error(`there is no scenario ${name}`);
      await scenario();
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error));
    }
    console.log(JSON.stringify({ name, wrong: [...new Set(wrong)], s: Number(((performance.now() - from) / 1000).toFixed(1)) }));
    wrong.length = 0;
  }
});
