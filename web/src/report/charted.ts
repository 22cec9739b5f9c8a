// A section's chart with its table twin, and a list of what else it can show; what was chosen stands in
// the page's address.
import type { Picture } from "../pictures/picture.ts";
import { element } from "../views/element.ts";
import { table } from "../views/table.ts";
import { twin, type Section } from "./section.ts";
import type { State } from "./state.ts";

export interface Choice<Row, View> {
  readonly name: string;
  readonly words: string;
  readonly note: string;
  readonly picture: Picture<Row, View>;
}

export interface Charted extends Section {
  // Once the section stands in the page: views measure the place that they get.
  show(): void;
  toggle(): void;
}

export function charted<Row, View extends { draw(): void; destroy(): void }>(
  frame: Section,
  label: string,
  choices: readonly [Choice<Row, View>, ...Choice<Row, View>[]],
  state: State,
  each: (view: View) => void = () => undefined,
): Charted {
  const key = frame.node.id;
  const host = element("div", { class: `drawn ${key}-host` });
  const note = element("p", { class: "note" });
  frame.body.append(host, note);
  const current = (): Choice<Row, View> => choices.find((one) => one.name === state.get(key)) ?? choices[0];
  if (choices.length > 1) {
    const list = element("select", { "aria-label": label }, ...choices.map((one) => element("option", { value: one.name }, one.words)));
    list.value = current().name;
    list.addEventListener("change", () => {
      state.put(key, list.value === choices[0].name ? "" : list.value);
      show();
    });
    frame.tools.append(list);
  }
  const both = twin(frame, host, (into) => {
    const { picture, words } = current();
    table(into, { caption: `${label}: ${words}`, columns: picture.columns, rows: picture.rows, id: (row) => picture.id(row) });
  });
  let view: View | null = null;
  const show = (): void => {
    view?.destroy();
    host.style.height = "";
    const chosen = current();
    view = chosen.picture.make(host);
    each(view);
    note.textContent = chosen.note;
    both.renew();
  };
  state.onChange(() => {
    if (!view) return;
    each(view);
    view.draw();
  });
  return { ...frame, show, toggle: both.toggle };
}
