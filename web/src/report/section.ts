// The frame of a section: a title that answers, tools, the chart or its table twin, and how to ask
// the same again.
import type { Question } from "../api/report.ts";
import { button, element } from "../views/element.ts";

export interface Section {
  readonly node: HTMLElement;
  readonly body: HTMLElement;
  readonly tools: HTMLElement;
}

export function section(id: string, kicker: string, title: string): Section {
  const tools = element("div", { class: "tools" });
  const heading = element("h2", { id: `${id}-title` }, title);
  const head = element("header", { class: "section-head" }, element("div", {}, element("p", { class: "kicker" }, kicker), heading), tools);
  const body = element("div", { class: "section-body" });
  const node = element("section", { id, "aria-labelledby": `${id}-title` }, head, body);
  return { node, body, tools };
}

export interface Twin {
  toggle(): void;
  renew(): void; // its figures are others now
}

// Shows the chart or its table; the table is made when first asked for.
export function twin(frame: Section, chart: HTMLElement, makeTable: (host: HTMLElement) => void): Twin {
  const host = element("div", { class: "twin" });
  host.hidden = true;
  chart.after(host);
  let made = false;
  const toggle = (): void => {
    const toTable = host.hidden !== false;
    host.hidden = !toTable;
    chart.hidden = toTable;
    if (toTable && !made) makeTable(host);
    made ||= toTable;
    press.textContent = toTable ? "Chart" : "Table";
    press.setAttribute("aria-pressed", String(toTable));
  };
  const press = button("Table", "Show the chart's figures as a table (t)", toggle);
  press.setAttribute("aria-pressed", "false");
  press.classList.add("twin-toggle");
  frame.tools.append(press);
  return {
    toggle,
    renew() {
      host.replaceChildren();
      made = !host.hidden;
      if (made) makeTable(host);
    },
  };
}

export function ask(frame: Section, questions: readonly Question[]): void {
  if (questions.length === 0) return;
  const list = element("div", { class: "ask-list" });
  for (const question of questions) {
    const code = element("code", {}, question.text);
    const copy = button("Copy", `Copy ${question.label}`, () => {
      void copyText(question.text, code).then((done) => {
        copy.textContent = done ? "Copied" : "Selected";
        setTimeout(() => (copy.textContent = "Copy"), 1200);
      });
    });
    list.append(element("div", { class: "ask-line" }, element("span", { class: "ask-label" }, question.label), code, copy));
  }
  frame.node.append(element("details", { class: "ask" }, element("summary", {}, "Ask this again"), list));
}

// The clipboard needs a secure page; a file may not be one, so the text is selected instead.
async function copyText(text: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(shown);
    const selection = window.getSelection();
    selection?.removeAllRanges();
    selection?.addRange(range);
    return false;
  }
}
