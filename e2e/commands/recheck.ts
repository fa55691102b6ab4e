import { resolve } from 'node:path';
import { judge } from '../check/index.ts';
import type { ServiceDefinition } from '../model/service.ts';
import { type CheckResult, mergeVerdicts, type Verdict } from '../model/verdict.ts';
import { verdictText } from '../report/console.ts';
import { SavedRun } from '../report/saved-run.ts';
import { type ServiceVerdict, serviceVerdict, type VerdictDocument } from '../report/verdict-document.ts';
import { VERSION } from '../version.ts';
import { done, exitOf, type Outcome } from './outcome.ts';
import { readingRecords, subjectOf } from './saved-evidence.ts';

/** A check on which this judgement and the run's own differ. */
export interface Difference {
  service: string;
  check: string;
  /** Null where the check did not exist then. */
  stored: { verdict: Verdict; codes: string[] } | null;
  now: { verdict: Verdict; codes: string[] } | null;
}

/** What `recheck --json` prints: the verdict as it is found now, and how it compares with the one in the bundle. */
export interface RecheckDocument extends VerdictDocument {
  recheck: { stored: Verdict; same: boolean; differences: Difference[] };
}

/**
 * `walproof recheck <bundle>`: judges a saved run again, from its files alone. The exit code is that of the verdict found
 * now. The records are proved to be as they were written, so a difference means that the checks have changed since.
 */
export async function recheck(path: string): Promise<Outcome> {
  const saved = await SavedRun.open(resolve(path));
  const services: ServiceVerdict[] = [];
  const { stoppedBy } = saved.verdict;
  // A run that ended at its first finding never came to the services after it.
  const begun = new Set(saved.verdict.services.map(({ name }) => name));
  for (const service of saved.services)
    if (stoppedBy === undefined || begun.has(service.name)) services.push(await judgedAgain(saved, service));
  const verdict = mergeVerdicts(services.map((service) => service.verdict));
  const { seed, engine } = saved.run;
  const { durationMs, verdict: stored } = saved.verdict;
  const differences = differencesOf(saved.verdict.services, services);
  const document: RecheckDocument = {
    schemaVersion: 1,
    tool: 'walproof',
    version: VERSION,
    verdict,
    seed,
    engine,
    durationMs,
    bundle: saved.path,
    services,
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
    recheck: { stored, same: stored === verdict && differences.length === 0, differences },
  };
  return done(
    exitOf(verdict),
    `${verdictText(document)}${comparisonText(document.recheck, saved.run.version)}`,
    document,
  );
}

function judgedAgain(saved: SavedRun, service: ServiceDefinition): Promise<ServiceVerdict> {
  return readingRecords(saved, service.name, async () => {
    const evidence = await subjectOf(saved, service);
    return serviceVerdict(evidence, judge(evidence));
  });
}

function differencesOf(stored: readonly ServiceVerdict[], now: readonly ServiceVerdict[]): Difference[] {
  return now.flatMap(({ name, checks }) => {
    const before = stored.find((service) => service.name === name)?.checks ?? [];
    const names = new Set([...before, ...checks].map(({ check }) => check));
    return [...names].flatMap((check) => {
      const pair = { stored: summary(before, check), now: summary(checks, check) };
      return JSON.stringify(pair.stored) === JSON.stringify(pair.now) ? [] : [{ service: name, check, ...pair }];
    });
  });
}

function summary(checks: readonly CheckResult[], name: string): Difference['now'] {
  const result = checks.find(({ check }) => check === name);
  return result === undefined
    ? null
    : { verdict: result.verdict, codes: result.findings.map(({ code }) => code).sort() };
}

function comparisonText({ stored, same, differences }: RecheckDocument['recheck'], version: string): string {
  if (same) return 'recheck: the same as the run itself found\n';
  const said = (side: Difference['now']) => (side === null ? 'no such check' : [side.verdict, ...side.codes].join(' '));
  return [
    `recheck: differs from the run's own verdict (${stored}, walproof ${version}); the records are as written, so the checks have changed:`,
    ...differences.map(
      ({ service, check, ...sides }) => `  ${service} ${check}: then ${said(sides.stored)}, now ${said(sides.now)}`,
    ),
    '',
  ].join('\n');
}
