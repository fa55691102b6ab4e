/** What one arm did under load, in figures. Pure: evidence in, figures out. */
import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { Op } from '../model/op.ts';
import { isLockCode } from '../report/html/traffic-series.ts';

export interface Latency {
  p50: number;
  p99: number;
  max: number;
}

export interface Figures {
  /** Acknowledged, per second of traffic. */
  writesPerSecond: number;
  readsPerSecond: number;
  /** From the moment a call was due to its reply, in ms, of acknowledged calls; null when there were none. */
  writeLatencyMs: Latency | null;
  readLatencyMs: Latency | null;
  /** Busy and locked errors, as the drivers saw them. */
  busy: number;
  /** Longest time in which a service's event loop did not turn, in ms; 0 when it never stood long enough to be told. */
  longestStallMs: number;
}

/** A client behind its schedule by more than this gives the rest up, as the traffic does (traffic/clients.ts). */
const CATCH_UP_MS = 1_000;

/**
 * `gapMs` is the time between two calls of one client under a fixed rate, 0 without one. A call that left late because the one
 * before it was answered late had been waiting since it was due: its latency counts from there (coordinated omission).
 */
export function figuresOf(evidence: Evidence, gapMs: number): Figures {
  const [traffic] = observationsOf(evidence, 'traffic');
  const seconds = traffic === undefined ? 0 : (traffic.endedAtMs - traffic.atMs) / 1_000;
  const timed = latenciesOf(evidence.ops, gapMs).filter(({ op }) => op.outcome === 'ok');
  const reads = timed.filter(({ op }) => op.kind === 'read');
  const writes = timed.filter(({ op }) => op.kind !== 'read');
  const rate = (count: number) => (seconds > 0 ? Math.round((10 * count) / seconds) / 10 : 0);
  return {
    writesPerSecond: rate(writes.length),
    readsPerSecond: rate(reads.length),
    writeLatencyMs: quantilesOf(writes.map(({ ms }) => ms)),
    readLatencyMs: quantilesOf(reads.map(({ ms }) => ms)),
    busy: observationsOf(evidence, 'sqlite-error').filter(({ code }) => isLockCode(code)).length,
    longestStallMs: Math.max(0, ...observationsOf(evidence, 'loop-stalled').map(({ durationMs }) => durationMs)),
  };
}

/** Each op with its latency, counted from when it was due. */
export function latenciesOf(ops: Iterable<Op>, gapMs: number): { op: Op; ms: number }[] {
  if (gapMs === 0) return Array.from(ops, (op) => ({ op, ms: op.returnedAtMs - op.calledAtMs }));
  const last = new Map<string, { dueAtMs: number; returnedAtMs: number }>();
  return Array.from(ops, (op) => {
    const before = last.get(op.client);
    // Nobody knows when the first call was due; a later one is never due after it left.
    const dueAtMs =
      before === undefined
        ? op.calledAtMs
        : Math.min(op.calledAtMs, Math.max(before.dueAtMs + gapMs, before.returnedAtMs - CATCH_UP_MS));
    last.set(op.client, { dueAtMs, returnedAtMs: op.returnedAtMs });
    return { op, ms: op.returnedAtMs - dueAtMs };
  });
}

function quantilesOf(values: readonly number[]): Latency | null {
  const sorted = Float64Array.from(values).sort();
  const at = (quantile: number) => Math.round(10 * (sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0)) / 10;
  return sorted.length === 0 ? null : { p50: at(0.5), p99: at(0.99), max: at(1) };
}
