import { type ErrorCode, WalproofError } from '../../model/errors.ts';
import type { ProcessExit } from '../../model/stack.ts';
import { SHOWN_LINES } from './line-ring.ts';

export interface StartFailure {
  process: string;
  /** How it failed, e.g. `it ended with exit code 1` or `it did not get healthy within 30000 ms`. */
  what: string;
  healthPath: string;
  /** The last answer of the health route. */
  seen: string;
  /** What this incarnation wrote, oldest first. */
  lines: readonly string[];
}

/** Causes that have nothing to do with the service and have a next step of their own. */
const FOREIGN_CAUSES: readonly { pattern: RegExp; code: ErrorCode; cause: string; next: string }[] = [
  {
    pattern: /\bEADDRINUSE\b/,
    code: 'PORT_IN_USE',
    cause: 'its port is in use by another program (EADDRINUSE)',
    next: 'End the program that listens there (ss -ltnp shows it), then run again.',
  },
  {
    pattern: /\bENOSPC\b|\bSQLITE_FULL\b/,
    code: 'DISK_FULL',
    cause: 'the disk is full (ENOSPC or SQLITE_FULL)',
    next: 'Free space where the data folder lies (df -h shows it), then run again.',
  },
];

/** The error for a process that did not come up. */
export function startFailure(failure: StartFailure): WalproofError {
  const details = failure.lines.slice(-SHOWN_LINES);
  const foreign = FOREIGN_CAUSES.find(({ pattern }) => failure.lines.some((line) => pattern.test(line)));
  if (foreign !== undefined) {
    return new WalproofError(foreign.code, `${failure.process} did not start: ${foreign.cause}`, foreign.next, {
      details,
    });
  }
  const message =
    `${failure.process} did not start: expected HTTP 200 from ${failure.healthPath}, but ${failure.what}` +
    ` (last health answer: ${failure.seen})`;
  const next =
    details.length === 0
      ? 'It wrote nothing. Start its entry file by hand to see what it does.'
      : 'Read its last lines below, mend the service or its db module, then run again.';
  return new WalproofError('SERVICE_NOT_STARTED', message, next, { details });
}

/** How a process ended, in words: `exit code 1`, `signal SIGKILL`. */
export function describeExit(exit: { exitCode: number | null; signal: string | null }): string {
  return exit.signal === null ? `exit code ${exit.exitCode ?? 'unknown'}` : `signal ${exit.signal}`;
}

/** What the stop of a process that was never started returns. */
export function neverStarted(process: string): ProcessExit {
  return { process, incarnation: 0, exitCode: null, signal: null, expected: true, lastLines: [] };
}
