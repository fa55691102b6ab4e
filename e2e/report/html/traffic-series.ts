/** What the clients saw over time: calls by outcome, and how long acknowledged ones took. */
import type { SqliteErrorSeen } from '../../model/observation.ts';
import type { Op, Outcome } from '../../model/op.ts';
import { type Buckets, bucketAt, lengthMs } from './buckets.ts';

export interface TrafficSeries {
  buckets: Buckets;
  /** Calls per second that came back in each stretch, by outcome. */
  perSecond: Record<Outcome, number[]>;
  /** Of the acknowledged ones; null where there was none. */
  latencyMs: { p50: number | null; p99: number | null; max: number | null }[];
  /** Busy and locked errors per second, as the drivers saw them. */
  busyPerSecond: number[];
}

export function trafficSeries(ops: Iterable<Op>, errors: readonly SqliteErrorSeen[], buckets: Buckets): TrafficSeries {
  const counts = { ok: zeros(buckets), fail: zeros(buckets), info: zeros(buckets) };
  for (const op of ops) add(counts[op.outcome], bucketAt(buckets, op.returnedAtMs));
  const busy = zeros(buckets);
  for (const { code, atMs } of errors) if (isLockCode(code)) add(busy, bucketAt(buckets, atMs));
  const perSecond = (of: number[]) => of.map((count, n) => rounded((count * 1_000) / lengthMs(buckets, n)));
  return {
    buckets,
    perSecond: { ok: perSecond(counts.ok), fail: perSecond(counts.fail), info: perSecond(counts.info) },
    latencyMs: latencies(ops, counts.ok, buckets),
    busyPerSecond: perSecond(busy),
  };
}

export function isLockCode(code: string): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(code);
}

/** One array holds all of them, each stretch's side by side: a run of 24 h costs 8 bytes a call. */
function latencies(ops: Iterable<Op>, okCounts: readonly number[], buckets: Buckets): TrafficSeries['latencyMs'] {
  const starts: number[] = [];
  let total = 0;
  for (const count of okCounts) {
    starts.push(total);
    total += count;
  }
  const all = new Float64Array(total);
  const next = [...starts];
  for (const { outcome, calledAtMs, returnedAtMs } of ops) {
    if (outcome !== 'ok') continue;
    const n = bucketAt(buckets, returnedAtMs);
    all[next[n] ?? 0] = returnedAtMs - calledAtMs;
    add(next, n);
  }
  return starts.map((start, n) => {
    const sorted = all.subarray(start, start + (okCounts[n] ?? 0)).sort();
    const at = (quantile: number) => {
      const value = sorted[Math.ceil(quantile * sorted.length) - 1];
      return value === undefined ? null : rounded(value);
    };
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  });
}

function zeros({ count }: Buckets): number[] {
  return new Array<number>(count).fill(0);
}

function add(to: number[], n: number): void {
  to[n] = (to[n] ?? 0) + 1;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
