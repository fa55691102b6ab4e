import Table from 'cli-table3';
import type { CheckResult, Verdict } from '../model/verdict.ts';
import type { ServiceVerdict, VerdictDocument } from './verdict-document.ts';

const BARE = { head: [], border: [] };

/** The verdict for a terminal: one table, then every finding with its evidence, then where the bundle is. */
export function verdictText(document: VerdictDocument): string {
  const checks = document.services[0]?.checks.map((check) => check.check) ?? [];
  const table = new Table({ head: ['', ...document.services.map((service) => service.name)], style: BARE });
  table.push(['db module', ...document.services.map((service) => service.variant)]);
  table.push(['SQLite', ...document.services.map((service) => service.sqlite?.version ?? 'never opened')]);
  table.push(['control', ...document.services.map(controlCell)]);
  table.push(['traffic', ...document.services.map(trafficCell)]);
  table.push(['latency', ...document.services.map(latencyCell)]);
  table.push(['faults', ...document.services.map(faultCell)]);
  for (const name of checks) {
    table.push([
      name,
      ...document.services.map((service) => checkCell(service.checks.find(({ check }) => check === name))),
    ]);
  }
  table.push(['verdict', ...document.services.map((service) => word(service.verdict))]);
  const head = `walproof ${document.version} · seed ${document.seed} · engine ${document.engine} · ${(document.durationMs / 1000).toFixed(1)} s`;
  const findings = document.services.flatMap(findingLines);
  return [
    head,
    table.toString(),
    ...findings,
    `verdict: ${word(document.verdict)}`,
    `bundle:  ${document.bundle}`,
    '',
  ].join('\n');
}

function word(verdict: Verdict): string {
  return verdict === 'pass' ? 'pass' : verdict.toUpperCase();
}

function controlCell({ control }: ServiceVerdict): string {
  return control === null ? 'none' : `${control.variant}: ${control.busy} busy in ${control.okOps} ok ops`;
}

function trafficCell({ traffic: { ok, info, fail, writesPerSecond, readsPerSecond } }: ServiceVerdict): string {
  return `${ok} ok, ${fail} fail, ${info} info\n${writesPerSecond} writes/s, ${readsPerSecond} reads/s`;
}

function latencyCell({ traffic: { latencyMs } }: ServiceVerdict): string {
  return latencyMs === null ? 'none' : `p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`;
}

function faultCell({ faults }: ServiceVerdict): string {
  const byName = Map.groupBy(faults, (fault) => fault.name);
  const parts = [...byName].map(
    ([name, hits]) => `${hits.filter((hit) => hit.tookEffect).length} of ${hits.length} ${name}`,
  );
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function checkCell(result: CheckResult | undefined): string {
  if (result === undefined) return 'not run';
  const codes = [...new Set(result.findings.map((finding) => finding.code))].join(', ');
  if (result.verdict !== 'pass') return `${word(result.verdict)} ${codes}`;
  const wait = result.figures?.['longestWaitMs'];
  if (wait === undefined) return 'pass';
  // Services report statements from 100 ms on; no report is not a wait of 0 ms.
  if (wait === 0) return 'pass, no wait of 100 ms';
  return `pass, longest wait ${Math.round(wait)} ms of ${result.figures?.['busyTimeoutMs']} ms`;
}

/** Evidence is shown shortly; the bundle has all of it. */
const EVIDENCE_SHOWN = 2;
const EVIDENCE_WIDTH = 400;

function findingLines(service: ServiceVerdict): string[] {
  return service.checks.flatMap(({ check, verdict, findings }) =>
    findings.flatMap(({ code, message, evidence }) => [
      `${word(verdict)} ${service.name} ${check} ${code}`,
      `  ${message}`,
      ...evidence.slice(0, EVIDENCE_SHOWN).map((record) => `  · ${JSON.stringify(record).slice(0, EVIDENCE_WIDTH)}`),
      '',
    ]),
  );
}
