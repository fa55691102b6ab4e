import type { Refusal } from '../../model/actor.ts';
import { EXIT } from '../../model/errors.ts';
import { AT_ONCE_MS, type Elapsed, type Repro, type ReproFinding } from '../../model/repro.ts';

/** What playing one side gave. */
export interface SideResult {
  findings: readonly ReproFinding[];
  refusals: readonly Refusal[];
}

/**
 * `held`           the named finding appeared without the fix, and nothing was found with it
 * `not-reproduced` nothing was found without the fix
 * `not-fixed`      the named finding appeared with the fix too
 * `other-failure`  a side failed, but not by the named finding, or not in the words that were promised
 */
export type Outcome = 'held' | 'not-reproduced' | 'not-fixed' | 'other-failure';

export interface Judgement {
  outcome: Outcome;
  reproduced: boolean;
  fixed: boolean;
  /** Why it is not `held`, in one sentence. */
  reason: string | null;
}

/** Pure: what both sides gave, in; the outcome, out. Only exactly the named finding counts as reproduced. */
export function judge(repro: Repro, without: SideResult, fixed: SideResult): Judgement {
  const reproduced = isOnly(repro.expect, without.findings);
  const holds = fixed.findings.length === 0;
  const result = (outcome: Outcome, reason: string | null): Judgement => ({
    outcome,
    reproduced,
    fixed: holds,
    reason,
  });
  if (!reproduced && without.findings.length > 0) {
    return result('other-failure', `without the fix: expected only ${repro.expect}, found ${codes(without.findings)}`);
  }
  const unheard = repro.refusals.find(
    (promised) => !without.refusals.some((seen) => isSame(promised, seen, repro.elapsed)),
  );
  if (reproduced && unheard !== undefined) {
    const seen = without.refusals.map(({ code, message, elapsedMs }) => `${message} (${code}) after ${elapsedMs} ms`);
    return result(
      'other-failure',
      `without the fix: expected "${unheard.message}" (${unheard.code}) ${repro.elapsed}, saw ${[...new Set(seen)].join(', ') || 'no refusal'}`,
    );
  }
  if (!holds && !isOnly(repro.expect, fixed.findings)) {
    return result('other-failure', `with the fix: expected no finding, found ${codes(fixed.findings)}`);
  }
  if (!reproduced) return result('not-reproduced', `without the fix: expected ${repro.expect}, found nothing`);
  if (!holds) return result('not-fixed', `with the fix: ${repro.expect} appeared all the same`);
  return result('held', null);
}

/** 1 when the bug did not show or the fix does not hold; 70 when something else failed, which says nothing about either. */
export function exitCodeOf(outcome: Outcome): number {
  if (outcome === 'held') return EXIT.pass;
  return outcome === 'other-failure' ? EXIT.internal : EXIT.fail;
}

function isOnly(code: string, findings: readonly ReproFinding[]): boolean {
  return findings.length > 0 && findings.every((finding) => finding.code === code);
}

/** The message may stand inside a longer one: services put words of their own round it. */
function isSame(promised: { code: string; message: string }, seen: Refusal, elapsed: Elapsed): boolean {
  if (seen.code !== promised.code || !seen.message.includes(promised.message)) return false;
  return elapsed === 'nothing is refused' || seen.elapsedMs < AT_ONCE_MS === (elapsed === 'at once');
}

function codes(findings: readonly ReproFinding[]): string {
  return [...new Set(findings.map(({ code, message }) => `${code} (${message})`))].join(', ');
}
