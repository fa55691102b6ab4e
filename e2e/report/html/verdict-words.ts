/** A verdict in words, and its sign: never colour alone. */
import type { Verdict } from '../../model/verdict.ts';
import { plain } from '../plain-text.ts';
import type { ServiceVerdict, VerdictDocument } from '../verdict-document.ts';
import { html, type Markup, quoted } from './markup.ts';
import { enumerated } from './numbers.ts';

const SIGN: Record<Verdict, string> = { pass: '✓', fail: '✕', unknown: '?' };
const HEADING: Record<Verdict, string> = { pass: 'Passed', fail: 'Failed', unknown: 'Not proved' };

export function heading(verdict: Verdict): string {
  return HEADING[verdict] ?? HEADING.unknown;
}

export function badge(verdict: Verdict): Markup {
  const known = SIGN[verdict] === undefined ? 'unknown' : verdict;
  return html`<span class="badge ${known}"><span aria-hidden="true">${SIGN[known]}</span> ${known}</span>`;
}

/** One sentence for each service. */
export function lead({ services, verdict }: VerdictDocument, claim: string | null): Markup {
  if (services.length === 0) return html`No service was judged, which proves nothing.`;
  if (verdict === 'pass') {
    const names = enumerated(services.map(({ name }) => plain(name)));
    return html`Held for <bdi>${names}</bdi>: ${claim === null ? 'every check passes' : quoted(claim)}.`;
  }
  return html`${services.map((service) => html`${sentence(service)} `)}`;
}

function sentence(service: ServiceVerdict): Markup {
  const name = html`<b>${quoted(service.name)}</b>`;
  if (service.verdict === 'pass') return html`${name} passes every check.`;
  const failing = checksOf(service, 'fail');
  const open = checksOf(service, 'unknown');
  const said = [
    ...(failing.length > 0 ? [`fails ${enumerated(failing)}`] : []),
    ...(open.length > 0 ? [`cannot be judged by ${enumerated(open)}`] : []),
  ];
  return html`${name} ${said.length === 0 ? 'was not judged' : enumerated(said)}.`;
}

/** `no-busy (busy, busy-snapshot)`, … */
function checksOf({ checks }: ServiceVerdict, verdict: Verdict): string[] {
  return checks
    .filter((check) => check.verdict === verdict)
    .map(({ check, findings }) => {
      const codes = [...new Set(findings.map(({ code }) => code))];
      return codes.length === 0 ? check : `${check} (${codes.join(', ')})`;
    });
}
