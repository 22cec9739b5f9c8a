// Puts the sections together: the answer first, then what supports it.
import type { Report } from "../api/report.ts";
import { tasksOf } from "../api/tasks.ts";
import { activityColours } from "../views/colour.ts";
import { button, element } from "../views/element.ts";
import { duration, energy, grouped, plural, significant, uncertainty } from "../views/number.ts";
import { ranked } from "./configurations.ts";
import type { Charted } from "./charted.ts";
import { costSection } from "./cost_section.ts";
import { diffSection } from "./diff_section.ts";
import { lineageSection } from "./lineage_section.ts";
import type { Section } from "./section.ts";
import { curvesSection, graphSection, ranksSection } from "./shape_sections.ts";
import { State, type ThemeChoice } from "./state.ts";
import { summarise } from "./summary.ts";
import { captureSection, energySection, workflowSection } from "./table_sections.ts";
import { timelineSection } from "./timeline_section.ts";
import { tradeoffSection } from "./tradeoff_section.ts";

function topBar(report: Report, state: State, places: readonly (readonly [string, string])[]): HTMLElement {
  const order: ThemeChoice[] = ["auto", "light", "dark"];
  const words: Record<ThemeChoice, string> = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" };
  const theme = button(words[state.choice], "Colours: as the system, light, dark", () => {
    state.setTheme(order[(order.indexOf(state.choice) + 1) % order.length] as ThemeChoice);
    theme.textContent = words[state.choice];
  });
  theme.id = "theme";
  const nav = element("nav", { "aria-label": "Sections" });
  for (const [id, name] of places) {
    const link = element("a", { href: `#${id}` }, name);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      goTo(id);
    });
    nav.append(link);
  }
  return element("header", { class: "top" },
    element("div", { class: "brand" }, "Headrace"),
    element("div", { class: "path", title: report.of.name }, report.of.name),
    nav,
    theme);
}

function goTo(id: string): void {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const target = document.getElementById(id);
  target?.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
}

function figure(name: string, value: string, note: string): HTMLElement {
  return element("div", { class: "figure" }, element("dt", {}, name), element("dd", {}, value, element("small", {}, note)));
}

function answer(report: Report): HTMLElement {
  const { of, tradeoff } = report;
  const words = summarise(report);
  const best = tradeoff ? ranked(tradeoff).find((r) => r.best) : undefined;
  const figures = element("dl", { class: "figures" });
  if (tradeoff && best) {
    const c = best.configuration;
    figures.append(
      figure(`best ${tradeoff.quality}`, c.quality === null ? "–" : significant(c.quality), `configuration ${best.number} of ${tradeoff.configurations.length}`),
      figure("its energy", energy(c.energy_j, c.energy_truth), c.energy_truth ? `${c.energy_truth} ${uncertainty(c.energy_u95_j)}` : "not recorded"),
      figure("its time", duration(c.time_s), "wall clock"),
    );
  }
  const failed = report.workflows.reduce((sum, w) => sum + w.failed, 0);
  figures.append(
    figure("energy in all", of.energy ? energy(of.energy.energy_j, of.energy.truth) : "–", of.energy ? `${of.energy.truth} ${uncertainty(of.energy.u95_j)}` : "not recorded"),
    figure("time in all", duration(of.duration_s), "first start to last end"),
    figure("tasks", grouped(of.tasks), `${failed === 0 ? "none" : grouped(failed)} failed`),
  );
  const started = of.started_at.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
  const facts = [
    ...(of.kind === "campaign" ? [plural(of.workflows, "workflow")] : []),
    `started ${started}`,
    of.hostnames.length === 1 ? `on ${of.hostnames[0] ?? ""}` : plural(of.hostnames.length, "host"),
    ...of.tags.map((tag) => `#${tag}`),
  ];
  const kicker = of.kind === "campaign" ? `Campaign ${of.name}` : `Workflow ${of.name}${of.campaign ? ` of campaign ${of.campaign}` : ""}`;
  return element("section", { id: "answer", class: "answer" },
    element("p", { class: "kicker" }, `${kicker} · ${facts.join(" · ")}`),
    element("h1", {}, words.headline),
    words.sentences.length > 0 && element("p", { class: "lead" }, words.sentences.join(" ")),
    of.note !== null && of.note !== "" && element("p", { class: "note" }, `Note: ${of.note}`),
    figures);
}

export function page(host: HTMLElement, report: Report): void {
  const state = new State();
  const tasks = tasksOf(report);
  const time = new Float64Array(tasks.activities.length);
  for (let row = 0; row < tasks.rows; row++) {
    const activity = tasks.activity[row] as number;
    time[activity] = (time[activity] ?? 0) + (tasks.durationNs[row] || 0);
  }
  const colourSlot = activityColours([...time]);
  document.title = `${report.of.name} · Headrace`;

  const slots = new Map(tasks.activities.map((name, i) => [name, colourSlot[i] ?? 7]));
  const main = element("main", { id: "main" });
  host.replaceChildren(main);
  main.append(answer(report));
  const places: (readonly [string, string])[] = [];
  // In the document before it is filled: canvases measure themselves.
  const put = <S extends Section>(one: S, name: string): S => {
    main.append(one.node);
    places.push([one.node.id, name]);
    return one;
  };
  const drawn: Charted[] = [];
  const putDrawn = (one: Charted, name: string): void => {
    drawn.push(put(one, name));
    one.show();
  };
  put(tradeoffSection(report, state), "Trade-off");
  const line = put(timelineSection(report, tasks, colourSlot, state), "Timeline");
  putDrawn(graphSection(report, (activity) => slots.get(activity) ?? 7, state), "Activities");
  putDrawn(curvesSection(report, state), "Curves");
  putDrawn(ranksSection(report, state), "Ranks");
  putDrawn(costSection(report, state), "Cost");
  const lineage = put(lineageSection(report, tasks, colourSlot, state), "Lineage");
  const diff = diffSection(report);
  if (diff) put(diff, "Differences");
  put(workflowSection(report, state), "Workflows");
  main.append(element("div", { class: "pair" }, energySection(report).node, captureSection(report).node));
  places.push(["energy", "Energy"], ["capture", "Capture"]);
  host.prepend(topBar(report, state, places));
  state.tell();

  const inSight = (node: HTMLElement): boolean => {
    const box = node.getBoundingClientRect();
    return box.top < window.innerHeight * 0.85 && box.bottom > window.innerHeight * 0.15;
  };
  const acts: Record<string, () => void> = {
    w: () => line.view.zoom(1 / 1.4),
    s: () => line.view.zoom(1.4),
    a: () => line.view.pan(-0.2),
    d: () => line.view.pan(0.2),
    f: () => line.view.fit(),
    t: () => {
      const all = [line, ...drawn, lineage];
      (all.find((one) => one.node.contains(document.activeElement)) ?? all.find((one) => inSight(one.node)) ?? line).toggle();
    },
    Escape: () => state.select(null),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    if ("wasdf".includes(event.key.toLowerCase()) && !inSight(line.node)) return;
    event.preventDefault();
    act();
  });
}
