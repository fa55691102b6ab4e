import type { ControlResult, Evidence } from '../model/evidence.ts';
import type { Op } from '../model/op.ts';
import type { CheckResult } from '../model/verdict.ts';
import { noBusy } from './no-busy.ts';
import { giveOps } from './streaming.ts';
import { writes } from './writes.ts';

/** Busy and locked errors in the evidence, each counted once. */
export function countBusy(evidence: Evidence): number {
  return busyIn(noBusy.check(evidence));
}

function busyIn({ figures }: CheckResult): number {
  return figures?.['busyCount'] ?? 0;
}

/** What a control arm showed, for the demands of its subject. */
export function controlResultOf(evidence: Evidence): ControlResult {
  const busy = noBusy.begin(evidence);
  const kept = writes.begin(evidence);
  let okOps = 0;
  const acknowledged = {
    take({ outcome }: Op) {
      if (outcome === 'ok') okOps++;
    },
  };
  giveOps(evidence, [busy, kept, acknowledged]);
  return {
    variant: evidence.variant,
    busy: busyIn(busy.end()),
    // Acknowledged writes that the final read did not return; 0 when there was no final read to tell.
    lostWrites: kept.end().figures?.['lostWrites'] ?? 0,
    okOps,
  };
}
