import type { ControlResult, Evidence } from '../model/evidence.ts';
import { observationsOf } from '../model/evidence.ts';
import type { FaultSeen, TrafficWindow } from '../model/observation.ts';
import type { EngineName } from '../model/stack.ts';
import type { Span } from '../model/timeline.ts';
import { type CheckResult, type FindingCode, mergeVerdicts, type Verdict } from '../model/verdict.ts';

/** `verdict.json`, and what `verify --json` prints. Fields are only ever added. */
export interface VerdictDocument {
  schemaVersion: 1;
  tool: 'walproof';
  version: string;
  verdict: Verdict;
  seed: number;
  engine: EngineName;
  durationMs: number;
  /** Absolute path of the run bundle. */
  bundle: string;
  /** Absolute path of its report.html, where the run wrote one. */
  report?: string;
  services: ServiceVerdict[];
  /** The finding at which the run ended before its time (`--fail-fast`); what passes then was only seen until there. */
  stoppedBy?: StoppedBy;
  /** Where the time went. Absent in bundles of older versions. */
  timeline?: Span[];
}

export interface StoppedBy {
  service: string;
  check: string;
  code: FindingCode;
  /** When it was seen, in ms since the start of the run: the time to detect. */
  atMs: number;
}

export interface ServiceVerdict {
  name: string;
  variant: string;
  verdict: Verdict;
  sqlite: { version: string; sourceId: string; driver: string } | null;
  traffic: TrafficSummary;
  control: (ControlResult & { verdict: Verdict }) | null;
  faults: { name: string; target: string; at: number; healedAt: number; tookEffect: boolean; proof: string }[];
  checks: CheckResult[];
}

export interface TrafficSummary {
  ops: number;
  ok: number;
  fail: number;
  info: number;
  /** Acknowledged ops per second over the time traffic ran, all kinds, and by kind. */
  opsPerSecond: number;
  writesPerSecond: number;
  readsPerSecond: number;
  /** The same from the beginning of the traffic to the first fault; null when nothing was acknowledged by then. */
  undisturbed: { seconds: number; opsPerSecond: number; writesPerSecond: number; readsPerSecond: number } | null;
  /** Of the acknowledged ops, null when there were none. */
  latencyMs: { p50: number; p99: number; max: number } | null;
}

/** The verdict on one service from its evidence and the results of the checkers. */
export function serviceVerdict(evidence: Evidence, checks: CheckResult[]): ServiceVerdict {
  const attestation = observationsOf(evidence, 'attestation')[0]?.attestation;
  const { controlResult } = evidence.demands;
  return {
    name: evidence.service.name,
    variant: evidence.variant,
    verdict: mergeVerdicts(checks.map((check) => check.verdict)),
    sqlite:
      attestation === undefined
        ? null
        : {
            version: attestation.sqliteVersion,
            sourceId: attestation.sqliteSourceId,
            driver: `${attestation.driver} ${attestation.driverVersion}`,
          },
    traffic: summariseTraffic(evidence),
    // A control is there to fail: it has done its work when it was busy at least once.
    control: controlResult && { ...controlResult, verdict: controlResult.busy > 0 ? 'fail' : 'unknown' },
    faults: observationsOf(evidence, 'fault').map(({ fault, target, atMs, healedAtMs, tookEffect, proof }) => ({
      name: fault,
      target,
      at: atMs,
      healedAt: healedAtMs,
      tookEffect,
      proof,
    })),
    checks,
  };
}

function summariseTraffic(evidence: Evidence): TrafficSummary {
  const window = observationsOf(evidence, 'traffic')[0];
  const calmUntilMs = calmEndMs(window, observationsOf(evidence, 'fault'));
  const calls = { ok: 0, fail: 0, info: 0 };
  const acknowledged = { writes: 0, reads: 0 };
  const calm = { writes: 0, reads: 0 };
  // 8 bytes of each call are kept, and nothing else.
  const tookMs: number[] = [];
  for (const { outcome, kind, calledAtMs, returnedAtMs } of evidence.ops) {
    calls[outcome]++;
    if (outcome !== 'ok') continue;
    const half = kind === 'read' ? 'reads' : 'writes';
    acknowledged[half]++;
    if (returnedAtMs <= calmUntilMs) calm[half]++;
    tookMs.push(returnedAtMs - calledAtMs);
  }
  const seconds = window === undefined ? 0 : (window.endedAtMs - window.atMs) / 1000;
  return {
    ops: calls.ok + calls.fail + calls.info,
    ...calls,
    ...ratesOf(acknowledged, seconds),
    undisturbed: window === undefined ? null : undisturbed(calm, (calmUntilMs - window.atMs) / 1000),
    latencyMs: latencies(tookMs),
  };
}

interface Acknowledged {
  writes: number;
  reads: number;
}

function ratesOf({ writes, reads }: Acknowledged, seconds: number) {
  const rate = (count: number) => (seconds > 0 ? Math.round(count / seconds) : 0);
  return { opsPerSecond: rate(writes + reads), writesPerSecond: rate(writes), readsPerSecond: rate(reads) };
}

/** When the first fault struck, or traffic ended. */
function calmEndMs(window: TrafficWindow | undefined, faults: readonly FaultSeen[]): number {
  return Math.min(window?.endedAtMs ?? Number.NEGATIVE_INFINITY, ...faults.map((fault) => fault.atMs));
}

function undisturbed(calm: Acknowledged, seconds: number): TrafficSummary['undisturbed'] {
  if (calm.writes + calm.reads === 0) return null;
  return { seconds: Math.round(seconds * 10) / 10, ...ratesOf(calm, seconds) };
}

function latencies(tookMs: readonly number[]): TrafficSummary['latencyMs'] {
  const sorted = Float64Array.from(tookMs).sort();
  const at = (quantile: number) => Math.round((sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0) * 10) / 10;
  return sorted.length === 0 ? null : { p50: at(0.5), p99: at(0.99), max: at(1) };
}
