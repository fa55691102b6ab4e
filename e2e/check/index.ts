import type { Checker, Evidence } from '../model/evidence.ts';
import type { CheckResult } from '../model/verdict.ts';
import { exercised } from './exercised.ts';
import { integrity } from './integrity.ts';
import { noBusy } from './no-busy.ts';
import { pragmaPolicy } from './pragma-policy.ts';
import { running } from './running.ts';
import { sidecars } from './sidecars.ts';
import { walMode } from './wal-mode.ts';
import { writes } from './writes.ts';

/** Every check, in the order in which a report shows them. A new one is a file and a line here. */
export const CHECKERS: readonly Checker[] = [
  running,
  walMode,
  pragmaPolicy,
  sidecars,
  noBusy,
  writes,
  integrity,
  exercised,
];

/** All checks on one service in one arm. Merge their verdicts with `mergeVerdicts`. */
export function judge(evidence: Evidence): CheckResult[] {
  return CHECKERS.map((checker) => checker.check(evidence));
}
