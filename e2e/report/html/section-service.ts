/** One service from close by: over time, its -wal, who waited, the first finding, and the control beside it. */
import type { Op } from '../../model/op.ts';
import { plain } from '../plain-text.ts';
import type { ServiceVerdict } from '../verdict-document.ts';
import type { Told } from './charts.ts';
import { busy, faultName, latency, throughput, wal } from './charts.ts';
import { comparison } from './comparison.ts';
import { figure } from './figure.ts';
import { lanesFigure } from './lanes-figure.ts';
import { html, type Markup, quoted } from './markup.ts';
import { counted, exactSeconds, milliseconds, seconds, whole } from './numbers.ts';
import type { FaultMark, Side } from './side.ts';
import { badge } from './verdict-words.ts';
import { waitsPart } from './waits-part.ts';

const FAULTS_LISTED = 60;

export interface ServiceView {
  /** Unique on the page, and nothing that a service could choose. */
  id: string;
  verdict: ServiceVerdict;
  subject: Side;
  control: Side | null;
}

/** The section, and the charts that are to be drawn in it. */
export function serviceSection({ id, verdict, subject, control }: ServiceView): { markup: Markup; charts: Told[] } {
  const charts = [
    ...(subject.series === null ? [] : [throughput(subject, subject.series), latency(subject, subject.series)]),
    ...(subject.series === null || subject.busy === 0 ? [] : [busy(subject, subject.series)]),
    ...(subject.wal === null ? [] : [wal(subject, subject.wal)]),
  ];
  const compared = comparison(subject, control);
  const markup = html`<section id="${id}"><h2>${quoted(subject.title)} <span class="quiet">${quoted(verdict.variant, 120)}</span> ${badge(verdict.verdict)}</h2>
${missing(subject)}${troubles(subject)}
${charts.map(figure)}
${faults(subject)}
${waitsPart(subject)}
${closeUp(subject)}
${compared.markup}
</section>`;
  return { markup, charts: [...charts, ...compared.charts] };
}

function missing({ missing: lines }: Side): Markup | null {
  if (lines.length === 0) return null;
  return html`<div class="note-box"><b>Not in this report</b><ul>${lines.map((line) => html`<li>${line}`)}</ul></div>`;
}

function troubles({ troubles: all, traffic }: Side): Markup | null {
  if (all.length === 0) return null;
  const shown = all.map(
    ({ atMs, what, lines }) =>
      html`<li>${quoted(what)} <span class="quiet">${relative(atMs, traffic)}</span>${lines.length === 0 ? null : html`<pre tabindex="0">${lines.map((line) => html`${quoted(line)}\n`)}</pre>`}`,
  );
  return html`<h3>What went wrong beside the calls</h3><ul class="troubles">${shown}</ul>`;
}

function faults({ faults: all, traffic }: Side): Markup {
  if (all.length === 0) return html`<h3>Faults</h3><p>None was done to it.</p>`;
  const more = all.length - FAULTS_LISTED;
  return html`<h3>Faults</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Faults"><table><thead><tr><th scope="col">no.<th scope="col">fault<th scope="col">began<th scope="col">lasted<th scope="col">what shows that it took effect
<tbody>${all.slice(0, FAULTS_LISTED).map((fault, n) => faultRow(fault, n + 1, traffic))}</table></div>
${more > 0 ? html`<p>${whole(more)} more are in observations.jsonl.</p>` : null}`;
}

function faultRow(fault: FaultMark, n: number, traffic: Side['traffic']): Markup {
  const { atMs, healedAtMs, tookEffect, proof } = fault;
  return html`<tr><td>${n}<th scope="row">${faultName(fault)}<td>${relative(atMs, traffic)}<td>${seconds(healedAtMs - atMs)}<td class="wide">${tookEffect ? null : html`<b>no effect</b> `}${quoted(proof)}`;
}

function closeUp({ lanes, faults: all, traffic }: Side): Markup {
  if (lanes === null)
    return html`<h3>Up close</h3><p>There was no finding, no wait and no fault to look at closely.</p>`;
  const origin = traffic?.fromMs ?? 0;
  const { finding, omitted, calls } = lanes;
  const intro = finding === null ? 'No finding. Shown is' : 'Around the first finding:';
  return html`<h3>Up close: ${quoted(lanes.title)}</h3>
<p>${intro} ${finding === null ? html`${quoted(lanes.title)}, with a lane for each process and a bar for each call from call to return.` : quoted(finding.message, 600)}${omitted > 0 ? html` ${counted(omitted, 'call')} more did not fit.` : null}</p>
${lanesFigure(lanes, all, origin)}
${callsTable(calls, finding === null ? 'Calls in the picture that were not acknowledged' : 'Calls that prove it, and those beside them that were not acknowledged', origin)}`;
}

function callsTable(calls: readonly Op[], title: string, originMs: number): Markup | null {
  if (calls.length === 0) return null;
  const rows = calls.map(
    ({ index, client, target, name, key, value, outcome, status, error, calledAtMs, returnedAtMs }) =>
      html`<tr><th scope="row">${index}<td>${quoted(client, 60)}${target === undefined ? null : html` → ${quoted(target, 60)}`}<td class="wide">${quoted(name, 60)} ${quoted(key ?? '', 80)}${value === undefined ? null : html`<small>${quoted(value, 160)}</small>`}<td>${outcome}<td class="number">${exactSeconds(calledAtMs - originMs)}<td class="number">${milliseconds(returnedAtMs - calledAtMs)}<td class="wide">${quoted(replyOf(status, error), 160)}`,
  );
  return html`<h4>${title}</h4><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><thead><tr><th scope="col">call<th scope="col">from → to<th scope="col">asked<th scope="col">outcome<th scope="col">called<th scope="col">took<th scope="col">reply
<tbody>${rows}</table></div>`;
}

function replyOf(status: Op['status'], error: Op['error']): string {
  if (error !== undefined) return `${error.code}: ${error.message}`;
  return status === undefined ? '' : `HTTP ${status}`;
}

function relative(atMs: number, traffic: Side['traffic']): string {
  return seconds(atMs - (traffic?.fromMs ?? 0));
}

/** For the contents of the page. */
export function titleOf({ subject }: ServiceView): string {
  return plain(subject.title, 40);
}
