// As much of a document as views need to be laid out and asked in Node: boxes of a fixed size and a
// context that draws nowhere.

/** @param {number} wide @param {number} high */
export function paper(wide, high) {
  /** @type {(() => void)[]} */
  const frames = [];
  const gradient = { addColorStop: () => undefined };
  /** @returns {any} */
  const context = () =>
    new Proxy(/** @type {Record<string, unknown>} */ ({}), {
      get(kept, name) {
        if (name === "measureText") return (/** @type {string} */ text) => ({ width: text.length * 6 });
        if (name === "createImageData") return (/** @type {number} */ w, /** @type {number} */ h) => ({ data: new Uint8ClampedArray(w * h * 4) });
        if (name === "createPattern" || name === "createLinearGradient") return () => gradient;
        return kept[String(name)] ?? (() => undefined);
      },
      set(kept, name, value) {
        kept[String(name)] = value;
        return true;
      },
    });
  class Paper {
    /** @type {any[]} */ children = [];
    /** @type {Paper | null} */ parent = null;
    /** @type {Record<string, string>} */ attributes = {};
    /** @type {Record<string, string | undefined>} */ dataset = {};
    /** @type {Record<string, ((event: any) => void)[]>} */ listeners = {};
    style = { setProperty: () => undefined };
    scrollTop = 0;
    width = 0;
    height = 0;
    box = { left: 0, top: 0, right: wide, bottom: high, width: wide, height: high };
    classes = new Set();
    classList = {
      add: (/** @type {string[]} */ ...names) => names.forEach((name) => this.classes.add(name)),
      toggle: (/** @type {string} */ name, /** @type {boolean} */ on) => (on ? this.classes.add(name) : this.classes.delete(name)),
    };
    /** @param {string} tag */
    constructor(tag) {
      this.tag = tag;
    }
    get clientHeight() {
      return this.box.height;
    }
    get clientWidth() {
      return this.box.width;
    }
    get firstChild() {
      return this.children[0];
    }
    get lastElementChild() {
      return this.children[this.children.length - 1];
    }
    /** @param {any[]} nodes */
    append(...nodes) {
      for (const node of nodes) if (node instanceof Paper) node.parent = this;
      this.children.push(...nodes);
    }
    /** @param {any[]} nodes */
    prepend(...nodes) {
      this.children.unshift(...nodes);
    }
    /** @param {any[]} nodes */
    replaceChildren(...nodes) {
      this.children = [];
      this.append(...nodes);
    }
    remove() {
      if (this.parent) this.parent.children = this.parent.children.filter((one) => one !== this);
    }
    contains() {
      return false;
    }
    /** @param {string} name @param {string} value */
    setAttribute(name, value) {
      this.attributes[name] = value;
    }
    /** @param {string} name */
    getAttribute(name) {
      return this.attributes[name] ?? null;
    }
    /** @param {string} type @param {(event: any) => void} listener */
    addEventListener(type, listener) {
      (this.listeners[type] ??= []).push(listener);
    }
    /** @param {string} type @param {object} event */
    tell(type, event) {
      for (const listener of this.listeners[type] ?? []) listener({ preventDefault: () => undefined, stopPropagation: () => undefined, ...event });
    }
    getBoundingClientRect() {
      return this.box;
    }
    /** @type {any} */ pen = null;
    getContext() {
      return (this.pen ??= context());
    }
    setPointerCapture() {}
  }
  /** @param {string} tag */
  const createElement = (tag) => new Paper(tag);
  const body = createElement("body");
  Object.assign(globalThis, {
    document: { createElement, body, activeElement: null },
    window: { devicePixelRatio: 1, innerWidth: wide, innerHeight: high },
    ResizeObserver: class {
      observe() {}
      disconnect() {}
    },
    requestAnimationFrame: (/** @type {() => void} */ draw) => frames.push(draw),
    cancelAnimationFrame: () => undefined,
    ImageData: class {
      /** @param {Uint8ClampedArray} data */
      constructor(data) {
        this.data = data;
      }
    },
  });
  return {
    /** @returns {any} */
    host: () => createElement("div"),
    // Everything that asked for a frame is drawn.
    draw() {
      for (let draw = frames.shift(); draw; draw = frames.shift()) draw();
    },
    /** @param {any} node @param {string} tag @returns {any} */
    find(node, tag) {
      if (node?.tag === tag) return node;
      for (const child of node?.children ?? []) {
        const found = this.find(child, tag);
        if (found) return found;
      }
      return null;
    },
  };
}
