import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { HealthProbeSeen, LoopStalled } from '../model/observation.ts';
import type { CheckResult, Finding } from '../model/verdict.ts';
import { type Blame, blameFor, blameText, LONG_WAIT_MS, WRITERS, withBlame } from './blame.ts';
import { overlap, type Span, sharedTimeMs, silencedTimes } from './fault-reach.ts';
import { broken, conclude, Examples, ensure, listed, notExercised } from './finding.ts';
import { greatest } from './moments.ts';
import { Recoveries, type Recovery, slowRecoveries } from './recovery.ts';
import { streaming } from './streaming.ts';

const CHECK = 'liveness';

/** A health route that is answered from memory needs a few milliseconds; a lock wait of any length must not reach it. */
const LATE_MS = 250;
/** The timeout of the health checks in docker-compose.yml. */
const HEALTH_TIMEOUT_MS = 5_000;

/**
 * What is left of a time without the parts that are the machine's doing: the kernel had no CPU for the process, or everybody
 * stood still. The parts may overlap, so this errs in favour of the service, by less than they last. Null when the kernel
 * does not say; then only what the container's own health check would not have borne can be judged.
 */
function ownTimeMs(tookMs: number, starvedMs: number | null, otherMs = 0): number | null {
  return starvedMs === null ? null : tookMs - starvedMs - otherMs;
}

function isLate(tookMs: number, ownMs: number | null): boolean {
  return ownMs === null ? tookMs >= HEALTH_TIMEOUT_MS : ownMs > LATE_MS;
}

/** Traffic windows: before and after them the harness itself freezes processes to copy their files. */
function underLoad(evidence: Evidence): Span[] {
  return observationsOf(evidence, 'traffic').map(({ atMs, endedAtMs }) => ({ fromMs: atMs, untilMs: endedAtMs }));
}

/** Whether an event counts: under load, and not while a fault kept the process silent on purpose. */
function counts(process: string, span: Span, evidence: Evidence): boolean {
  return (
    underLoad(evidence).some((window) => overlap(window, span)) &&
    !silencedTimes(evidence, process).some((silenced) => overlap(silenced, span))
  );
}

const spanOf = ({ atMs }: { atMs: number }, tookMs: number): Span => ({ fromMs: atMs, untilMs: atMs + tookMs });

const probeOwnMs = ({ tookMs, starvedMs, proberLateMs }: HealthProbeSeen) => ownTimeMs(tookMs, starvedMs, proberLateMs);

/** A standstill with what is left of it as the process's own. */
interface Stall extends LoopStalled {
  ownMs: number | null;
}

function stalls(evidence: Evidence): Stall[] {
  const machine = observationsOf(evidence, 'machine-stalled').map((seen) => spanOf(seen, seen.durationMs));
  return observationsOf(evidence, 'loop-stalled').flatMap((seen) => {
    const span = spanOf(seen, seen.durationMs);
    if (!counts(seen.process, span, evidence)) return [];
    const sharedMs = machine.reduce((sum, other) => sum + sharedTimeMs(span, other), 0);
    return [{ ...seen, ownMs: ownTimeMs(seen.durationMs, seen.starvedMs, sharedMs) }];
  });
}

/** A standstill or a late answer may be a wait for a lock: who had one, where it was long enough to matter. */
function blameOf(
  process: string,
  longest: { atMs: number; tookMs: number } | undefined,
  evidence: Evidence,
): Blame | null {
  if (longest === undefined || longest.tookMs < LONG_WAIT_MS) return null;
  return blameFor(evidence, { span: spanOf(longest, longest.tookMs), waiting: process, locks: WRITERS });
}

function longestOf<T extends { tookMs: number }>(seen: readonly T[]): T | undefined {
  return seen.toSorted((a, b) => b.tookMs - a.tookMs)[0];
}

function blamed(finding: Finding, blame: Blame | null): Finding {
  const { code, message, evidence } = finding;
  return { code, message: `${message}${blameText(blame)}`, evidence: withBlame(evidence, blame) };
}

function stallFindings(seen: readonly Stall[], evidence: Evidence): Finding[] {
  const byProcess = new Map<string, Examples<unknown>>();
  for (const stall of seen)
    if (isLate(stall.durationMs, stall.ownMs))
      ensure(byProcess, stall.process, () => new Examples<unknown>()).add(stall, stall.durationMs);
  return [...byProcess].map(([process, examples]) => {
    const longest = greatest(seen.filter((stall) => stall.process === process).map(({ durationMs }) => durationMs));
    const message = `No wait stops the loop that answers /health: expected no standstill above ${LATE_MS} ms beside CPU starvation in ${process}, seen ${examples.count}, the longest of ${Math.round(longest)} ms.`;
    const own = seen
      .filter((stall) => stall.process === process)
      .map(({ atMs, durationMs }) => ({ atMs, tookMs: durationMs }));
    return blamed(broken('event-loop-stalled', message, examples), blameOf(process, longestOf(own), evidence));
  });
}

/** Answers that were refused or lost, and those that came late for another reason than a busy machine. */
function isGap(probe: HealthProbeSeen): boolean {
  const timedOut = probe.seen.startsWith('no answer');
  return (!probe.healthy && !timedOut) || isLate(probe.tookMs, probeOwnMs(probe));
}

function probes(evidence: Evidence): HealthProbeSeen[] {
  return observationsOf(evidence, 'health-probe').filter((seen) =>
    counts(seen.process, spanOf(seen, seen.tookMs), evidence),
  );
}

function gapFindings(seen: readonly HealthProbeSeen[], evidence: Evidence): Finding[] {
  const byProcess = new Map<string, { examples: Examples<unknown>; said: Set<string>; longestMs: number }>();
  for (const probe of seen.filter(isGap)) {
    const make = () => ({ examples: new Examples<unknown>(), said: new Set<string>(), longestMs: 0 });
    const entry = ensure(byProcess, probe.process, make);
    entry.examples.add(probe, probe.tookMs);
    entry.said.add(probe.seen);
    entry.longestMs = Math.max(entry.longestMs, probe.tookMs);
  }
  return [...byProcess].map(([process, { examples, said, longestMs }]) => {
    const message = `${process} answers its health check whatever locks are held: expected HTTP 200 within ${LATE_MS} ms beside CPU starvation, seen ${examples.count} probes that were not (${listed(said)}), the longest after ${Math.round(longestMs)} ms.`;
    const own = seen.filter((probe) => probe.process === process && isGap(probe));
    return blamed(broken('health-gap', message, examples), blameOf(process, longestOf(own), evidence));
  });
}

function missing(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  const names = evidence.service.processes.map(({ name }) => name);
  const watched = new Set(observationsOf(evidence, 'loop-watched').map(({ process }) => process));
  const unwatched = names.filter((name) => !watched.has(name));
  if (unwatched.length > 0)
    findings.push(
      notExercised(
        `No wait stops the loop that answers /health: expected each process to watch its loop, seen none in ${listed(unwatched)}.`,
      ),
    );
  const answered = new Set(
    observationsOf(evidence, 'health-summary')
      .filter(({ healthy }) => healthy > 0)
      .map(({ process }) => process),
  );
  const unprobed = names.filter((name) => !answered.has(name));
  if (unprobed.length > 0)
    findings.push(
      notExercised(
        `Each process answers its health check under load: expected answered probes, seen none of ${listed(unprobed)}.`,
      ),
    );
  return findings;
}

function judged(evidence: Evidence, recovered: readonly Recovery[]): CheckResult {
  const stalled = stalls(evidence);
  const probed = probes(evidence);
  const summaries = observationsOf(evidence, 'health-summary');
  const findings = [
    ...stallFindings(stalled, evidence),
    ...gapFindings(probed, evidence),
    ...slowRecoveries(recovered),
    ...missing(evidence),
  ];
  const most = (values: number[]) => Math.round(greatest(values, 0));
  return conclude(CHECK, findings, {
    longestStallMs: most(stalled.map(({ durationMs }) => durationMs)),
    longestOwnStallMs: most(stalled.map(({ ownMs }) => ownMs ?? 0)),
    healthProbes: summaries.reduce((sum, summary) => sum + summary.probes, 0),
    lateByStarvation: probed.filter((probe) => !isGap(probe)).length,
    slowestHealthMs: most([...summaries.map(({ tookMs }) => tookMs?.max ?? 0), ...probed.map(({ tookMs }) => tookMs)]),
    slowestRecoveryMs: most(recovered.map(({ tookMs }) => tookMs)),
  });
}

/** "No SQLITE_BUSY" can pass while the service is down: a synchronous wait shows in no log. */
export const liveness = streaming({
  name: CHECK,
  claim: 'No lock wait stops a process: each answers its health check in time, and works again soon after a fault.',
  begin(evidence) {
    const recoveries = new Recoveries(evidence);
    return { take: (op) => recoveries.take(op), end: () => judged(evidence, recoveries.all()) };
  },
});
