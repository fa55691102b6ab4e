import { type Evidence, observationsOf } from '../model/evidence.ts';

/**
 * How long after a fault healed its errors may still come in: a statement that was refused just before is logged, and a
 * reply that carries it is read, a moment later.
 */
export const TAIL_MS = 500;

/** Whether an error is one that a fault is meant to provoke: of that code, and in that fault's time. */
export type Excuse = (code: string, atMs: number) => boolean;

/** Only what a fault names is excused, and only while it lasts; a fault that did not take effect excuses nothing. */
export function excusesIn(evidence: Evidence): Excuse {
  const provoking = observationsOf(evidence, 'fault').filter(
    (fault) => fault.tookEffect && fault.provokes !== undefined,
  );
  return (code, atMs) =>
    provoking.some(
      (fault) => fault.provokes?.includes(code) && fault.atMs <= atMs && atMs <= fault.healedAtMs + TAIL_MS,
    );
}
