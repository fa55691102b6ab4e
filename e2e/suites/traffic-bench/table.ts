/** The pairs of a bench in figures and words. Pure. */
import { type Spread, spreadOf } from '../../bench/spread.ts';
import type { Route } from './calls.ts';
import type { Pair } from './sides.ts';

/** Of autocannon's requests per second, which records no op. */
export const LEAST_RATIO = 0.8;

export interface Comparison {
  route: Route;
  /** In requests per second. */
  autocannon: Spread | null;
  traffic: Spread | null;
  /** The traffic's requests over autocannon's, by pairs. */
  ratio: Spread | null;
  /** Of the asking process, in µs per request. */
  cpuUs: { autocannon: Spread | null; traffic: Spread | null };
}

export function comparisonOf(route: Route, pairs: readonly Pair[]): Comparison {
  const of = (figure: (pair: Pair) => number) => spreadOf(pairs.map(figure));
  return {
    route,
    autocannon: of(({ autocannon }) => autocannon.requestsPerSecond),
    traffic: of(({ traffic }) => traffic.requestsPerSecond),
    ratio: of(({ traffic, autocannon }) => traffic.requestsPerSecond / autocannon.requestsPerSecond),
    cpuUs: { autocannon: of(({ autocannon }) => autocannon.cpuUs), traffic: of(({ traffic }) => traffic.cpuUs) },
  };
}

export function textOf(document: { comparisons: readonly Comparison[]; recordingUs: Spread | null }): string {
  const lines = document.comparisons.flatMap(({ route, autocannon, traffic, ratio, cpuUs }) => [
    `${route}: ${words(traffic, 0)} requests/s by the traffic, ${words(autocannon, 0)} by autocannon, ratio ${words(ratio, 2)}`,
    `${route}: ${words(cpuUs.traffic, 1)} µs of CPU a request by the traffic, ${words(cpuUs.autocannon, 1)} by autocannon`,
  ]);
  return [...lines, `recording costs ${words(document.recordingUs, 2)} µs per op`].join('\n');
}

function words(spread: Spread | null, digits: number): string {
  if (spread === null) return 'unknown';
  const { median, min, max } = spread;
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
