/** Two or more runs next to each other: which check changed, and what became of throughput and latency. */
import type { EngineName } from '../model/stack.ts';
import type { Verdict } from '../model/verdict.ts';
import type { ServiceVerdict, VerdictDocument } from './verdict-document.ts';

export interface ComparedRun {
  bundle: string;
  startedAt: string | null;
  version: string;
  engine: EngineName;
  seed: number;
  durationMs: number;
  verdict: Verdict;
}

/** One service in one run; null where the run did not have it. */
export interface ComparedSide {
  variant: string;
  verdict: Verdict;
  opsPerSecond: number;
  undisturbedOpsPerSecond: number | null;
  latencyMs: { p50: number; p99: number; max: number } | null;
  faults: { done: number; tookEffect: number };
  controlBusy: number | null;
  codes: string[];
}

export interface ComparedCheck {
  check: string;
  /** In the order of the runs; null where the check did not exist or did not apply. */
  results: ({ verdict: Verdict; codes: string[] } | null)[];
  /** Whether the results are not all the same. */
  changed: boolean;
}

export interface ComparedService {
  name: string;
  sides: (ComparedSide | null)[];
  checks: ComparedCheck[];
}

/** What `report --json` prints for two or more bundles. Runs are in the order in which they were named. */
export interface ComparisonDocument {
  schemaVersion: 1;
  tool: 'walproof';
  runs: ComparedRun[];
  services: ComparedService[];
  /** Whether any check of any service changed. */
  changed: boolean;
}

export function compare(runs: readonly { startedAt: string | null; document: VerdictDocument }[]): ComparisonDocument {
  const documents = runs.map(({ document }) => document);
  const names = [...new Set(documents.flatMap(({ services }) => services.map(({ name }) => name)))];
  const services = names.map((name) => compareService(name, documents));
  return {
    schemaVersion: 1,
    tool: 'walproof',
    runs: runs.map(({ startedAt, document }) => {
      const { bundle, version, engine, seed, durationMs, verdict } = document;
      return { bundle, startedAt, version, engine, seed, durationMs, verdict };
    }),
    services,
    changed: services.some(({ checks }) => checks.some(({ changed }) => changed)),
  };
}

function compareService(name: string, documents: readonly VerdictDocument[]): ComparedService {
  const found = documents.map(({ services }) => services.find((service) => service.name === name) ?? null);
  const checks = [...new Set(found.flatMap((service) => service?.checks.map(({ check }) => check) ?? []))];
  return { name, sides: found.map(sideOf), checks: checks.map((check) => compareCheck(check, found)) };
}

function compareCheck(check: string, found: readonly (ServiceVerdict | null)[]): ComparedCheck {
  const results = found.map((service) => {
    const result = service?.checks.find((each) => each.check === check);
    if (result === undefined) return null;
    return { verdict: result.verdict, codes: [...new Set(result.findings.map(({ code }) => code))].sort() };
  });
  return { check, results, changed: new Set(results.map((result) => JSON.stringify(result))).size > 1 };
}

function sideOf(service: ServiceVerdict | null): ComparedSide | null {
  if (service === null) return null;
  const { variant, verdict, traffic, faults, control, checks } = service;
  return {
    variant,
    verdict,
    opsPerSecond: traffic.opsPerSecond,
    // Runs of older versions did not measure it.
    undisturbedOpsPerSecond: traffic.undisturbed?.opsPerSecond ?? null,
    latencyMs: traffic.latencyMs,
    faults: { done: faults.length, tookEffect: faults.filter(({ tookEffect }) => tookEffect).length },
    controlBusy: control?.busy ?? null,
    codes: [...new Set(checks.flatMap(({ findings }) => findings.map(({ code }) => code)))].sort(),
  };
}
