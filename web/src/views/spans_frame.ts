// The frame that the timeline and the strips below it share, so that a moment stands at one place.

export const rightPad = 10;
export const axisHeight = 24;
export const laneHeight = 18;

export function gutterOf(width: number): number {
  return width < 700 ? 96 : 140;
}
