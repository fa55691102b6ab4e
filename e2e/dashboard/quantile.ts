/** Counts by upper bound: how many fell at or below it and above the one before. */
export type Buckets = ReadonlyMap<number, number>;

/**
 * A quantile of what the buckets counted, taking the values of each as spread evenly over it; of what lies above the last
 * finite bound only that bound is known. Null when nothing was counted.
 */
export function quantile(buckets: Buckets, q: number): number | null {
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const total = bounds.reduce((sum, bound) => sum + (buckets.get(bound) ?? 0), 0);
  if (total <= 0) return null;
  let below = 0;
  let lower = 0;
  for (const bound of bounds) {
    const count = buckets.get(bound) ?? 0;
    if (below + count >= q * total && count > 0) {
      if (bound === Infinity) return lower;
      return lower + ((bound - lower) * (q * total - below)) / count;
    }
    below += count;
    if (bound !== Infinity) lower = bound;
  }
  return lower;
}

/** `into` with the counts of `more` added. */
export function addBuckets(into: Map<number, number>, more: Buckets): void {
  for (const [bound, count] of more) into.set(bound, (into.get(bound) ?? 0) + count);
}
