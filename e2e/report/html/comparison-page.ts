/** The comparison of runs as a page of the same kind as a report. */
import type { ComparisonDocument } from '../compare.ts';
import { type Row, runRows, serviceRows } from '../comparison-rows.ts';
import { plain } from '../plain-text.ts';
import { assets } from './assets.ts';
import { html, type Markup, quoted } from './markup.ts';
import { shell } from './shell.ts';

export async function comparisonPage(document: ComparisonDocument): Promise<string> {
  const { runs, services, changed } = document;
  const titles = runs.map((_, n) => (n === 0 ? 'first' : `run ${n + 1}`));
  const body = html`<a class="skip" href="#main">Skip to the runs</a>
<nav aria-label="Contents"><p class="brand">walproof</p><ul><li><a href="#runs">Runs</a>${services.map(({ name }, n) => html`<li><a href="#service-${n + 1}">${plain(name, 40)}</a>`)}</ul></nav>
<main id="main"><header><p class="kicker">${runs.length} runs compared</p><h1>${changed ? 'Not the same' : 'The same'}</h1>
<p class="lead">${changed ? changedWords(document) : 'No check changed between these runs.'}</p></header>
<section id="runs"><h2>Runs</h2>${table('Runs', titles, runRows(document))}</section>
${services.map((service, n) => html`<section id="service-${n + 1}"><h2>${quoted(service.name, 60)}</h2>${table(plain(service.name, 40), titles, serviceRows(service))}</section>`)}</main>`;
  return shell(await assets(), `walproof: ${runs.length} runs compared`, body);
}

function changedWords({ services }: ComparisonDocument): Markup {
  const names = services.flatMap(({ name, checks }) =>
    checks.filter((check) => check.changed).map(({ check }) => `${plain(name, 60)} ${plain(check, 60)}`),
  );
  return html`Changed: ${names.map((name, n) => html`${n === 0 ? '' : ', '}<bdi>${name}</bdi>`)}.`;
}

function table(title: string, heads: readonly string[], rows: readonly Row[]): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><thead><tr><th scope="col">${heads.map((head) => html`<th scope="col">${head}`)}
<tbody>${rows.map(({ name, cells, changed }) => html`<tr><th scope="row">${changed ? html`<span class="badge unknown">≠ changed</span> ` : null}<bdi>${name}</bdi>${cells.map((cell) => html`<td><bdi>${cell}</bdi>`)}`)}</table></div>`;
}
