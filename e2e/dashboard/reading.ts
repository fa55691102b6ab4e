import { parsePrometheus } from './prometheus.ts';

/** What the metrics of one process say at one moment. Counts since it started; null where it does not tell. */
export interface Reading {
  startedAtMs: number | null;
  /** CPU time so far, which only a new incarnation has less of. */
  cpuSeconds: number;
  /** Requests answered below 400, and from 400 on, without /health and /metrics. */
  ok: number;
  refused: number;
  /** Cumulative, by upper bound in seconds. */
  durations: Map<number, number>;
  sqliteErrors: Map<string, number>;
  /** Longest standstill of the event loop since the metrics were read before. */
  stallMs: number | null;
}

/** What the loop's monitor reports of a loop that turns freely: its own resolution. */
const RESOLUTION_MS = 10;
/** Codes beyond these are counted as one: a label is text from outside. */
const MOST_CODES = 40;
const LONGEST_CODE = 64;

const WANTED = new Set([
  'process_start_time_seconds',
  'process_cpu_seconds_total',
  'http_requests_total',
  'http_request_duration_seconds_bucket',
  'sqlite_errors_total',
  'nodejs_eventloop_lag_max_seconds',
]);

export function readingOf(text: string, ignoredRoutes: ReadonlySet<string>): Reading {
  const reading: Reading = {
    startedAtMs: null,
    cpuSeconds: 0,
    ok: 0,
    refused: 0,
    durations: new Map(),
    sqliteErrors: new Map(),
    stallMs: null,
  };
  for (const { name, labels, value } of parsePrometheus(text, (each) => WANTED.has(each))) {
    if (!Number.isFinite(value)) continue;
    if (name === 'process_start_time_seconds') reading.startedAtMs = Math.round(value * 1000);
    else if (name === 'process_cpu_seconds_total') reading.cpuSeconds = value;
    else if (name === 'nodejs_eventloop_lag_max_seconds')
      reading.stallMs = Math.max(0, Math.round(value * 1000 - RESOLUTION_MS));
    else if (name === 'http_requests_total') {
      if (ignoredRoutes.has(labels['route'] ?? '')) continue;
      if (Number(labels['status']) < 400) reading.ok += value;
      else reading.refused += value;
    } else if (name === 'sqlite_errors_total')
      add(reading.sqliteErrors, codeOf(reading.sqliteErrors, labels['code']), value);
    else add(reading.durations, Number(labels['le'] === '+Inf' ? Infinity : labels['le']), value);
  }
  return reading;
}

function codeOf(known: ReadonlyMap<string, number>, label = 'UNKNOWN'): string {
  const code = label.slice(0, LONGEST_CODE);
  return known.has(code) || known.size < MOST_CODES ? code : 'OTHER';
}

function add<K>(into: Map<K, number>, key: K, value: number): void {
  into.set(key, (into.get(key) ?? 0) + value);
}

/** What happened between two readings of one process; the second may be of a new incarnation, which counts from zero. */
export interface Change {
  restarted: boolean;
  ok: number;
  refused: number;
  /** By upper bound in seconds, each count once. */
  durations: Map<number, number>;
  sqliteErrors: Map<string, number>;
}

export function changeBetween(before: Reading, after: Reading): Change {
  // The start is told in whole seconds, in which a process can be gone and back.
  const restarted = after.startedAtMs !== before.startedAtMs || after.cpuSeconds < before.cpuSeconds;
  const since = (now: number, then: number | undefined) => (restarted ? now : Math.max(0, now - (then ?? 0)));
  const durations = new Map<number, number>();
  let below = 0;
  for (const bound of [...after.durations.keys()].sort((a, b) => a - b)) {
    const upTo = since(after.durations.get(bound) ?? 0, before.durations.get(bound));
    durations.set(bound, Math.max(0, upTo - below));
    below = upTo;
  }
  const sqliteErrors = new Map<string, number>();
  for (const [code, count] of after.sqliteErrors) sqliteErrors.set(code, since(count, before.sqliteErrors.get(code)));
  return {
    restarted,
    ok: since(after.ok, before.ok),
    refused: since(after.refused, before.refused),
    durations,
    sqliteErrors,
  };
}
