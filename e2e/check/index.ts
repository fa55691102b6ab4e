import type { Checker, Evidence } from '../model/evidence.ts';
import type { CheckResult } from '../model/verdict.ts';
import { crashImages } from './crash-images.ts';
import { delivery } from './delivery.ts';
import { engineGate } from './engine-gate.ts';
import { exercised } from './exercised.ts';
import { integrity } from './integrity.ts';
import { liveness } from './liveness.ts';
import { noBusy } from './no-busy.ts';
import { pragmaPolicy } from './pragma-policy.ts';
import { running } from './running.ts';
import { searchIndex } from './search-index.ts';
import { sidecars } from './sidecars.ts';
import { giveOps } from './streaming.ts';
import { walBounded } from './wal-bounded.ts';
import { walGeneration } from './wal-generation.ts';
import { walMode } from './wal-mode.ts';
import { writes } from './writes.ts';

/** Every check, in the order in which a report shows them. A new one is a file and a line here. */
export const CHECKERS: readonly Checker[] = [
  running,
  walMode,
  pragmaPolicy,
  sidecars,
  walGeneration,
  walBounded,
  noBusy,
  writes,
  delivery,
  searchIndex,
  integrity,
  crashImages,
  liveness,
  engineGate,
  exercised,
];

/**
 * All checks that apply to one service, in one arm. Merge their verdicts with `mergeVerdicts`. A promise that the service
 * never made has no check: a pass would claim what was not looked at. Those that look at ops share one pass over them.
 */
export function judge(evidence: Evidence): CheckResult[] {
  const due = CHECKERS.filter(({ appliesTo }) => appliesTo?.(evidence.service, evidence.demands) ?? true);
  const begun = due.map((checker) => ({ checker, fold: checker.begin?.(evidence) }));
  giveOps(
    evidence,
    begun.flatMap(({ fold }) => fold ?? []),
  );
  return begun.map(({ checker, fold }) => fold?.end() ?? checker.check(evidence));
}

/** The checks that something already speaks against; what is still owed is no matter here. */
export function failing(sofar: Evidence): CheckResult[] {
  return judge(sofar).filter(({ verdict }) => verdict === 'fail');
}
