import type { Evidence } from '../model/evidence.ts';
import type { Observation, SqliteErrorSeen } from '../model/observation.ts';
import { isServiceDatabase } from './connections.ts';
import { ensure } from './finding.ts';
import { findingCodeOf } from './sqlite-codes.ts';

const JOURNAL_MODE_PRAGMA = /^\s*PRAGMA\s+(?:\w+\.)?journal_mode\b/i;

/** Refused switches of one process that is still running. */
interface Refusals {
  /** WAL has not been attested since. */
  open: SqliteErrorSeen[];
  /** WAL was attested afterwards; it counts once the process did not die all the same. */
  answered: SqliteErrorSeen[];
}

function isRefusedSwitch(seen: Observation): seen is SqliteErrorSeen {
  return (
    seen.kind === 'sqlite-error' &&
    seen.phase === 'open' &&
    findingCodeOf(seen.code) === 'busy' &&
    JOURNAL_MODE_PRAGMA.test(seen.sql)
  );
}

/**
 * The refused DELETE→WAL switches that the db module answered by trying again. SQLite never waits for a RESERVED lock
 * there, whatever the timeout, so a refusal is inevitable when processes start together and the bounded retry is the cure.
 * It counts as retried only when the same process went on to attest WAL and did not end by itself: a process that dies of
 * the refusal closes its connections first, and these attest WAL too when another process has switched the file meanwhile.
 */
export function switchesRetried(evidence: Evidence): Set<SqliteErrorSeen> {
  const retried = new Set<SqliteErrorSeen>();
  const living = new Map<string, Refusals>();
  for (const seen of evidence.observations.toSorted((a, b) => a.atMs - b.atMs)) {
    if (isRefusedSwitch(seen)) {
      ensure(living, seen.process, (): Refusals => ({ open: [], answered: [] })).open.push(seen);
    } else if (seen.kind === 'attestation' && isServiceDatabase(seen.attestation.file, evidence.service)) {
      const refusals = living.get(seen.process);
      if (refusals === undefined) continue;
      if (seen.attestation.journalMode === 'wal') refusals.answered.push(...refusals.open);
      refusals.open = [];
    } else if (seen.kind === 'process-exited' || seen.kind === 'start-failed') {
      const isOrderly = seen.kind === 'process-exited' && seen.expected;
      if (isOrderly) for (const refused of living.get(seen.process)?.answered ?? []) retried.add(refused);
      living.delete(seen.process);
    }
  }
  for (const { answered } of living.values()) for (const refused of answered) retried.add(refused);
  return retried;
}
