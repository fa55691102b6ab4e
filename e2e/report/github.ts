/** The verdict for GitHub Actions: a summary in Markdown, and an annotation for each finding. */
import type { Verdict } from '../model/verdict.ts';
import { oneLine } from './plain-text.ts';
import type { ServiceVerdict, VerdictDocument } from './verdict-document.ts';

const SIGN: Record<Verdict, string> = { pass: '✅', fail: '❌', unknown: '❔' };
const HEADING: Record<Verdict, string> = { pass: 'passed', fail: 'failed', unknown: 'not proved' };
const MESSAGE_CHARS = 600;
const NAME_CHARS = 60;
/** GitHub shows at most ten annotations of a kind for a step, and a summary of at most 1 MiB. */
const ANNOTATIONS = 10;
const FINDINGS = 30;

interface Told {
  service: string;
  check: string;
  verdict: Verdict;
  code: string;
  message: string;
}

export function stepSummary(document: VerdictDocument): string {
  const { services, verdict, seed, engine, durationMs, version } = document;
  const names = [...new Set(services.flatMap(({ checks }) => checks.map(({ check }) => check)))];
  const rows: [string, (service: ServiceVerdict) => string][] = [
    ...names.map((name): [string, (service: ServiceVerdict) => string] => [
      markdown(name),
      (service) => checkCell(service, name),
    ]),
    ['calls acknowledged', ({ traffic }) => `${traffic.ok} of ${traffic.ops}`],
    [
      'latency',
      ({ traffic: { latencyMs } }) =>
        latencyMs === null ? 'none' : `p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
    ],
    [
      'faults',
      ({ faults }) => `${faults.filter(({ tookEffect }) => tookEffect).length} of ${faults.length} took effect`,
    ],
    [
      'control',
      ({ control }) => (control === null ? 'none ran' : `${markdown(control.variant)}: ${control.busy} locks refused`),
    ],
    ['**verdict**', (service) => `**${word(service.verdict)}**`],
  ];
  const findings = findingsOf(document);
  return [
    `## ${SIGN[verdict]} walproof ${HEADING[verdict]}`,
    '',
    `seed ${seed}, ${engine} engine, ${(durationMs / 1_000).toFixed(1)} s, walproof ${markdown(version)}`,
    '',
    `| | ${services.map(({ name, variant }) => `${markdown(name)} (${markdown(variant)})`).join(' | ')} |`,
    `|---|${'---|'.repeat(services.length)}`,
    ...rows.map(([name, cell]) => `| ${name} | ${services.map(cell).join(' | ')} |`),
    '',
    ...(findings.length === 0 ? [] : ['### Findings', '', ...findings.slice(0, FINDINGS).map(findingLine)]),
    ...(findings.length > FINDINGS ? [`- and ${findings.length - FINDINGS} more in verdict.json`] : []),
    '',
  ].join('\n');
}

/** Workflow commands, a line each: an error for what fails, a warning for what is unknown. */
export function annotations(document: VerdictDocument): string[] {
  const findings = findingsOf(document);
  const unexplained =
    document.verdict !== 'pass' && findings.length === 0
      ? [`::error title=walproof::${HEADING[document.verdict]}`]
      : [];
  const kinds = [
    findings.filter(({ verdict }) => verdict === 'fail'),
    findings.filter(({ verdict }) => verdict === 'unknown'),
  ];
  return [
    ...unexplained,
    ...kinds
      .flatMap((kind) => kind.slice(0, ANNOTATIONS))
      .map(({ verdict, service, check, code, message }) => {
        const title = property(`walproof: ${oneLine(service, NAME_CHARS)} ${oneLine(check, NAME_CHARS)}`);
        return `::${verdict === 'fail' ? 'error' : 'warning'} title=${title}::${data(`${code}: ${oneLine(message, MESSAGE_CHARS)}`)}`;
      }),
  ];
}

function findingsOf({ services }: VerdictDocument): Told[] {
  return services.flatMap(({ name, checks }) =>
    checks.flatMap(({ check, verdict, findings }) =>
      findings.map(({ code, message }) => ({ service: name, check, verdict, code, message })),
    ),
  );
}

function checkCell({ checks }: ServiceVerdict, name: string): string {
  const result = checks.find(({ check }) => check === name);
  if (result === undefined) return 'does not apply';
  const codes = [...new Set(result.findings.map(({ code }) => code))];
  return [word(result.verdict), ...codes.map((code) => markdown(code))].join(' ');
}

function word(verdict: Verdict): string {
  return `${SIGN[verdict]} ${verdict}`;
}

function findingLine({ service, check, verdict, code, message }: Told): string {
  return `- ${SIGN[verdict]} **${markdown(service)}** ${markdown(check)} ${markdown(code)}: ${markdown(message, MESSAGE_CHARS)}`;
}

/** Text that Markdown leaves as it is, also in a cell of a table. */
function markdown(text: string, mostChars = NAME_CHARS): string {
  return oneLine(text, mostChars).replace(/[\\`*_[\]<>|~&#!$@]/g, '\\$&');
}

/** As the runner reads it back (https://docs.github.com/actions/reference/workflow-commands-for-github-actions). */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
