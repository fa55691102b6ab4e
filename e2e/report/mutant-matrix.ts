import Table from 'cli-table3';
import type { EngineName } from '../model/stack.ts';
import type { Verdict } from '../model/verdict.ts';

/** What `mutants --json` prints. Fields are only ever added. */
export interface MutationDocument {
  schemaVersion: 1;
  tool: 'walproof';
  version: string;
  /** `pass` all killed or equivalent · `fail` one survived · `unknown` the unchanged services did not pass the same scenarios. */
  verdict: Verdict;
  engine: EngineName;
  seed: number;
  durationSeconds: number;
  baseline: BaselineResult[];
  totals: {
    mutants: number;
    killed: number;
    survived: number;
    equivalent: number;
    /** Killed of those that are not equivalent, in per cent. */
    score: number;
    /** Of the killed, from the beginning to the first finding. */
    medianSeconds: number | null;
    slowestSeconds: number | null;
  };
  /** By the check that noticed first; on `engine`. */
  detection: Detection[];
  mutants: MutantResult[];
}

/** How long a check took to notice, from the beginning of a scenario to its first finding. */
export interface Detection {
  check: string;
  killed: number;
  fastestSeconds: number;
  medianSeconds: number;
  slowestSeconds: number;
}

/** The unchanged service under a scenario that mutants are shown with. */
export interface BaselineResult {
  service: string;
  start: string;
  probes: readonly string[];
  verdict: Verdict;
  seconds: number;
  findings: { check: string; code: string; message: string }[];
}

export interface MutantResult {
  name: string;
  service: string;
  rule: string;
  /** What the rule takes away, in one sentence. */
  breaks: string;
  status: 'killed' | 'survived' | 'equivalent';
  /** The first check that failed, null when none did. */
  check: string | null;
  finding: string | null;
  message: string | null;
  /** The check that the rule names; another one that is quicker is as good. */
  expected: string;
  /** Finding codes of every check that failed at that moment. */
  checks: Record<string, string[]>;
  /** What had just been done. */
  stage: string;
  seconds: number;
  /** Measured, of an equivalent mutant. */
  proof?: EquivalenceProof;
}

export interface EquivalenceProof {
  reason: string;
  /** What the connections of either attested, each different one once. Equal, or it would be no proof. */
  attested: Record<string, unknown>[];
  connections: { baseline: number; mutant: number };
  lockErrors: { baseline: number; mutant: number };
  longestWaitMs: { baseline: number; mutant: number };
}

/** The checks with the most kills first. */
export function detectionOf(results: readonly MutantResult[]): Detection[] {
  const byCheck = Map.groupBy(
    results.filter(({ status }) => status === 'killed'),
    ({ check }) => check ?? 'none',
  );
  return [...byCheck]
    .map(([check, own]): Detection => {
      const seconds = own.map((result) => result.seconds).sort((a, b) => a - b);
      const at = (n: number) => seconds[n] ?? 0;
      const last = seconds.length - 1;
      const middle = at(Math.floor(last / 2));
      return { check, killed: own.length, fastestSeconds: at(0), medianSeconds: middle, slowestSeconds: at(last) };
    })
    .sort((a, b) => b.killed - a.killed);
}

const BARE = { head: [], border: [] };
const OTHERWISE: Record<MutantResult['status'], string> = {
  killed: '',
  survived: 'SURVIVED',
  equivalent: 'equivalent',
};

/** The kill matrix for a terminal: a row per mutant, a column per check that caught any, `x` for the first. */
export function matrixText(document: MutationDocument): string {
  const checks = [...new Set(document.mutants.flatMap(({ checks: own }) => Object.keys(own)))];
  const table = new Table({ head: ['mutant', ...checks, 'first finding', 'seconds'], style: BARE });
  for (const result of document.mutants) {
    const cells = checks.map((check) => (result.checks[check] === undefined ? '' : result.check === check ? 'X' : 'x'));
    table.push([result.name, ...cells, result.finding ?? OTHERWISE[result.status], result.seconds.toFixed(1)]);
  }
  return [
    `walproof ${document.version} · mutants · seed ${document.seed} · engine ${document.engine} · ${document.durationSeconds.toFixed(0)} s`,
    table.toString(),
    ...document.mutants.flatMap(proofLines),
    ...document.baseline.flatMap(baselineLines),
    ...document.mutants.filter(({ status }) => status === 'survived').map(survivorLine),
    ...detectionLines(document),
    totalsLine(document),
    `verdict: ${document.verdict === 'pass' ? 'pass' : document.verdict.toUpperCase()}`,
    '',
  ].join('\n');
}

function proofLines({ name, proof }: MutantResult): string[] {
  if (proof === undefined) return [];
  const { connections, longestWaitMs, lockErrors } = proof;
  return [
    `equivalent ${name}: ${proof.reason}`,
    `  · ${connections.baseline} and ${connections.mutant} connections attested the same: ${JSON.stringify(proof.attested)}`,
    `  · refused for a lock ${lockErrors.baseline} and ${lockErrors.mutant} times, longest wait ${Math.round(longestWaitMs.baseline)} and ${Math.round(longestWaitMs.mutant)} ms`,
  ];
}

function baselineLines({ service, start, probes, verdict, findings }: BaselineResult): string[] {
  if (verdict === 'pass') return [];
  const what = [start, ...probes].join(', ');
  return [
    `the unchanged ${service} does not pass (${what}), so its mutants prove nothing:`,
    ...findings.map(({ check, code, message }) => `  ${check} ${code}: ${message}`),
  ];
}

function survivorLine({ name, breaks, expected }: MutantResult): string {
  return `SURVIVED ${name}: ${breaks}. ${expected} was expected to catch it.`;
}

function detectionLines({ engine, detection }: MutationDocument): string[] {
  if (detection.length === 0) return [];
  const table = new Table({
    head: [`time to detect, engine ${engine}`, 'killed', 'median s', 'from', 'to'],
    style: BARE,
  });
  for (const { check, killed, medianSeconds, fastestSeconds, slowestSeconds } of detection)
    table.push([check, killed, ...[medianSeconds, fastestSeconds, slowestSeconds].map((value) => value.toFixed(1))]);
  return [table.toString()];
}

function totalsLine({ totals }: MutationDocument): string {
  const { mutants, killed, survived, equivalent, score, medianSeconds, slowestSeconds } = totals;
  const times =
    medianSeconds === null
      ? ''
      : ` · first finding after ${medianSeconds} s in the median, ${slowestSeconds} s at most`;
  return `${mutants} mutants: ${killed} killed, ${survived} survived, ${equivalent} equivalent · score ${score} %${times}`;
}
