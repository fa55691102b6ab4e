/** How the run came about, and how to have it again. */

import { plain } from '../plain-text.ts';
import { timeSpentText } from '../time-spent.ts';
import type { VerdictDocument } from '../verdict-document.ts';
import { commandAgain } from './again.ts';
import { html, type Markup, quoted } from './markup.ts';
import { megabytes, seconds } from './numbers.ts';
import type { RunFacts } from './run-facts.ts';
import type { Side } from './side.ts';

export function runSection(run: RunFacts, document: VerdictDocument, subjects: readonly Side[]): Markup {
  const command = commandAgain(run);
  const commit = run.gitCommit === null ? null : html`<p>At commit <code>${quoted(run.gitCommit, 60)}</code>.</p>`;
  return html`<section id="run"><h2>How it ran</h2>
<h3>Run it again</h3>
${command === null ? html`<p>No command line makes this run of ${quoted(run.scenario)}; run.json has its seed and options.</p>` : html`<pre tabindex="0" class="command">${command}</pre>`}${commit}
<p>What each client asks, in its order, is a function of the seed; when it asks is not.</p>
<p>Judge the same records again, without an engine: <code>npx walproof recheck &lt;this folder&gt;</code></p>
${timeSection(document)}
<h3>Environment</h3>
${facts([
  ['started', run.startedAt ?? 'unknown'],
  ['took', seconds(document.durationMs)],
  ['typed', `walproof ${run.command.join(' ')}`],
  ['seed', `${run.seed}`],
  ['engine', run.engine],
  ['walproof', run.version],
  ...Object.entries(run.versions).map(([name, value]): [string, unknown] => [name, value]),
  ...Object.entries(run.machine).map(([name, value]): [string, unknown] =>
    name === 'memoryBytes' && typeof value === 'number' ? ['memory', megabytes(value)] : [name, value],
  ),
])}
${run.services.map((service) => serviceFacts(service, document, subjects))}
</section>`;
}

/** Spans as the run recorded them; those of two services side by side overlap. */
function timeSection({ timeline }: VerdictDocument): Markup | null {
  if (timeline === undefined || timeline.length === 0) return null;
  const rows = timeline.map(
    ({ arm, service, what, fromMs, untilMs }) =>
      html`<tr><th scope="row">${plain([arm, service].filter(Boolean).join(' ') || 'run', 60)}<td>${plain(what, 60)}<td>${seconds(fromMs)}<td>${seconds(untilMs - fromMs)}`,
  );
  return html`<h3>Where the time went</h3>
<p>${timeSpentText(timeline)}.</p>
<details><summary>Step by step</summary><div class="scroll" tabindex="0" role="region" aria-label="Where the time went"><table><thead><tr><th scope="col">Who<th scope="col">Step<th scope="col">Began at<th scope="col">Took
<tbody>${rows}
</table></div></details>`;
}

function serviceFacts(
  service: RunFacts['services'][number],
  document: VerdictDocument,
  subjects: readonly Side[],
): Markup {
  const sqlite = document.services.find(({ name }) => name === service.name)?.sqlite;
  const filesystem = subjects.find((side) => side.service === service.name)?.filesystem;
  return html`<h3>${quoted(service.title ?? service.name, 60)}</h3>${facts([
    [
      'db module',
      service.subject === null ? 'patched' : `${service.subject.variant} (${service.subject.file ?? 'its own file'})`,
    ],
    ['database', service.database ?? 'unknown'],
    ['filesystem', filesystem ?? 'unknown'],
    ['SQLite', sqlite ? `${sqlite.version} (${sqlite.sourceId})` : 'never opened'],
    ['driver', sqlite?.driver ?? 'unknown'],
    [
      'policy',
      Object.entries(service.policy)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(', '),
    ],
    ['op sequence', service.opSequenceHash ?? 'unknown'],
  ])}`;
}

function facts(rows: readonly [string, unknown][]): Markup {
  return html`<dl class="facts">${rows.map(([term, value]) => html`<div><dt>${plain(term, 60)}<dd>${quoted(typeof value === 'string' ? value : JSON.stringify(value))}</div>`)}</dl>`;
}
