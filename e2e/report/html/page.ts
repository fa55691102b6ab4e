/** The whole report: one file without a single request, whose script and style are known to the browser by their hashes. */

import { plain } from '../plain-text.ts';
import type { VerdictDocument } from '../verdict-document.ts';
import { assets } from './assets.ts';
import { html, type Markup, quoted, scriptJson } from './markup.ts';
import { seconds } from './numbers.ts';
import type { RunFacts } from './run-facts.ts';
import { runSection } from './section-run.ts';
import { serviceSection, titleOf } from './section-service.ts';
import { findingsSection, verdictSection } from './section-verdict.ts';
import { shell } from './shell.ts';
import type { Side } from './side.ts';
import { heading, lead } from './verdict-words.ts';

export const REPORT = 'report.html';

export interface ReportInput {
  run: RunFacts;
  document: VerdictDocument;
  subjects: readonly Side[];
  controls: readonly Side[];
  /** What each check guarantees, in one sentence, by its name. */
  claims: ReadonlyMap<string, string>;
}

export async function reportPage(input: ReportInput): Promise<string> {
  const { run, document, subjects, controls, claims } = input;
  const views = document.services.flatMap((verdict, n) => {
    const subject = subjects.find(({ service }) => service === verdict.name);
    const control = controls.find(({ service }) => service === verdict.name) ?? null;
    return subject === undefined ? [] : [{ id: `service-${n + 1}`, verdict, subject, control }];
  });
  const sections = views.map(serviceSection);
  const findings = findingsSection(document);
  const contents: [string, string][] = [
    ['verdict', 'Verdict'],
    ...(findings === null ? [] : [['findings', 'Findings'] as [string, string]]),
    ...views.map((view): [string, string] => [view.id, titleOf(view)]),
    ['run', 'How it ran'],
  ];
  const charts = sections.flatMap((section) => section.charts.map(({ chart }) => chart));
  return shell(
    await assets(),
    `${heading(document.verdict)}: ${plain(run.scenario, 60)}, seed ${run.seed}`,
    html`<a class="skip" href="#main">Skip to the verdict</a>
<nav aria-label="Contents"><p class="brand">walproof</p><ul>${contents.map(([id, title]) => html`<li><a href="#${id}">${title}</a>`)}</ul></nav>
<main id="main">${top(run, document)}
${verdictSection(document, claims)}
${findings}
${sections.map(({ markup }) => markup)}
${runSection(run, document, subjects)}
<footer><p>Made by walproof ${quoted(run.version, 40)} from the records beside this file. Charts by uPlot. Times count from the beginning of the traffic of each service; calls count at their return.</p></footer></main>
<script type="application/json" id="charts">${scriptJson(charts)}</script>`,
  );
}

function top(run: RunFacts, document: VerdictDocument): Markup {
  return html`<header class="${document.verdict}"><p class="kicker">${quoted(run.scenario, 60)} · seed ${run.seed} · ${quoted(run.engine, 20)} engine · ${run.startedAt === null ? null : html`<time datetime="${plain(run.startedAt, 40)}">${day(run.startedAt)}</time> · `}${seconds(document.durationMs)}</p>
<h1>${heading(document.verdict)}</h1>
<p class="lead">${lead(document, run.claim)}</p></header>`;
}

function day(iso: string): string {
  return plain(iso, 40)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}
