/** The moment that a reader of a run wants to see closely: of its first finding, or else of whatever came nearest to one. */
import type { Evidence } from '../../model/evidence.ts';
import { observationsOf } from '../../model/evidence.ts';
import type { Op } from '../../model/op.ts';
import type { CheckResult, Finding } from '../../model/verdict.ts';
import { isLockCode } from './traffic-series.ts';

export interface Focus {
  /** `finding` the first one · `refusal` the first busy error of a control · `wait` the longest · `fault` the first one. */
  reason: 'finding' | 'refusal' | 'wait' | 'fault';
  /** What happened, in words. */
  title: string;
  fromMs: number;
  untilMs: number;
  /** Where it comes from; null for what is no finding. */
  finding: { check: string; code: string; message: string } | null;
  /** The records that prove it. */
  proof: unknown[];
}

interface Timed {
  fromMs: number;
  untilMs: number;
}

/** Shown before and after the moment itself. */
const MARGIN_MS = 200;
/** Of a moment that lasts long, its beginning. */
const LONGEST_MS = 1_200;

/** Null when nothing happened that could be shown. */
export function focusOf(evidence: Evidence, checks: readonly CheckResult[]): Focus | null {
  return ofFindings(evidence, checks) ?? ofRefusals(evidence) ?? ofWaits(evidence) ?? ofFaults(evidence);
}

/** Of what broke before what is unknown, of what happened while traffic ran before the rest, the earliest. */
function ofFindings(evidence: Evidence, checks: readonly CheckResult[]): Focus | null {
  const [window] = observationsOf(evidence, 'traffic');
  const isInside = ({ fromMs }: Timed) => window !== undefined && fromMs >= window.atMs && fromMs <= window.endedAtMs;
  const [best] = checks
    .flatMap(({ check, findings }) => findings.map((finding) => ({ check, ...finding })))
    .flatMap((finding) => finding.evidence.flatMap((record) => timesIn(record, 0)).map((at) => ({ ...finding, at })))
    .sort(
      (a, b) =>
        Number(isUnknown(a)) - Number(isUnknown(b)) ||
        Number(isInside(b.at)) - Number(isInside(a.at)) ||
        a.at.fromMs - b.at.fromMs,
    );
  if (best === undefined) return null;
  const { at, check, code, message } = best;
  const title = `${code}, found by ${check}`;
  return { reason: 'finding', title, ...around(at), finding: { check, code, message }, proof: best.evidence };
}

function isUnknown({ code }: Pick<Finding, 'code'>): boolean {
  return code === 'not-exercised';
}

function ofRefusals(evidence: Evidence): Focus | null {
  const first = observationsOf(evidence, 'sqlite-error').find(({ code }) => isLockCode(code));
  if (first === undefined) return null;
  const title = `the first lock that ${first.process} was refused (${first.code})`;
  return { reason: 'refusal', title, ...around(spanOf(first)), finding: null, proof: [first] };
}

function ofWaits(evidence: Evidence): Focus | null {
  const longest = observationsOf(evidence, 'slow-statement').reduce(
    (most, seen) => (most === undefined || seen.elapsedMs > most.elapsedMs ? seen : most),
    undefined as ReturnType<typeof observationsOf<'slow-statement'>>[number] | undefined,
  );
  if (longest === undefined) return null;
  const title = `the longest wait, ${Math.round(longest.elapsedMs)} ms of ${longest.process}`;
  return { reason: 'wait', title, ...around(spanOf(longest)), finding: null, proof: [longest] };
}

function ofFaults(evidence: Evidence): Focus | null {
  const [first] = observationsOf(evidence, 'fault');
  if (first === undefined) return null;
  const moment = { fromMs: first.atMs, untilMs: first.healedAtMs };
  const title = `the first fault, ${first.fault} of ${first.target}`;
  return { reason: 'fault', title, ...around(moment), finding: null, proof: [first] };
}

function around({ fromMs, untilMs }: Timed): Timed {
  return { fromMs: Math.max(0, fromMs - MARGIN_MS), untilMs: Math.min(untilMs, fromMs + LONGEST_MS) + MARGIN_MS };
}

/** A driver reports a statement when it has ended. */
function spanOf({ atMs, elapsedMs }: { atMs: number; elapsedMs: number }): Timed {
  return { fromMs: atMs - elapsedMs, untilMs: atMs };
}

/** Records are at most this deep inside what a finding quotes. */
const DEEPEST = 4;

function timesIn(record: unknown, depth: number): Timed[] {
  if (typeof record !== 'object' || record === null || depth > DEEPEST) return [];
  if (isOp(record)) return [{ fromMs: record.calledAtMs, untilMs: record.returnedAtMs }];
  const { atMs, elapsedMs } = record as { atMs?: unknown; elapsedMs?: unknown };
  if (typeof atMs === 'number') return [spanOf({ atMs, elapsedMs: typeof elapsedMs === 'number' ? elapsedMs : 0 })];
  return Object.values(record).flatMap((inner) => timesIn(inner, depth + 1));
}

export function isOp(record: unknown): record is Op {
  const { calledAtMs, returnedAtMs } = (record ?? {}) as { calledAtMs?: unknown; returnedAtMs?: unknown };
  return typeof calledAtMs === 'number' && typeof returnedAtMs === 'number';
}

/** The ops inside what a finding quotes, each once. */
export function opsIn(records: readonly unknown[]): Op[] {
  const found = new Set<Op>();
  const collect = (record: unknown, depth: number): void => {
    if (typeof record !== 'object' || record === null || depth > DEEPEST) return;
    if (isOp(record)) found.add(record);
    else for (const inner of Object.values(record)) collect(inner, depth + 1);
  };
  collect(records, 0);
  return [...found];
}
