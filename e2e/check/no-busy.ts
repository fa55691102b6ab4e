import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { SlowStatementSeen, SqliteErrorSeen } from '../model/observation.ts';
import type { Op } from '../model/op.ts';
import type { CheckResult, Finding } from '../model/verdict.ts';
import { type Blame, blameFor, blameText, LONG_WAIT_MS, WRITERS, withBlame } from './blame.ts';
import { judgedAttestations } from './connections.ts';
import { type Excuse, excusesIn } from './excused.ts';
import type { Span } from './fault-reach.ts';
import { broken, conclude, Examples, ensure, notExercised } from './finding.ts';
import { lastWords, withFewLines } from './last-lines.ts';
import { greatest } from './moments.ts';
import { findingCodeOf, sqliteCodeOf, sqliteCodesIn } from './sqlite-codes.ts';
import { streaming } from './streaming.ts';
import { switchesRetried } from './wal-switch.ts';

const CHECK = 'no-busy';

/** Errors of one code in one place and phase. */
interface ErrorGroup {
  /** Extended result code by name. */
  code: string;
  /** A process, or the clients. */
  where: string;
  phase: string;
  examples: Examples<unknown>;
  /** Null when no time was measured. */
  elapsedMs: { min: number; max: number } | null;
}

type Place = Pick<ErrorGroup, 'code' | 'where' | 'phase'>;

class ErrorGroups {
  readonly #groups = new Map<string, ErrorGroup>();

  add({ code, where, phase }: Place, example: unknown, elapsedMs: number | null): void {
    const group = ensure(this.#groups, JSON.stringify([code, where, phase]), () => ({
      code,
      where,
      phase,
      examples: new Examples<unknown>(),
      elapsedMs: null as ErrorGroup['elapsedMs'],
    }));
    group.examples.add(example, elapsedMs ?? 0);
    if (elapsedMs === null) return;
    const { min, max } = group.elapsedMs ?? { min: elapsedMs, max: elapsedMs };
    group.elapsedMs = { min: Math.min(min, elapsedMs), max: Math.max(max, elapsedMs) };
  }

  /** Busy and locked errors. */
  lockErrors(): number {
    return this.all()
      .filter((group) => findingCodeOf(group.code) !== 'sqlite-error')
      .reduce((sum, group) => sum + group.examples.count, 0);
  }

  all(): ErrorGroup[] {
    return [...this.#groups.values()];
  }
}

/** What the drivers saw, whether or not the service noticed. */
function errorsOfDrivers(errors: readonly SqliteErrorSeen[], groups: ErrorGroups): void {
  for (const seen of errors)
    groups.add({ code: codeOf(seen), where: seen.process, phase: seen.phase }, seen, seen.elapsedMs);
}

/** A driver may hide SQLite's code behind one of its own. */
function codeOf(seen: SqliteErrorSeen): string {
  return sqliteCodeOf(seen) ?? seen.code;
}

/** What a dying process left in its last lines. A code that its driver had reported is no news. */
function errorsOfExits(evidence: Evidence, reported: readonly SqliteErrorSeen[], groups: ErrorGroups): void {
  const known = Map.groupBy(reported, (seen) => seen.process);
  for (const seen of observationsOf(evidence, 'process-exited'))
    for (const code of sqliteCodesIn(lastWords(seen)))
      if (!known.get(seen.process)?.some((error) => codeOf(error) === code))
        groups.add({ code, where: seen.process, phase: 'last lines' }, withFewLines(seen), null);
}

/**
 * What a failed start quotes. It may be told of the whole service, and the lines are those of a process that reported or
 * exited, so a code that anybody showed before is no news.
 */
function errorsOfFailedStarts(evidence: Evidence, reported: readonly SqliteErrorSeen[], groups: ErrorGroups): void {
  const known = new Set([...reported.map(codeOf), ...groups.all().map((group) => group.code)]);
  for (const seen of observationsOf(evidence, 'start-failed'))
    for (const code of sqliteCodesIn(lastWords(seen)))
      if (!known.has(code)) groups.add({ code, where: seen.process, phase: 'start' }, withFewLines(seen), null);
}

/** What replies showed to the clients. */
class Replies {
  calls = 0;
  readonly groups = new ErrorGroups();
  readonly #isExcused: Excuse;

  constructor(isExcused: Excuse) {
    this.#isExcused = isExcused;
  }

  take(op: Op): void {
    this.calls++;
    if (op.error === undefined) return;
    const code = sqliteCodeOf(op.error);
    if (code === null || this.#isExcused(code, op.returnedAtMs)) return;
    this.groups.add({ code, where: 'replies to clients', phase: op.name }, op, op.returnedAtMs - op.calledAtMs);
  }
}

/** When the worst example was waiting, and who waited; null where its time was not measured. */
function waitOf({ examples, where }: ErrorGroup): { span: Span; waiting: string } | null {
  const spans = (examples.list() as (SqliteErrorSeen | Op | object)[]).flatMap((example): Span[] => {
    if ('calledAtMs' in example) return [{ fromMs: example.calledAtMs, untilMs: example.returnedAtMs }];
    return 'elapsedMs' in example ? [{ fromMs: example.atMs - example.elapsedMs, untilMs: example.atMs }] : [];
  });
  const [longest] = spans.toSorted((a, b) => b.untilMs - b.fromMs - (a.untilMs - a.fromMs));
  // Who asked a client is not who waited: its call was waiting in the process that it was sent to.
  const target = (examples.list() as { target?: string }[])[0]?.target;
  return longest === undefined ? null : { span: longest, waiting: target ?? where };
}

/** Who was in the way of a refused lock; other errors are nobody else's. */
function blameOf(group: ErrorGroup, evidence: Evidence): Blame | null {
  const wait = findingCodeOf(group.code) === 'sqlite-error' ? null : waitOf(group);
  return wait === null ? null : blameFor(evidence, { ...wait, locks: WRITERS });
}

function findingOf(group: ErrorGroup, evidence: Evidence): Finding {
  const { busyTimeoutMs } = evidence.service.policy;
  const code = findingCodeOf(group.code);
  const guarantee = code === 'sqlite-error' ? 'SQLite refuses no statement' : 'No statement fails for a lock';
  const elapsed =
    group.elapsedMs === null
      ? ''
      : ` after ${group.elapsedMs.min.toFixed(1)} to ${group.elapsedMs.max.toFixed(1)} ms (busy_timeout by policy ${busyTimeoutMs} ms)`;
  const message = `${guarantee}: expected no ${group.code}, seen ${group.examples.count} in ${group.where} (${group.phase})${elapsed}.`;
  const blame = blameOf(group, evidence);
  const finding = broken(code, `${message}${blameText(blame)}`, group.examples);
  return { ...finding, evidence: withBlame(finding.evidence, blame) };
}

/** A kind of refusal as a report shows it. */
interface Refused extends Place {
  count: number;
  elapsedMs: ErrorGroup['elapsedMs'];
  /** The db module tried again and succeeded: no finding. */
  retried: boolean;
}

function kindsOf(groups: ErrorGroups, retried: boolean): Refused[] {
  return groups
    .all()
    .map(({ code, where, phase, examples, elapsedMs }) => ({
      code,
      where,
      phase,
      count: examples.count,
      elapsedMs: elapsedMs && { min: round(elapsedMs.min), max: round(elapsedMs.max) },
      retried,
    }))
    .toSorted((a, b) => b.count - a.count);
}

/** The longest wait, and how it ended; null when nobody waited long enough to be reported. */
function longestWait(waits: readonly (SqliteErrorSeen | SlowStatementSeen)[], evidence: Evidence) {
  let longest: SqliteErrorSeen | SlowStatementSeen | null = null;
  for (const wait of waits) if (longest === null || wait.elapsedMs > longest.elapsedMs) longest = wait;
  if (longest === null) return null;
  const { process, sql, atMs } = longest;
  const elapsedMs = round(longest.elapsedMs);
  const span = { fromMs: atMs - elapsedMs, untilMs: atMs };
  const question = { span, waiting: process, locks: WRITERS };
  return {
    process,
    sql,
    atMs,
    elapsedMs,
    ofMs: evidence.service.policy.busyTimeoutMs,
    code: longest.kind === 'sqlite-error' ? longest.code : null,
    blame: elapsedMs >= LONG_WAIT_MS ? blameFor(evidence, question) : null,
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function missingEvidence(evidence: Evidence, calls: number): Finding[] {
  const findings: Finding[] = [];
  if (calls === 0)
    findings.push(notExercised('No statement fails for a lock: expected calls that make statements, seen none.'));
  if (judgedAttestations(evidence).length === 0)
    findings.push(
      notExercised(
        `No statement fails for a lock: expected connections to ${evidence.service.database} that report their errors, seen no attestation of one.`,
      ),
    );
  return findings;
}

function judged(evidence: Evidence, isExcused: Excuse, { groups: replies, calls }: Replies): CheckResult {
  const reported = observationsOf(evidence, 'sqlite-error');
  const retried = switchesRetried(evidence);
  const excused = new Set(reported.filter((seen) => isExcused(codeOf(seen), seen.atMs)));
  const inside = new ErrorGroups();
  errorsOfDrivers(
    reported.filter((seen) => !retried.has(seen) && !excused.has(seen)),
    inside,
  );
  errorsOfExits(evidence, reported, inside);
  errorsOfFailedStarts(evidence, reported, inside);

  const { busyTimeoutMs } = evidence.service.policy;
  const findings = [...inside.all(), ...replies.all()].map((group) => findingOf(group, evidence));
  const waits = [...reported, ...observationsOf(evidence, 'slow-statement')];
  const answered = new ErrorGroups();
  errorsOfDrivers([...retried], answered);
  const result = conclude(CHECK, [...findings, ...missingEvidence(evidence, calls)], {
    // A reply that carries the code tells of an error that the driver reported too; the greater number counts each once.
    busyCount: Math.max(inside.lockErrors(), replies.lockErrors()),
    excusedByFaults: excused.size,
    walSwitchRetries: retried.size,
    longestWaitMs: greatest(
      waits.map((seen) => seen.elapsedMs),
      0,
    ),
    busyTimeoutMs,
  });
  const taxonomy = [inside, replies].flatMap((groups) => kindsOf(groups, false)).concat(kindsOf(answered, true));
  return { ...result, details: { taxonomy, longestWait: longestWait(waits, evidence) } };
}

/** Absence of SQLITE_BUSY alone is not enough: the longest wait shows how close it came to the timeout. */
export const noBusy = streaming({
  name: CHECK,
  claim: 'No statement fails for a lock, nor for any other SQLite error.',
  begin(evidence) {
    const isExcused = excusesIn(evidence);
    const replies = new Replies(isExcused);
    return { take: (op) => replies.take(op), end: () => judged(evidence, isExcused, replies) };
  },
});
