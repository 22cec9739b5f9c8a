// A canvas that fills its host at the screen's resolution and draws only when something changed.

export interface Surface {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  width(): number;
  height(): number;
  request(): void;
  destroy(): void;
}

export function surface(
  host: HTMLElement,
  label: string,
  paint: (context: CanvasRenderingContext2D, width: number, height: number) => void,
): Surface {
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", label);
  host.append(canvas);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no 2D canvas");
  let width = 0;
  let height = 0;
  let frame = 0;

  const drawNow = (): void => {
    frame = 0;
    if (width === 0 || height === 0) return;
    const scale = window.devicePixelRatio || 1;
    const [pxWide, pxHigh] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== pxWide || canvas.height !== pxHigh) {
      canvas.width = pxWide;
      canvas.height = pxHigh;
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    paint(context, width, height);
  };
  const request = (): void => {
    if (frame === 0) frame = requestAnimationFrame(drawNow);
  };
  const measure = (): void => {
    const box = canvas.getBoundingClientRect();
    if (box.width === width && box.height === height) return;
    width = box.width;
    height = box.height;
    request();
  };
  const observer = new ResizeObserver(measure);
  observer.observe(canvas);
  measure();
  return {
    canvas,
    context,
    width: () => width,
    height: () => height,
    request,
    destroy() {
      observer.disconnect();
      if (frame !== 0) cancelAnimationFrame(frame);
      canvas.remove();
    },
  };
}

// Cuts the middle: both ends of a path or an id tell more than its start alone.
export function fitText(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  let low = 0;
  let high = text.length;
  const cut = (keep: number): string => {
    const head = Math.ceil(keep * 0.6);
    return `${text.slice(0, head)}…${text.slice(text.length - (keep - head))}`;
  };
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(cut(middle)).width <= room) low = middle;
    else high = middle - 1;
  }
  return low < 2 ? "" : cut(low);
}

// Cuts the end, for words whose start tells most.
export function fitStart(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle).trimEnd()}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return low < 1 ? "" : `${text.slice(0, low).trimEnd()}…`;
}

// A half pixel sharpens one-pixel lines.
export function crisp(value: number): number {
  return Math.round(value) + 0.5;
}
