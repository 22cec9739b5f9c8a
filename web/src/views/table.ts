// A table that sorts, selects, and draws only the rows in sight once there are many.
import { element } from "./element.ts";

export interface Column<Row> {
  readonly name: string;
  readonly title?: string;
  readonly numeric?: boolean;
  readonly mono?: boolean;
  readonly wrap?: boolean;
  readonly grow?: boolean; // takes the room that is left
  text(row: Row): string;
  full?(row: Row): string; // on hover, where the text is shortened
  sort?(row: Row): number | string | null;
  bar?(row: Row): number | null; // share of the largest, 0 to 1
  mark?(row: Row): string | null; // a class for the cell
  href?(row: Row): string | null; // the text leads there
}

export interface TableModel<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly total?: Row;
  readonly height?: number;
  readonly sortBy?: { column: number; descending: boolean };
  id(row: Row): string;
  onHover?(id: string | null): void;
  onSelect?(id: string | null): void;
  onOpen?(id: string): void; // Enter, or a double click
}

export interface TableView {
  draw(): void;
  destroy(): void;
  select(id: string | null): void;
  hover(id: string | null): void;
  hit(x: number, y: number): string | null; // of the viewport
}

const rowHeight = 24;
const virtualFrom = 200;

// Missing values go last whichever way the order runs.
export function compare(a: number | string | null, b: number | string | null, descending: boolean): number {
  const gone = (v: number | string | null): boolean => v === null || (typeof v === "number" && Number.isNaN(v));
  if (gone(a) || gone(b)) return gone(a) ? (gone(b) ? 0 : 1) : -1;
  const way = descending ? -1 : 1;
  if (typeof a === "number" && typeof b === "number") return (a - b) * way;
  return String(a).localeCompare(String(b), "en", { numeric: true }) * way;
}

export function table<Row>(host: HTMLElement, model: TableModel<Row>): TableView {
  let order = model.rows.map((_, i) => i);
  let sorted = model.sortBy ?? null;
  let selected: string | null = null;
  let hovered: string | null = null;
  const virtual = model.rows.length > virtualFrom;
  const head = element("tr");
  const body = element("tbody");
  const grid = element("table", { class: "grid" }, element("caption", { class: "hidden" }, model.caption), element("thead", {}, head), body);
  const scroller = element("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": model.caption }, grid);
  if (model.columns.some((column) => column.grow)) grid.classList.add("grows");
  if (virtual) scroller.style.height = `${model.height ?? 420}px`;
  host.append(scroller);

  const cell = (row: Row, column: Column<Row>, tag: "td" | "th"): HTMLElement => {
    const text = column.text(row);
    const href = column.href?.(row);
    const node = element(tag, tag === "th" ? { scope: "row" } : {}, href ? element("a", { href, tabindex: "-1" }, text) : text);
    if (column.numeric) node.classList.add("numeric");
    if (column.mono) node.classList.add("mono");
    if (column.wrap) node.classList.add("wrap");
    if (column.grow) node.classList.add("grow");
    const full = column.full?.(row);
    if (full && full !== text) node.title = full;
    const mark = column.mark?.(row);
    if (mark) node.classList.add(...mark.split(" "));
    const share = column.bar?.(row);
    if (share !== null && share !== undefined && !Number.isNaN(share)) {
      const bar = element("span", { class: "bar", "aria-hidden": "true" });
      bar.style.setProperty("--share", String(Math.max(0, Math.min(1, share))));
      node.classList.add("with-bar");
      node.append(bar);
    }
    return node;
  };
  const line = (index: number): HTMLTableRowElement => {
    const row = model.rows[order[index] as number] as Row;
    const id = model.id(row);
    const node = element("tr", { "aria-rowindex": String(index + 2) });
    node.dataset.id = id;
    if (model.onSelect) {
      node.tabIndex = id === selected || (selected === null && index === 0) ? 0 : -1;
      node.setAttribute("aria-selected", String(id === selected));
    }
    if (id === hovered) node.classList.add("hovered");
    model.columns.forEach((column, i) => node.append(cell(row, column, i === 0 ? "th" : "td")));
    return node;
  };

  const foot = (): HTMLTableRowElement | null => {
    if (!model.total) return null;
    const row = element("tr", { class: "total" });
    model.columns.forEach((column, i) => row.append(cell(model.total as Row, column, i === 0 ? "th" : "td")));
    return row;
  };
  let shown = "";
  const paint = (): void => {
    const count = order.length;
    let from = 0;
    let to = count;
    if (virtual) {
      const inSight = Math.ceil(scroller.clientHeight / rowHeight) + 2;
      from = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - 8);
      to = Math.min(count, from + inSight + 16);
    }
    const key = `${from}:${to}:${selected ?? ""}:${hovered ?? ""}:${sorted?.column ?? ""}:${String(sorted?.descending)}`;
    if (key === shown) return;
    shown = key;
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.id;
    const had = body.contains(document.activeElement);
    const lines: Node[] = [];
    const pad = (rows: number): void => {
      if (rows <= 0) return;
      const filler = element("tr", { class: "filler", "aria-hidden": "true" }, element("td", { colspan: String(model.columns.length) }));
      (filler.firstChild as HTMLElement).style.height = `${rows * rowHeight}px`;
      lines.push(filler);
    };
    pad(from);
    for (let i = from; i < to; i++) lines.push(line(i));
    pad(count - to);
    const last = foot();
    if (last) lines.push(last);
    body.replaceChildren(...lines);
    if (had && focused) body.querySelector<HTMLElement>(`tr[data-id="${CSS.escape(focused)}"]`)?.focus();
  };

  const paintHead = (): void => {
    head.replaceChildren(
      ...model.columns.map((column, i) => {
        const active = sorted?.column === i;
        const arrow = active ? (sorted?.descending ? " ▾" : " ▴") : "";
        const press = element("button", { type: "button", title: column.title ?? `Sort by ${column.name}` }, `${column.name}${arrow}`);
        press.addEventListener("click", () => {
          sorted = { column: i, descending: active ? !sorted?.descending : column.numeric === true };
          sortRows();
          press.blur();
        });
        const node = element("th", { scope: "col", "aria-sort": active ? (sorted?.descending ? "descending" : "ascending") : "none" }, press);
        if (column.numeric) node.classList.add("numeric");
        return node;
      }),
    );
  };
  const sortRows = (): void => {
    const by = sorted ? model.columns[sorted.column] : undefined;
    order = model.rows.map((_, i) => i);
    if (by && sorted) {
      const keys = model.rows.map((row) => (by.sort ? by.sort(row) : by.text(row)));
      const descending = sorted.descending;
      order.sort((a, b) => compare(keys[a] ?? null, keys[b] ?? null, descending) || a - b);
    }
    shown = "";
    paintHead();
    paint();
  };

  const idAt = (event: Event): string | null => (event.target as Element).closest<HTMLElement>("tr[data-id]")?.dataset.id ?? null;
  if (model.onSelect) {
    const select = model.onSelect;
    body.addEventListener("click", (event) => {
      if ((event.target as Element).closest("a")) return;
      const id = idAt(event);
      if (id) select(id === selected ? null : id);
    });
    body.addEventListener("keydown", (event) => {
      const id = idAt(event);
      if (!id) return;
      if (event.key === "Enter" && model.onOpen) {
        event.preventDefault();
        event.stopPropagation();
        model.onOpen(id);
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        select(id);
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const row = (event.target as Element).closest("tr");
        const next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
        const target = next as HTMLElement | null | undefined;
        if (target?.dataset.id) {
          target.tabIndex = -1;
          target.focus();
          select(target.dataset.id);
        }
      }
    });
  }
  if (model.onOpen) {
    const open = model.onOpen;
    body.addEventListener("dblclick", (event) => {
      const id = idAt(event);
      if (id) open(id);
    });
  }
  if (model.onHover) {
    const tell = model.onHover;
    body.addEventListener("pointerover", (event) => tell(idAt(event)));
    body.addEventListener("pointerleave", () => tell(null));
  }
  if (virtual) scroller.addEventListener("scroll", paint, { passive: true });
  const resized = new ResizeObserver(paint);
  resized.observe(scroller);
  sortRows();

  return {
    draw: paint,
    destroy() {
      resized.disconnect();
      scroller.remove();
    },
    select(id) {
      selected = id;
      paint();
    },
    hit(x, y) {
      for (const row of body.children) {
        const box = row.getBoundingClientRect();
        if (x >= box.left && x < box.right && y >= box.top && y < box.bottom) return (row as HTMLElement).dataset.id ?? null;
      }
      return null;
    },
    hover(id) {
      if (model.onHover) {
        hovered = id;
        for (const row of body.querySelectorAll<HTMLElement>("tr[data-id]")) row.classList.toggle("hovered", row.dataset.id === id);
      }
    },
  };
}
