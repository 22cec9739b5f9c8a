// What a reader sees first is asked first: other questions wait until the main answer of the page and
// its timeline are drawn, so that they take neither the server's time nor the browser's from them.
const first = /^\/workflows\/|^\/timeline$/;
const patienceMs = 3000;

let underWay = 0;
let waiting: (() => void)[] = [];

// After the frame that shows what has just come; without frames, soon.
export function afterDrawing(then: () => void): void {
  if (typeof requestAnimationFrame === "undefined" || document.hidden) setTimeout(then);
  else requestAnimationFrame(() => setTimeout(then));
}

// `isFirst`: by the address this is looked at, whatever its path.
export async function inTurn<T>(path: string, ask: () => Promise<T>, isFirst = false): Promise<T> {
  if (!isFirst && !first.test(path)) {
    if (underWay > 0) {
      await new Promise<void>((go) => {
        waiting.push(go);
        setTimeout(go, patienceMs);
      });
    }
    return ask();
  }
  underWay++;
  try {
    return await ask();
  } finally {
    afterDrawing(() => {
      underWay--;
      if (underWay > 0) return;
      const next = waiting;
      waiting = [];
      for (const go of next) go();
    });
  }
}
