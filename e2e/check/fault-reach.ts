import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { FaultSeen } from '../model/observation.ts';

/** A fault that stops a process or cuts it off without ending it, by name; ended processes show by their exits. */
const SILENCING = /pause|freeze|disconnect|partition/;

export interface Span {
  fromMs: number;
  untilMs: number;
}

/** Whether two stretches of time touch. */
export function overlap(a: Span, b: Span): boolean {
  return a.fromMs <= b.untilMs && b.fromMs <= a.untilMs;
}

/** How long two stretches of time are on at once. */
export function sharedTimeMs(a: Span, b: Span): number {
  return Math.max(0, Math.min(a.untilMs, b.untilMs) - Math.max(a.fromMs, b.fromMs));
}

/** A fault whose target is no process of the service, e.g. the service itself, reaches all of them. */
function reaches({ target }: FaultSeen, process: string, evidence: Evidence): boolean {
  return target === process || !evidence.service.processes.some(({ name }) => name === target);
}

/**
 * Whether the fault ended the process: its exit or its next start falls into the fault's time. The exit alone would not do,
 * since an engine may tell of it late. A process that crashed meanwhile and was brought back was not ended by the fault.
 */
function endsProcess(fault: FaultSeen, process: string, evidence: Evidence): boolean {
  const isInside = (seen: { process: string; atMs: number }) =>
    seen.process === process && seen.atMs >= fault.atMs && seen.atMs <= fault.healedAtMs;
  const exits = observationsOf(evidence, 'process-exited').filter(isInside);
  if (exits.some(({ expected }) => !expected)) return false;
  return exits.length > 0 || observationsOf(evidence, 'process-started').some(isInside);
}

/**
 * When a process cannot answer because a fault ended it, froze it or cut it off on purpose. A fault that does something
 * else, e.g. holds a lock, is no excuse for silence: that a service answers meanwhile is what is tested.
 */
export function silencedTimes(evidence: Evidence, process: string): Span[] {
  const faults = observationsOf(evidence, 'fault')
    .filter((fault) => reaches(fault, process, evidence))
    .filter((fault) => SILENCING.test(fault.fault) || endsProcess(fault, process, evidence));
  return [
    ...faults.map(({ atMs, healedAtMs }) => ({ fromMs: atMs, untilMs: healedAtMs })),
    // Every process is frozen while its files are copied.
    ...observationsOf(evidence, 'crash-copy').map(({ atMs, endedAtMs }) => ({ fromMs: atMs, untilMs: endedAtMs })),
  ];
}

/** A fault that stands in a checkpoint of its own, by name, and nobody else can make one, until it kills. */
const IN_CHECKPOINT = /mid-checkpoint/;

/**
 * When a fault may have kept checkpoints from their work: any that ended no process, and one that is in a checkpoint itself
 * before it ends some. A process that has ended holds no snapshot; one that is frozen, a held reader or a full disk does.
 */
export function heldUpTimes(evidence: Evidence, graceMs: number): Span[] {
  const names = evidence.service.processes.map(({ name }) => name);
  return observationsOf(evidence, 'fault').flatMap((fault) => {
    const { atMs: fromMs, healedAtMs } = fault;
    if (!names.some((name) => endsProcess(fault, name, evidence))) return [{ fromMs, untilMs: healedAtMs + graceMs }];
    if (!IN_CHECKPOINT.test(fault.fault)) return [];
    const ends = observationsOf(evidence, 'process-exited').map(({ atMs }) => atMs);
    const killedAtMs = Math.min(...ends.filter((atMs) => atMs >= fromMs && atMs <= healedAtMs), healedAtMs);
    return [{ fromMs, untilMs: killedAtMs + graceMs }];
  });
}
