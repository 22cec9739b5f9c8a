// What a reader sees first is asked first: other questions wait while the main answer of the page or
// its timeline is on its way, so that they do not take the server's time from them.
const first = /^\/workflows\/|^\/timeline$/;
const patienceMs = 3000;

let underWay = 0;
let waiting: (() => void)[] = [];

export async function inTurn<T>(path: string, ask: () => Promise<T>): Promise<T> {
  if (!first.test(path)) {
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
    underWay--;
    if (underWay === 0) {
      const next = waiting;
      waiting = [];
      for (const go of next) go();
    }
  }
}
