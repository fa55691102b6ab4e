import type { ControlResult, Evidence } from '../model/evidence.ts';
import { noBusy } from './no-busy.ts';
import { writes } from './writes.ts';

/** Busy and locked errors in the evidence, each counted once. */
export function countBusy(evidence: Evidence): number {
  return noBusy.check(evidence).figures?.['busyCount'] ?? 0;
}

/** Acknowledged writes that the final read did not return; 0 when there was no final read to tell. */
export function countLostWrites(evidence: Evidence): number {
  return writes.check(evidence).figures?.['lostWrites'] ?? 0;
}

/** What a control arm showed, for the demands of its subject. */
export function controlResultOf(evidence: Evidence): ControlResult {
  return {
    variant: evidence.variant,
    busy: countBusy(evidence),
    lostWrites: countLostWrites(evidence),
    okOps: evidence.ops.filter((op) => op.outcome === 'ok').length,
  };
}
