// Elements with text only: what was captured is never read as markup.

type Child = Node | string | null | undefined | false;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
  return node;
}

export function button(label: string, title: string, act: () => void): HTMLButtonElement {
  const node = element("button", { type: "button", title }, label);
  if (label.length < 3) node.setAttribute("aria-label", title);
  node.addEventListener("click", act);
  return node;
}
