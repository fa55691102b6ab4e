/** A chart in the page: heading, legend, the place where it is drawn with what it says, and its figures as a table. */
import type { Chart, Line } from './chart.ts';
import type { Told } from './charts.ts';
import { html, type Markup } from './markup.ts';
import { short } from './numbers.ts';

export function figure({ chart, title, summary }: Told): Markup {
  return html`<figure class="chart" data-chart="${chart.name}">
<figcaption><b>${title}</b> <span class="unit">${chart.unit}</span>
<span class="legend">${chart.lines.length > 1 ? chart.lines.map(key) : null}${chart.bands.length > 0 ? bandKey() : null}</span>
<output aria-hidden="true"></output></figcaption>
<div class="plot h${chart.heightPx}" role="img" aria-label="${title}. ${summary}"></div>
<details><summary>Figures of this chart</summary>${figures(chart)}</details>
</figure>`;
}

function key({ label, tone, dash }: Line): Markup {
  return html`<span class="key"><svg width="26" height="8" aria-hidden="true"><line class="tone${tone}" x1="0" x2="26" y1="4" y2="4" stroke-dasharray="${dash.join(' ')}"/></svg>${label}</span>`;
}

function bandKey(): Markup {
  return html`<span class="key"><svg width="14" height="12" aria-hidden="true"><rect class="band" width="14" height="12"/><line class="edge" x1=".5" x2=".5" y1="0" y2="12"/></svg>fault</span>`;
}

/** Every point that is drawn, so that the picture holds nothing that cannot be read. */
function figures({ x, lines, unit }: Chart): Markup {
  const head = lines.map(({ label }) => html`<th scope="col">${label}, ${unit}`);
  const rows = x.map(
    (at, n) =>
      html`<tr><th scope="row">${at.toFixed(1)}${lines.map(({ values }) => html`<td>${cell(values[n] ?? null)}`)}`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Figures"><table class="figures"><thead><tr><th scope="col">s${head}<tbody>${rows}</table></div>`;
}

function cell(value: number | null): string {
  return value === null ? '–' : short(value);
}
