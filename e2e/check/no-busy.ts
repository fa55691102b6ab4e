import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { SqliteErrorSeen } from '../model/observation.ts';
import type { Finding } from '../model/verdict.ts';
import { judgedAttestations } from './connections.ts';
import { broken, conclude, Examples, ensure, notExercised } from './finding.ts';
import { lastWords, withFewLines } from './last-lines.ts';
import { greatest } from './moments.ts';
import { findingCodeOf, sqliteCodeOf, sqliteCodesIn } from './sqlite-codes.ts';
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
function errorsInReplies(evidence: Evidence, groups: ErrorGroups): void {
  for (const op of evidence.ops) {
    const code = op.error === undefined ? null : sqliteCodeOf(op.error);
    if (code !== null)
      groups.add({ code, where: 'replies to clients', phase: op.name }, op, op.returnedAtMs - op.calledAtMs);
  }
}

function findingOf(group: ErrorGroup, busyTimeoutMs: number): Finding {
  const code = findingCodeOf(group.code);
  const guarantee = code === 'sqlite-error' ? 'SQLite refuses no statement' : 'No statement fails for a lock';
  const elapsed =
    group.elapsedMs === null
      ? ''
      : ` after ${group.elapsedMs.min.toFixed(1)} to ${group.elapsedMs.max.toFixed(1)} ms (busy_timeout by policy ${busyTimeoutMs} ms)`;
  const message = `${guarantee}: expected no ${group.code}, seen ${group.examples.count} in ${group.where} (${group.phase})${elapsed}.`;
  return broken(code, message, group.examples);
}

function missingEvidence(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  if (evidence.ops.length === 0)
    findings.push(notExercised('No statement fails for a lock: expected calls that make statements, seen none.'));
  if (judgedAttestations(evidence).length === 0)
    findings.push(
      notExercised(
        `No statement fails for a lock: expected connections to ${evidence.service.database} that report their errors, seen no attestation of one.`,
      ),
    );
  return findings;
}

/** Absence of SQLITE_BUSY alone is not enough: the longest wait shows how close it came to the timeout. */
export const noBusy: Checker = {
  name: CHECK,
  claim: 'No statement fails for a lock, nor for any other SQLite error.',
  check(evidence) {
    const reported = observationsOf(evidence, 'sqlite-error');
    const retried = switchesRetried(evidence);
    const inside = new ErrorGroups();
    errorsOfDrivers(
      reported.filter((seen) => !retried.has(seen)),
      inside,
    );
    errorsOfExits(evidence, reported, inside);
    errorsOfFailedStarts(evidence, reported, inside);
    const replies = new ErrorGroups();
    errorsInReplies(evidence, replies);

    const { busyTimeoutMs } = evidence.service.policy;
    const findings = [...inside.all(), ...replies.all()].map((group) => findingOf(group, busyTimeoutMs));
    const waited = [...reported, ...observationsOf(evidence, 'slow-statement')].map((seen) => seen.elapsedMs);
    return conclude(CHECK, [...findings, ...missingEvidence(evidence)], {
      // A reply that carries the code tells of an error that the driver reported too; the greater number counts each once.
      busyCount: Math.max(inside.lockErrors(), replies.lockErrors()),
      walSwitchRetries: retried.size,
      longestWaitMs: greatest(waited, 0),
      busyTimeoutMs,
    });
  },
};
