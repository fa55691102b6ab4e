/** What the tests of checkers share: histories, a good run, and how to judge them. */
import type { Checker } from '../model/evidence.ts';
import type { CheckResult, FindingCode } from '../model/verdict.ts';
import type { History } from './evidence/history.ts';

export { goodRun } from './evidence/good-run.ts';
export { History, history } from './evidence/history.ts';
export { NOTES, POLICY } from './evidence/notes.ts';

/** The proof that a finding code works: a history that shows it and a near one that does not. */
export interface RedAndGreen {
  checker: Checker;
  /** Why the red history must fail by this code. */
  story: string;
  red: () => History;
  /** Passes the check altogether. */
  green: () => History;
}

export function codesOf(result: CheckResult): FindingCode[] {
  return result.findings.map((finding) => finding.code);
}

/** Judges a history by one check. */
export function check(checker: Checker, told: History): CheckResult {
  return checker.check(told.evidence());
}
