/** What every process did around one moment: a lane each, calls as bars from call to return. */
import { type Evidence, observationsOf } from '../../model/evidence.ts';
import type { Op, Outcome } from '../../model/op.ts';
import { type Focus, focusOf, opsIn } from './focus.ts';

export interface Lanes extends Focus {
  lanes: Lane[];
  /** Calls that do not fit. */
  omitted: number;
  /** Of the calls in the picture, those that prove the finding, then those that were not acknowledged. */
  calls: Op[];
}

export interface Lane {
  process: string;
  rows: number;
  bars: Bar[];
  /** Statements that took long or were refused, and standstills. */
  spans: Span[];
  /** Starts and ends of the process. */
  marks: { atMs: number; text: string }[];
}

export interface Bar {
  row: number;
  fromMs: number;
  untilMs: number;
  outcome: Outcome;
  text: string;
  proves: boolean;
}

export interface Span {
  kind: 'refused' | 'waited' | 'stalled';
  fromMs: number;
  untilMs: number;
  text: string;
}

/** More bars than this cannot be told apart. */
const MOST_BARS = 600;
const MOST_ROWS = 16;
const MOST_SPANS = 60;
const CALLS_LISTED = 12;
/** The lane of calls that name no process. */
const NO_TARGET = 'clients';

export function lanesOf(evidence: Evidence, checks: Parameters<typeof focusOf>[1]): Lanes | null {
  const focus = focusOf(evidence, checks);
  if (focus === null) return null;
  const isShown = ({ fromMs, untilMs }: { fromMs: number; untilMs: number }) =>
    untilMs >= focus.fromMs && fromMs <= focus.untilMs;
  const proofs = new Set(opsIn(focus.proof).map(({ index }) => index));
  const inside: Op[] = [];
  for (const op of evidence.ops) if (isShown({ fromMs: op.calledAtMs, untilMs: op.returnedAtMs })) inside.push(op);
  inside.sort((a, b) => a.calledAtMs - b.calledAtMs);
  const shown = nearest(inside, (focus.fromMs + focus.untilMs) / 2);
  const byProcess = Map.groupBy(shown, ({ target }) => target ?? NO_TARGET);
  const spans = spansOf(evidence).filter(isShown);
  const marks = marksOf(evidence).filter(({ atMs }) => isShown({ fromMs: atMs, untilMs: atMs }));
  const names = new Set([...evidence.service.processes.map(({ name }) => name), ...byProcess.keys()]);
  const lanes = [...names].map((process): Lane => {
    const { bars, rows } = packed(byProcess.get(process) ?? [], proofs);
    return {
      process,
      rows,
      bars,
      spans: spans.filter((span) => span.process === process).slice(0, MOST_SPANS),
      marks: marks.filter((mark) => mark.process === process).slice(0, MOST_SPANS),
    };
  });
  const drawn = lanes.reduce((sum, { bars }) => sum + bars.length, 0);
  const calls = [...opsIn(focus.proof), ...shown.filter((op) => op.outcome !== 'ok' && !proofs.has(op.index))];
  return { ...focus, lanes, omitted: inside.length - drawn, calls: calls.slice(0, CALLS_LISTED) };
}

/** The calls nearest to the moment, in the order of time. */
function nearest(ops: readonly Op[], centreMs: number): Op[] {
  const distance = ({ calledAtMs, returnedAtMs }: Op) => Math.abs((calledAtMs + returnedAtMs) / 2 - centreMs);
  return ops
    .toSorted((a, b) => distance(a) - distance(b))
    .slice(0, MOST_BARS)
    .sort((a, b) => a.calledAtMs - b.calledAtMs);
}

/** Calls of several clients overlap: each takes the first row that is free. */
function packed(ops: readonly Op[], proofs: ReadonlySet<number>): { bars: Bar[]; rows: number } {
  const freeFromMs: number[] = [];
  const bars: Bar[] = [];
  for (const op of ops) {
    const free = freeFromMs.findIndex((ms) => ms <= op.calledAtMs);
    const row = free === -1 ? freeFromMs.length : free;
    if (row >= MOST_ROWS) continue;
    freeFromMs[row] = op.returnedAtMs;
    bars.push({
      row,
      fromMs: op.calledAtMs,
      untilMs: op.returnedAtMs,
      outcome: op.outcome,
      text: `${op.client}: ${op.name}${op.key === undefined ? '' : ` ${op.key}`}, ${op.outcome}${
        op.error === undefined ? '' : ` (${op.error.code})`
      }, ${Math.round((op.returnedAtMs - op.calledAtMs) * 10) / 10} ms`,
      proves: proofs.has(op.index),
    });
  }
  return { bars, rows: freeFromMs.length };
}

function spansOf(evidence: Evidence): (Span & { process: string })[] {
  const ms = (value: number) => `${Math.round(value * 10) / 10} ms`;
  return [
    ...observationsOf(evidence, 'sqlite-error').map(({ process, code, elapsedMs, atMs, sql }) => ({
      process,
      kind: 'refused' as const,
      fromMs: atMs - elapsedMs,
      untilMs: atMs,
      text: `${code} after ${ms(elapsedMs)}: ${sql}`,
    })),
    ...observationsOf(evidence, 'slow-statement').map(({ process, elapsedMs, atMs, sql }) => ({
      process,
      kind: 'waited' as const,
      fromMs: atMs - elapsedMs,
      untilMs: atMs,
      text: `a statement of ${ms(elapsedMs)}: ${sql}`,
    })),
    ...observationsOf(evidence, 'loop-stalled').map(({ process, durationMs, atMs }) => ({
      process,
      kind: 'stalled' as const,
      fromMs: atMs,
      untilMs: atMs + durationMs,
      text: `the event loop stood still for ${ms(durationMs)}`,
    })),
  ];
}

function marksOf(evidence: Evidence): { process: string; atMs: number; text: string }[] {
  return [
    ...observationsOf(evidence, 'process-started').map(({ process, atMs, incarnation }) => ({
      process,
      atMs,
      text: `start ${incarnation}`,
    })),
    ...observationsOf(evidence, 'process-exited').map(({ process, atMs, exitCode, signal, expected }) => ({
      process,
      atMs,
      text: `${signal ?? `exit ${exitCode}`}${expected ? '' : ', unasked'}`,
    })),
  ];
}
