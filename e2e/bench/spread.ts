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

/**
 * Where the true median lies with 95 % confidence, whatever the distribution: the order statistics that a fair coin, tossed once
 * per value, leaves outside less often than 1 time in 40 at each end. Null with fewer than 6 values, which cannot tell.
 */
export function medianInterval(values: readonly number[]): { from: number; to: number } | null {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  // Chance that at most `outside` of the values lie below the median.
  let chance = 0.5 ** count;
  let term = chance;
  let outside = -1;
  while (chance <= 0.025) {
    outside++;
    term *= (count - outside) / (outside + 1);
    chance += term;
  }
  const [from, to] = [sorted[outside], sorted[count - 1 - outside]];
  return outside < 0 || from === undefined || to === undefined ? null : { from, to };
}
