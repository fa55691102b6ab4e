import Table from 'cli-table3';
import type { CheckResult, Verdict } from '../model/verdict.ts';
import { oneLine } from './plain-text.ts';
import { timeSpentText } from './time-spent.ts';
import type { ServiceVerdict, VerdictDocument } from './verdict-document.ts';

/** Of the taxonomy of no-busy, as much as a cell shows. */
interface BusyKind {
  code: string;
  where: string;
  phase: string;
  count: number;
  elapsedMs: { min: number; max: number } | null;
}
const KINDS_SHOWN = 4;

const BARE = { head: [], border: [] };
/** Characters; two services and the names of the checks fit on 100 columns. */
const CELL_WIDTH = 38;

/** The verdict for a terminal: one table, then every finding with its evidence, then where the bundle is. */
export function verdictText(document: VerdictDocument): string {
  const checks = checksInOrder(document);
  const table = new Table({ head: ['', ...document.services.map((service) => service.name)], style: BARE });
  table.push(['db module', ...document.services.map((service) => service.variant)]);
  table.push(['SQLite', ...document.services.map((service) => service.sqlite?.version ?? 'never opened')]);
  table.push(['control', ...document.services.map(controlCell)]);
  table.push(['traffic', ...document.services.map(trafficCell)]);
  table.push(['undisturbed', ...document.services.map(undisturbedCell)]);
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
    ...stoppedLines(document),
    `verdict: ${word(document.verdict)}`,
    ...(document.timeline === undefined ? [] : [`time:    ${timeSpentText(document.timeline)}`]),
    `bundle:  ${document.bundle}`,
    ...(document.report === undefined ? [] : [`report:  ${document.report}`]),
    '',
  ].join('\n');
}

function stoppedLines({ stoppedBy }: VerdictDocument): string[] {
  if (stoppedBy === undefined) return [];
  const { service, check, code, atMs } = stoppedBy;
  return [
    `stopped at the first finding, ${(atMs / 1000).toFixed(1)} s after the start: ${service} ${check} ${code}; what passes was seen until there`,
  ];
}

/** Every check that ran on some service, each after the one that it followed there. */
function checksInOrder({ services }: VerdictDocument): string[] {
  const names: string[] = [];
  for (const { checks } of services)
    for (const [n, { check }] of checks.entries())
      if (!names.includes(check)) names.splice(names.indexOf(checks[n - 1]?.check ?? '') + 1, 0, check);
  return names;
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

/** What the service does while nothing is done to it. */
function undisturbedCell({ traffic: { undisturbed } }: ServiceVerdict): string {
  if (undisturbed === null) return 'nothing acknowledged';
  const { seconds, writesPerSecond, readsPerSecond } = undisturbed;
  return `${writesPerSecond} writes/s, ${readsPerSecond} reads/s for ${seconds} s`;
}

function latencyCell({ traffic: { latencyMs } }: ServiceVerdict): string {
  return latencyMs === null ? 'none' : `p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`;
}

function faultCell({ faults }: ServiceVerdict): string {
  const byName = Map.groupBy(faults, (fault) => fault.name);
  const parts = [...byName].map(
    ([name, hits]) => `${hits.filter((hit) => hit.tookEffect).length} of ${hits.length} ${name}`,
  );
  return parts.length === 0 ? 'none' : wrapped(parts);
}

/** Comma-separated, in lines no wider than the other cells. */
function wrapped(parts: readonly string[]): string {
  const lines: string[] = [];
  for (const part of parts) {
    const line = lines.at(-1);
    if (line === undefined || line.length + part.length > CELL_WIDTH) lines.push(part);
    else lines[lines.length - 1] = `${line}, ${part}`;
  }
  return lines.join(',\n');
}

function checkCell(result: CheckResult | undefined): string {
  if (result === undefined) return 'does not apply';
  const codes = [...new Set(result.findings.map((finding) => finding.code))].join(', ');
  if (result.verdict !== 'pass') return `${word(result.verdict)} ${codes}${busyKinds(result)}`;
  const wait = result.figures?.['longestWaitMs'];
  if (wait === undefined) return 'pass';
  // Services report statements from 100 ms on; no report is not a wait of 0 ms.
  if (wait === 0) return 'pass, no wait of 100 ms';
  return `pass, longest wait ${Math.round(wait)} ms of ${result.figures?.['busyTimeoutMs']} ms`;
}

/** The kinds of refusals, the most frequent first, a line each: code, phase, process, how often, after how long. */
function busyKinds({ details }: CheckResult): string {
  const kinds = (details?.['taxonomy'] ?? []) as BusyKind[];
  const shown = kinds.slice(0, KINDS_SHOWN).map(({ code, where, phase, count, elapsedMs }) => {
    const after = elapsedMs === null ? '' : ` ${elapsedMs.min}–${elapsedMs.max} ms`;
    return `\n${count}× ${code.replace('SQLITE_', '')} ${where} (${phase})${after}`;
  });
  const rest = kinds.length > KINDS_SHOWN ? `\nand ${kinds.length - KINDS_SHOWN} kinds more` : '';
  return shown.join('') + rest;
}

/** Evidence is shown shortly; the bundle has all of it. */
const EVIDENCE_SHOWN = 2;
const EVIDENCE_WIDTH = 400;
const MESSAGE_WIDTH = 4_000;

function findingLines(service: ServiceVerdict): string[] {
  return service.checks.flatMap(({ check, verdict, findings }) =>
    findings.flatMap(({ code, message, evidence }) => [
      `${word(verdict)} ${service.name} ${check} ${code}`,
      `  ${oneLine(message, MESSAGE_WIDTH)}`,
      ...evidence.slice(0, EVIDENCE_SHOWN).map((record) => `  · ${JSON.stringify(record).slice(0, EVIDENCE_WIDTH)}`),
      '',
    ]),
  );
}
