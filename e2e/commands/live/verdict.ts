import { type CheckResult, type Finding, mergeVerdicts, type Verdict } from '../../model/verdict.ts';
import type { Totals } from './ledger.ts';

/** Fewer acknowledged calls than this prove nothing. */
const LEAST_ACKNOWLEDGED = 100;

/** What only a run can judge, which reads everything back at its end. */
export const NOT_JUDGED = ['writes', 'delivery', 'search-index', 'integrity', 'sidecars', 'wal-generation', 'liveness'];

export interface LiveVerdict {
  verdict: Verdict;
  checks: CheckResult[];
}

/** What can be said of a stack that was only watched. Without evidence it is `unknown`, as everywhere. */
export function verdictSoFar(totals: Totals): LiveVerdict {
  const checks = [exercised(totals), running(totals), pragmaPolicy(totals), noBusy(totals)];
  return { verdict: mergeVerdicts(checks.map(({ verdict }) => verdict)), checks };
}

function exercised({ acknowledged }: Totals): CheckResult {
  if (acknowledged >= LEAST_ACKNOWLEDGED) return passed('exercised');
  const message = `expected at least ${LEAST_ACKNOWLEDGED} acknowledged calls, seen ${acknowledged}`;
  return { check: 'exercised', verdict: 'unknown', findings: [found('not-exercised', message)] };
}

function running({ connections, endedUnasked, restarts }: Totals): CheckResult {
  const findings: Finding[] = [];
  if (restarts.unasked > 0)
    findings.push(found('service-not-started', `${restarts.unasked} restarts that nobody asked for here`));
  if (endedUnasked.length > 0)
    findings.push(found('service-not-started', `seen down, and not killed from here: ${endedUnasked.join(', ')}`));
  return judged('running', findings, connections > 0);
}

function pragmaPolicy({ drift, connections }: Totals): CheckResult {
  const findings = drift.map((text) => found('pragma-drift', text));
  return judged('pragma-policy', findings, connections > 0);
}

function noBusy({ sqliteErrors, acknowledged }: Totals): CheckResult {
  const findings = Object.entries(sqliteErrors).map(([code, count]) =>
    found(codeOf(code), `SQLite refused ${count} statements with ${code}`),
  );
  return judged('no-busy', findings, acknowledged > 0);
}

function codeOf(code: string): Finding['code'] {
  if (code === 'SQLITE_BUSY_SNAPSHOT') return 'busy-snapshot';
  if (code === 'SQLITE_BUSY_RECOVERY') return 'busy-recovery';
  if (code.startsWith('SQLITE_BUSY')) return 'busy';
  return code.startsWith('SQLITE_LOCKED') ? 'locked' : 'sqlite-error';
}

function judged(check: string, findings: Finding[], hasEvidence: boolean): CheckResult {
  if (findings.length > 0) return { check, verdict: 'fail', findings };
  return hasEvidence ? passed(check) : { check, verdict: 'unknown', findings };
}

function passed(check: string): CheckResult {
  return { check, verdict: 'pass', findings: [] };
}

function found(code: Finding['code'], message: string): Finding {
  return { code, message, evidence: [] };
}

/** The verdict for a terminal. */
export function verdictText({ verdict, checks }: LiveVerdict, totals: Totals): string {
  const { acknowledged, failed, lost, errors, restarts, sqliteErrorsAside } = totals;
  const lines = [
    `traffic        ${acknowledged} acknowledged, ${failed} failed, ${lost} replies lost${inBrackets(errors)}`,
    `restarts       ${restarts.asked} asked for here, ${restarts.unasked} not`,
    ...checks.flatMap(({ check, verdict: each, findings }) => [
      `${check.padEnd(14)} ${each}`,
      ...findings.map(({ code, message }) => `  ${code}: ${message}`),
    ]),
  ];
  if (Object.keys(sqliteErrorsAside).length > 0)
    lines.push(`seen under a variant, not judged${inBrackets(sqliteErrorsAside)}`);
  lines.push(`not judged while it only runs: ${NOT_JUDGED.join(', ')}; npx walproof verify judges them`);
  return `${lines.join('\n')}\nverdict so far: ${verdict}\n`;
}

function inBrackets(counts: Record<string, number>): string {
  const parts = Object.entries(counts).map(([code, count]) => `${count} × ${code}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
