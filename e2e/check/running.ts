import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { ProcessExited, StartFailed } from '../model/observation.ts';
import type { Finding } from '../model/verdict.ts';
import { broken, conclude, Examples, listed, notExercised, shorten } from './finding.ts';
import { lastWords, withFewLines } from './last-lines.ts';
import { sqliteCodesIn } from './sqlite-codes.ts';

const CHECK = 'running';

function howItEnded(seen: ProcessExited | StartFailed): string {
  if (seen.kind === 'start-failed') return `did not start: ${shorten(seen.message)}`;
  return seen.signal === null ? `ended by itself with exit code ${seen.exitCode}` : `ended by ${seen.signal} unasked`;
}

function findingOf(process: string, failures: readonly (ProcessExited | StartFailed)[]): Finding {
  const examples = new Examples<unknown>();
  for (const seen of failures) examples.add(withFewLines(seen));
  const codes = listed(failures.flatMap((seen) => sqliteCodesIn(lastWords(seen))));
  const shown = codes === '' ? 'no SQLite error in its last lines' : `${codes} in its last lines`;
  const ends = listed(failures.map(howItEnded));
  const message = `Every process starts and none ends unasked: expected ${process} to run, seen it fail ${failures.length} times (${ends}), ${shown}.`;
  return broken('service-not-started', message, examples);
}

function neverStarted({ service, observations }: Evidence, failed: ReadonlySet<string>): Finding[] {
  const started = new Set(observations.filter((seen) => seen.kind === 'process-started').map((seen) => seen.process));
  const missing = service.processes.map(({ name }) => name).filter((name) => !started.has(name) && !failed.has(name));
  if (missing.length === 0) return [];
  return [
    notExercised(
      `Every process starts and none ends unasked: expected a start of each of ${service.processes.length} processes, seen none of ${listed(missing)}.`,
    ),
  ];
}

/** A service that is down has no errors in its log, so the other checks pass on it. */
export const running: Checker = {
  name: CHECK,
  claim: 'Every process of the service starts, and none ends unless it is asked to.',
  check(evidence) {
    const failures = [
      ...observationsOf(evidence, 'start-failed'),
      ...observationsOf(evidence, 'process-exited').filter((seen) => !seen.expected),
    ].toSorted((a, b) => a.atMs - b.atMs);
    const byProcess = Map.groupBy(failures, (seen) => seen.process);
    const findings = [...byProcess].map(([process, own]) => findingOf(process, own));
    findings.push(...neverStarted(evidence, new Set(byProcess.keys())));
    const starts = observationsOf(evidence, 'process-started').length;
    return conclude(CHECK, findings, { starts, failures: failures.length });
  },
};
