import type { ControlResult, Evidence } from '../model/evidence.ts';
import { observationsOf } from '../model/evidence.ts';
import type { FaultSeen, TrafficWindow } from '../model/observation.ts';
import type { Op } from '../model/op.ts';
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
  const { ops } = evidence;
  const acknowledged = ops.filter((op) => op.outcome === 'ok');
  const window = observationsOf(evidence, 'traffic')[0];
  const seconds = window === undefined ? 0 : (window.endedAtMs - window.atMs) / 1000;
  return {
    ops: ops.length,
    ok: acknowledged.length,
    fail: ops.filter((op) => op.outcome === 'fail').length,
    info: ops.filter((op) => op.outcome === 'info').length,
    ...ratesOf(acknowledged, seconds),
    undisturbed: window === undefined ? null : undisturbed(acknowledged, window, observationsOf(evidence, 'fault')),
    latencyMs: latencies(acknowledged),
  };
}

function ratesOf(acknowledged: readonly Op[], seconds: number) {
  const rate = (count: number) => (seconds > 0 ? Math.round(count / seconds) : 0);
  const reads = acknowledged.filter((op) => op.kind === 'read').length;
  return {
    opsPerSecond: rate(acknowledged.length),
    writesPerSecond: rate(acknowledged.length - reads),
    readsPerSecond: rate(reads),
  };
}

function undisturbed(
  acknowledged: readonly Op[],
  { atMs, endedAtMs }: TrafficWindow,
  faults: readonly FaultSeen[],
): TrafficSummary['undisturbed'] {
  const untilMs = Math.min(endedAtMs, ...faults.map((fault) => fault.atMs));
  const early = acknowledged.filter((op) => op.returnedAtMs <= untilMs);
  if (early.length === 0) return null;
  const seconds = (untilMs - atMs) / 1000;
  return { seconds: Math.round(seconds * 10) / 10, ...ratesOf(early, seconds) };
}

function latencies(acknowledged: readonly Op[]): TrafficSummary['latencyMs'] {
  const sorted = Float64Array.from(acknowledged, (op) => op.returnedAtMs - op.calledAtMs).sort();
  const at = (quantile: number) => Math.round((sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0) * 10) / 10;
  return sorted.length === 0 ? null : { p50: at(0.5), p99: at(0.99), max: at(1) };
}
