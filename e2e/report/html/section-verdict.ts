/** The top of a report: what was found, by service and check, and every finding with its evidence. */
import type { CheckResult } from '../../model/verdict.ts';
import { plain } from '../plain-text.ts';
import type { ServiceVerdict, VerdictDocument } from '../verdict-document.ts';
import { html, type Markup, quoted } from './markup.ts';
import { counted, milliseconds, seconds, whole } from './numbers.ts';
import { badge } from './verdict-words.ts';

const MESSAGE_CHARS = 2_000;
const RECORD_CHARS = 3_000;
const FINDINGS_SHOWN = 40;

export function verdictSection(document: VerdictDocument, claims: ReadonlyMap<string, string>): Markup {
  const { services } = document;
  if (services.length === 0) return html`<section id="verdict"><h2>Verdict</h2><p>No service was judged.</p></section>`;
  return html`<section id="verdict"><h2>Verdict by service and check</h2>${stopped(document)}
<div class="cards">${services.map(card)}</div>
<div class="scroll" tabindex="0" role="region" aria-label="Verdict by service and check"><table class="checks"><thead><tr><th scope="col">Check${services.map(({ name }) => html`<th scope="col">${quoted(name)}`)}
<tbody>${checksInOrder(services).map((check) => checkRow(check, services, claims))}
</table></div></section>`;
}

function stopped({ stoppedBy }: VerdictDocument): Markup | null {
  if (stoppedBy === undefined) return null;
  const { service, check, code, atMs } = stoppedBy;
  return html`<p>The run ended at its first finding, ${seconds(atMs)} after it began: ${quoted(service, 60)}, ${quoted(check, 60)}, ${quoted(code, 60)}. What passes was seen until there and no longer.</p>`;
}

function card({ name, variant, verdict, traffic, faults, control, sqlite }: ServiceVerdict): Markup {
  const { latencyMs } = traffic;
  // Bundles of older versions do not have it.
  const undisturbed = traffic.undisturbed ?? null;
  const rows: [string, string][] = [
    ['db module', plain(variant, 120)],
    ['SQLite', sqlite === null ? 'never opened' : `${plain(sqlite.version)} · ${plain(sqlite.driver)}`],
    ['acknowledged', `${whole(traffic.ok)} of ${whole(traffic.ops)} calls`],
    ['undisturbed', undisturbed === null ? 'nothing acknowledged' : `${whole(undisturbed.opsPerSecond)} calls/s`],
    [
      'latency',
      latencyMs === null
        ? 'none'
        : `p50 ${milliseconds(latencyMs.p50)} · p99 ${milliseconds(latencyMs.p99)} · max ${milliseconds(latencyMs.max)}`,
    ],
    [
      'faults',
      faults.length === 0
        ? 'none'
        : `${faults.filter((fault) => fault.tookEffect).length} of ${faults.length} took effect`,
    ],
    [
      'control',
      control === null ? 'none ran' : `${plain(control.variant, 60)}: refused ${counted(control.busy, 'lock')}`,
    ],
  ];
  return html`<article class="card ${verdict}"><h3>${quoted(name)} ${badge(verdict)}</h3>
<dl>${rows.map(([term, text]) => html`<div><dt>${term}<dd><bdi>${text}</bdi></div>`)}</dl></article>`;
}

/** Every check that ran on some service, each after the one that it followed there. */
export function checksInOrder(services: readonly ServiceVerdict[]): string[] {
  const names: string[] = [];
  for (const { checks } of services)
    for (const [n, { check }] of checks.entries())
      if (!names.includes(check)) names.splice(names.indexOf(checks[n - 1]?.check ?? '') + 1, 0, check);
  return names;
}

function checkRow(check: string, services: readonly ServiceVerdict[], claims: ReadonlyMap<string, string>): Markup {
  const claim = claims.get(check);
  const cells = services.map(({ checks }) => html`<td>${cell(checks.find((result) => result.check === check))}`);
  return html`<tr><th scope="row">${quoted(check)}${claim === undefined ? null : html`<small>${claim}</small>`}${cells}`;
}

function cell(result: CheckResult | undefined): Markup {
  if (result === undefined) return html`<span class="quiet">does not apply</span>`;
  const codes = [...new Set(result.findings.map(({ code }) => code))];
  return html`${badge(result.verdict)}${codes.map((code) => html` <code>${quoted(code)}</code>`)}${waited(result)}`;
}

/** Services report statements from 100 ms on; no report is not a wait of 0 ms. */
function waited({ verdict, figures }: CheckResult): Markup | null {
  const wait = figures?.['longestWaitMs'];
  if (verdict !== 'pass' || wait === undefined) return null;
  return html`<small>${wait === 0 ? 'no wait of 100 ms' : `longest wait ${milliseconds(wait)} of ${milliseconds(figures?.['busyTimeoutMs'] ?? 0)}`}</small>`;
}

/** Null when there is none. */
export function findingsSection({ services }: VerdictDocument): Markup | null {
  const all = services.flatMap(({ name, checks }) =>
    checks.flatMap(({ check, verdict, findings }) => findings.map((finding) => ({ name, check, verdict, ...finding }))),
  );
  if (all.length === 0) return null;
  const shown = all.slice(0, FINDINGS_SHOWN).map(
    ({ name, check, verdict, code, message, evidence }) => html`<article class="finding ${verdict}">
<h3><code>${quoted(code)}</code> <span class="quiet">${quoted(name)} · ${quoted(check)}</span> ${badge(verdict)}</h3>
<p>${quoted(message, MESSAGE_CHARS)}</p>
${evidence.length === 0 ? null : html`<details><summary>${counted(evidence.length, 'record that proves it', 'records that prove it')}</summary>${evidence.slice(0, 3).map(record)}</details>`}
</article>`,
  );
  const more = all.length - shown.length;
  return html`<section id="findings"><h2>Findings</h2>${shown}${more > 0 ? html`<p>${whole(more)} more are in verdict.json.</p>` : null}</section>`;
}

function record(evidence: unknown): Markup {
  return html`<pre tabindex="0">${quoted(JSON.stringify(shortened(evidence), null, 2) ?? '', RECORD_CHARS)}</pre>`;
}

const TEXT_CHARS = 400;

/** Its texts cut one by one, so that a long one hides none of the others. */
function shortened(value: unknown): unknown {
  if (typeof value === 'string') return plain(value, TEXT_CHARS);
  if (Array.isArray(value)) return value.slice(0, 20).map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shortened(inner)]));
}
