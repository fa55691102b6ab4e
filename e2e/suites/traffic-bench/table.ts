/** The pairs of a bench in figures and words. Pure. */
import { type Spread, spreadOf } from '../../bench/spread.ts';
import type { Route } from './calls.ts';
import type { Pair } from './sides.ts';

/** Of autocannon's requests per second, which records no op. */
export const LEAST_RATIO = 0.8;

export interface Comparison {
  route: Route;
  autocannon: Spread | null;
  traffic: Spread | null;
  /** The traffic's requests over autocannon's, by pairs. */
  ratio: Spread | null;
}

export function comparisonOf(route: Route, pairs: readonly Pair[]): Comparison {
  return {
    route,
    autocannon: spreadOf(pairs.map(({ autocannon }) => autocannon)),
    traffic: spreadOf(pairs.map(({ traffic }) => traffic)),
    ratio: spreadOf(pairs.map(({ traffic, autocannon }) => traffic / autocannon)),
  };
}

export function textOf(document: { comparisons: readonly Comparison[]; recordingUs: Spread | null }): string {
  const lines = document.comparisons.map(
    ({ route, autocannon, traffic, ratio }) =>
      `${route}: ${spread(traffic, 0)} requests/s by the traffic, ${spread(autocannon, 0)} by autocannon, ratio ${spread(ratio, 2)}`,
  );
  return [...lines, `recording costs ${spread(document.recordingUs, 2)} µs per op`].join('\n');
}

function spread(values: Spread | null, digits: number): string {
  if (values === null) return 'unknown';
  const { median, min, max } = values;
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
