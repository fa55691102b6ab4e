/** The time of an arm cut into equal stretches, so that a picture of it has a size whatever the run had. */
export interface Buckets {
  /** Milliseconds since the start of the run. */
  fromMs: number;
  untilMs: number;
  widthMs: number;
  count: number;
}

/** A chart on a wide screen has a few pixels for each. */
const MOST_BUCKETS = 240;
/** At some hundred calls a second a shorter stretch has too few of them for a quantile. */
const NARROWEST_MS = 200;

/** The narrowest width of 1, 2 or 5 times a power of ten that gives at most 240 stretches. */
export function bucketsOf(fromMs: number, untilMs: number): Buckets {
  const lengthMs = Math.max(0, untilMs - fromMs);
  const steps = [1, 2, 5].map((step) => step * 10 ** Math.max(0, Math.floor(Math.log10(lengthMs / MOST_BUCKETS || 1))));
  const wide = [...steps, (steps[0] ?? 1) * 10].find((step) => lengthMs / step <= MOST_BUCKETS) ?? lengthMs;
  const widthMs = Math.max(NARROWEST_MS, wide);
  return { fromMs, untilMs, widthMs, count: Math.max(1, Math.round(lengthMs / widthMs)) };
}

/** In which of them a moment lies; those outside belong to the first or the last. */
export function bucketAt({ fromMs, widthMs, count }: Buckets, atMs: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor((atMs - fromMs) / widthMs)));
}

/** How long the n-th is: the last one takes what is left, half of a width to one and a half. */
export function lengthMs({ fromMs, untilMs, widthMs, count }: Buckets, n: number): number {
  return n < count - 1 ? widthMs : Math.max(1, untilMs - fromMs - n * widthMs);
}

/** The middle of each, in seconds since the first began. */
export function middles(buckets: Buckets): number[] {
  return Array.from(
    { length: buckets.count },
    (_, n) => Math.round(n * buckets.widthMs + lengthMs(buckets, n) / 2) / 1_000,
  );
}
