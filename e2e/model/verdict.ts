/** `fail` a finding was made · `unknown` the evidence does not allow a judgement · `pass` neither. */
export type Verdict = 'pass' | 'unknown' | 'fail';

/** Every code a checker can report. A code exists only with a red and a green history in the unit tests. */
export const FINDING_CODES = [
  'journal-mode-not-wal',
  'pragma-drift',
  'sidecar-missing',
  'sidecar-unexpected',
  'unclean-close',
  'wal-deleted-under-writer',
  'wal-header-invalid',
  'busy',
  'busy-snapshot',
  'busy-recovery',
  'locked',
  'sqlite-error',
  'lost-write',
  'duplicate-write',
  'unexpected-write',
  'message-missed',
  'reply-duplicated',
  'fts-inconsistent',
  'document-unfindable',
  'not-a-prefix',
  'corrupt',
  'foreign-key-violation',
  'wal-unbounded',
  'checkpoint-starved',
  'event-loop-stalled',
  'health-gap',
  'slow-recovery',
  'sqlite-wal-reset-bug',
  'mixed-sqlite-versions',
  'service-not-started',
  'not-exercised',
] as const;

export type FindingCode = (typeof FINDING_CODES)[number];

export interface Finding {
  code: FindingCode;
  /** One sentence: the guarantee that was broken, what was expected and what was seen. */
  message: string;
  /** The records that prove it: first, worst and last example when there are many. JSON-serialisable. */
  evidence: unknown[];
}

export interface CheckResult {
  check: string;
  verdict: Verdict;
  findings: Finding[];
  /** Figures worth showing even on a pass, e.g. the longest wait. Names carry the unit. */
  figures?: Record<string, number>;
  /** What does not fit into figures, e.g. the kinds of busy errors by process. JSON-serialisable. */
  details?: Record<string, unknown>;
}

const RANK: Record<Verdict, number> = { pass: 0, unknown: 1, fail: 2 };

/** The worst of several verdicts: fail > unknown > pass. No verdict at all proves nothing, so it is `unknown`. */
export function mergeVerdicts(verdicts: Iterable<Verdict>): Verdict {
  let worst: Verdict | undefined;
  for (const verdict of verdicts) {
    if (worst === undefined || RANK[verdict] > RANK[worst]) worst = verdict;
  }
  return worst ?? 'unknown';
}
