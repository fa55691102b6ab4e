/** The middle and the ends of figures that were measured several times. Pure. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Null when nothing was measured. */
export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const half = sorted.length >> 1;
  const upper = sorted[half];
  const lower = sorted.length % 2 === 0 ? sorted[half - 1] : upper;
  if (min === undefined || max === undefined || upper === undefined || lower === undefined) return null;
  return { median: (lower + upper) / 2, min, max };
}

/** Whether two figures differ by more than their noise: their spreads have nothing in common. */
export function isApart(one: Spread, other: Spread): boolean {
  return one.max < other.min || other.max < one.min;
}
