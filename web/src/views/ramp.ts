// Colours for amounts: cividis, which reads the same with any colour vision, from nothing at
// zero.
import { rgb } from "./colour.ts";

const cividis = ["#00204D", "#00336F", "#39486B", "#575C6D", "#707173", "#8A8779", "#A69D75", "#C4B56C", "#E4CF5B", "#FFEA46"];

function between(stops: readonly string[], share: number): string {
  const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const [a, b] = [rgb(stops[low] as string), rgb(stops[low + 1] as string)];
  const part = at - low;
  return `#${a.map((v, i) => Math.round(v + ((b[i] as number) - v) * part).toString(16).padStart(2, "0")).join("")}`;
}

// On a light page the ramp runs from nearly the page's white to dark, without the yellow that would
// catch the eye where there is least.
const onLight = ["#F5F1DE", "#E6DCAE", "#CFC28E", "#A69D75", "#8A8779", "#707173", "#575C6D", "#39486B", "#00336F", "#00204D"];

// `share` from 0 to 1; much is always what stands out from the background.
export function amount(share: number, dark: boolean): string {
  return between(dark ? cividis : onLight, share);
}
