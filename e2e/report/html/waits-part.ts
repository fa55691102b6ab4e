/** Refusals and the longest waits as tables. */
import { html, type Markup, quoted } from './markup.ts';
import { counted, exactSeconds, milliseconds, whole } from './numbers.ts';
import type { Side } from './side.ts';
import type { Refusals, Wait } from './waits.ts';

const SQL_CHARS = 160;
const BAR_PX = 120;

export function waitsPart({ waits, traffic }: Side): Markup {
  const origin = traffic?.fromMs ?? 0;
  return html`<h3>Refused and waiting</h3>
${refusals(waits.refusals, origin)}
${longest(waits.longest, waits.processes, origin)}`;
}

function refusals(rows: readonly Refusals[], origin: number): Markup {
  if (rows.length === 0) return html`<p>SQLite refused no statement in any process.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Refused statements by process"><table><thead><tr><th scope="col">process<th scope="col">code<th scope="col">phase<th scope="col">times<th scope="col">first<th scope="col">refused after
<tbody>${rows.map(
    ({ process, code, phase, count, firstAtMs, elapsedMs }) =>
      html`<tr><th scope="row">${quoted(process, 60)}<td><code>${quoted(code, 60)}</code><td>${quoted(phase, 40)}<td>${whole(count)}<td>${exactSeconds(firstAtMs - origin)}<td>${milliseconds(elapsedMs.min)} to ${milliseconds(elapsedMs.max)}`,
  )}</table></div>`;
}

function longest(waits: readonly Wait[], processes: Side['waits']['processes'], origin: number): Markup {
  if (waits.length === 0) return html`<p>No statement took 100 ms or longer.</p>`;
  const most = Math.max(...waits.map(({ elapsedMs }) => elapsedMs));
  return html`<p>Statements of 100 ms or longer: ${processes.map(
    ({ process, count, longestMs }, n) =>
      html`${n === 0 ? '' : ', '}${quoted(process, 60)} ${counted(count, 'time')}, up to ${milliseconds(longestMs)}`,
  )}.</p>
<div class="scroll" tabindex="0" role="region" aria-label="The longest waits"><table><thead><tr><th scope="col">process<th scope="col">ended<th scope="col" colspan="2">took<th scope="col">in the end<th scope="col">statement
<tbody>${waits.map(
    ({ process, endedAtMs, elapsedMs, sql, refusedWith }) =>
      html`<tr><th scope="row">${quoted(process, 60)}<td>${exactSeconds(endedAtMs - origin)}<td class="number">${milliseconds(elapsedMs)}<td><svg width="${BAR_PX}" height="8" aria-hidden="true"><rect class="waited" height="8" width="${Math.max(2, Math.round((elapsedMs / most) * BAR_PX))}"/></svg><td>${refusedWith === null ? 'got its lock' : html`<code>${quoted(refusedWith, 60)}</code>`}<td class="wide"><code>${quoted(sql.replace(/\s+/g, ' '), SQL_CHARS)}</code>`,
  )}</table></div>`;
}
