/** One service in one arm, brought down to what a report shows: its size does not depend on how many calls there were. */
import { type Evidence, observationsOf } from '../../model/evidence.ts';
import type { FaultSeen } from '../../model/observation.ts';
import type { Arm, Outcome } from '../../model/op.ts';
import type { CheckResult } from '../../model/verdict.ts';
import { bucketsOf } from './buckets.ts';
import { type Lanes, lanesOf } from './lanes.ts';
import { isLockCode, type TrafficSeries, trafficSeries } from './traffic-series.ts';
import { type Waits, waitsOf } from './waits.ts';
import { type WalSeries, walSeries } from './wal-series.ts';

export interface Side {
  service: string;
  title: string;
  arm: Arm;
  variant: string;
  /** While traffic ran, in ms since the start of the run; null when none did. */
  traffic: { fromMs: number; untilMs: number } | null;
  calls: Record<Outcome, number>;
  /** Busy and locked errors, as the drivers saw them. */
  busy: number;
  series: TrafficSeries | null;
  wal: WalSeries | null;
  waits: Waits;
  faults: FaultMark[];
  lanes: Lanes | null;
  filesystem: string | null;
  troubles: Trouble[];
  /** What the report would show and nobody recorded, in words. */
  missing: string[];
}

export type FaultMark = Pick<FaultSeen, 'fault' | 'target' | 'atMs' | 'healedAtMs' | 'tookEffect' | 'proof'>;

/** Something that went wrong beside the calls, with what the process last said. */
export interface Trouble {
  atMs: number;
  what: string;
  lines: string[];
}

const TROUBLES_SHOWN = 12;
const LINES_SHOWN = 8;

/** The verdict of a control is not asked for, so it has no results. */
export function sideOf(evidence: Evidence, checks: readonly CheckResult[] = []): Side {
  const { ops, service, arm, variant } = evidence;
  const traffic = trafficOf(evidence);
  const buckets = traffic && bucketsOf(traffic.fromMs, traffic.untilMs);
  const errors = observationsOf(evidence, 'sqlite-error');
  const samples = observationsOf(evidence, 'wal-sample');
  const calls: Side['calls'] = { ok: 0, fail: 0, info: 0 };
  for (const { outcome } of ops) calls[outcome]++;
  const side: Side = {
    service: service.name,
    title: service.title,
    arm,
    variant,
    traffic,
    calls,
    busy: errors.filter(({ code }) => isLockCode(code)).length,
    series: buckets === null || callsIn(calls) === 0 ? null : trafficSeries(ops, errors, buckets),
    wal: buckets && walSeries(samples, buckets),
    waits: waitsOf(errors, observationsOf(evidence, 'slow-statement')),
    faults: observationsOf(evidence, 'fault').toSorted((a, b) => a.atMs - b.atMs),
    lanes: lanesOf(evidence, checks),
    filesystem: observationsOf(evidence, 'filesystem')[0]?.type ?? null,
    troubles: troublesOf(evidence),
    missing: [],
  };
  return { ...side, missing: missingOf(evidence, side) };
}

/** As the run says; from the calls where it does not. */
function trafficOf(evidence: Evidence): Side['traffic'] {
  const [window] = observationsOf(evidence, 'traffic');
  if (window !== undefined) return { fromMs: window.atMs, untilMs: window.endedAtMs };
  let [fromMs, untilMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { calledAtMs, returnedAtMs } of evidence.ops) {
    fromMs = Math.min(fromMs, calledAtMs);
    untilMs = Math.max(untilMs, returnedAtMs);
  }
  return fromMs <= untilMs ? { fromMs, untilMs } : null;
}

function troublesOf(evidence: Evidence): Trouble[] {
  const all = [
    ...observationsOf(evidence, 'start-failed').map(({ atMs, process, message, lastLines }) => ({
      atMs,
      what: `${process} did not start: ${message}`,
      lines: lastLines,
    })),
    ...observationsOf(evidence, 'process-exited')
      .filter(({ expected }) => !expected)
      .map(({ atMs, process, exitCode, signal, lastLines }) => ({
        atMs,
        what: `${process} ended unasked: ${signal ?? `exit ${exitCode}`}`,
        lines: lastLines,
      })),
    ...observationsOf(evidence, 'look-failed').map(({ atMs, look, message, lastLines }) => ({
      atMs,
      what: `could not be looked at: ${look}: ${message}`,
      lines: lastLines,
    })),
  ].sort((a, b) => a.atMs - b.atMs);
  return all.slice(0, TROUBLES_SHOWN).map((trouble) => ({ ...trouble, lines: trouble.lines.slice(-LINES_SHOWN) }));
}

function callsIn({ ok, fail, info }: Side['calls']): number {
  return ok + fail + info;
}

function missingOf(evidence: Evidence, { arm, series, wal, traffic, calls }: Side): string[] {
  const { observations } = evidence;
  if (observations.length === 0 && callsIn(calls) === 0) return ['No call and no observation was recorded.'];
  return [
    ...(observations.length === 0
      ? ['No observation was recorded: no faults, no -wal, no waits, no attestations.']
      : []),
    ...(observationsOf(evidence, 'start-failed').length > 0 && traffic === null
      ? ['The service did not start, so no traffic ran.']
      : []),
    ...(series === null ? ['No call was recorded, so there is no throughput and no latency.'] : []),
    // Nobody looks at the files of a control.
    ...(wal === null && arm === 'subject' ? ['No look at the -wal was recorded while traffic ran.'] : []),
    ...(callsIn(calls) > 0 && calls.ok === 0 ? ['No call was acknowledged, so there is no latency.'] : []),
  ];
}
