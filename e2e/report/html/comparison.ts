/** The control next to the db module under judgement: the same traffic, the same axes. */
import type { Chart, Line } from './chart.ts';
import { linearAxis, logAxis } from './chart.ts';
import type { Told } from './charts.ts';
import { busy, latency, throughput } from './charts.ts';
import { figure } from './figure.ts';
import { html, type Markup, quoted } from './markup.ts';
import { milliseconds, seconds, whole } from './numbers.ts';
import type { Side } from './side.ts';
import type { TrafficSeries } from './traffic-series.ts';

const HEIGHT_PX = 150;

export function comparison(subject: Side, control: Side | null): { markup: Markup; charts: Told[] } {
  const title = html`<h3>Control next to ${quoted(subject.variant, 60)}</h3>`;
  if (control === null)
    return {
      markup: html`${title}<p>No control ran, so nothing shows that this traffic could have failed.</p>`,
      charts: [],
    };
  if (control.series === null || subject.series === null) {
    const silent = control.series === null ? control : subject;
    const text = html`${title}<p>There is nothing to compare: ${quoted(silent.variant, 60)} recorded no call.</p>${table(subject, control)}`;
    return { markup: text, charts: [] };
  }
  const sides = [
    { side: control, series: control.series },
    { side: subject, series: subject.series },
  ] as const;
  const until = Math.min(...sides.map(({ series }) => (series.buckets.untilMs - series.buckets.fromMs) / 1_000));
  const rows = [throughput, busy, latency].map((make) =>
    onSameAxes(
      sides.map(({ side, series }) => make(side, series)),
      until,
    ),
  );
  const columns = sides.map(({ side }, n) => ({
    title: html`${n === 0 ? 'Control: ' : ''}${quoted(side.variant, 60)}`,
    charts: rows.flatMap((row) => row[n] ?? []),
  }));
  const markup = html`${title}
<p>The first ${seconds(until * 1_000)} of traffic on each, with the same seed. Axes are the same left and right.</p>
${table(subject, control)}
<div class="pairs">${columns.map(({ title: name, charts }) => html`<div><h4>${name}</h4>${charts.map(figure)}</div>`)}</div>`;
  return { markup, charts: columns.flatMap(({ charts }) => charts) };
}

/** Cut to the time that both have, with one scale for the values. */
function onSameAxes(pair: readonly Told[], xMax: number): Told[] {
  const cut = pair.map(({ chart }) => upTo(chart, xMax));
  const values = cut.flatMap(({ lines }) => lines.map((line) => line.values));
  const y = pair[0]?.chart.y.log ? logAxis(...values) : linearAxis(...values);
  return pair.map((told, n) => ({
    ...told,
    chart: { ...(cut[n] as Chart), group: `${told.chart.group}, compared`, y, xMax, heightPx: HEIGHT_PX },
  }));
}

function upTo(chart: Chart, xMax: number): Chart {
  const kept = chart.x.filter((at) => at <= xMax).length;
  const cut = (line: Line): Line => ({ ...line, values: line.values.slice(0, kept) });
  const bands = chart.bands.filter(({ from }) => from < xMax);
  return { ...chart, x: chart.x.slice(0, kept), lines: chart.lines.map(cut), bands };
}

/** The figures of the whole arms. */
function table(subject: Side, control: Side): Markup {
  const rows: [string, (side: Side) => string][] = [
    ['traffic ran for', ({ traffic }) => (traffic === null ? 'never' : seconds(traffic.untilMs - traffic.fromMs))],
    ['acknowledged', ({ calls }) => `${whole(calls.ok)} calls`],
    ['refused', ({ calls }) => `${whole(calls.fail)} calls`],
    ['reply lost', ({ calls }) => `${whole(calls.info)} calls`],
    ['locks refused', ({ busy: count }) => whole(count)],
    ['slowest acknowledged', ({ series }) => slowest(series)],
    [
      'longest wait for a lock',
      ({ waits }) => (waits.longest[0] === undefined ? 'under 100 ms' : milliseconds(waits.longest[0].elapsedMs)),
    ],
  ];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Control next to the judged db module"><table><thead><tr><th scope="col">over the whole arm<th scope="col">control: ${quoted(control.variant, 60)}<th scope="col">${quoted(subject.variant, 60)}
<tbody>${rows.map(([name, say]) => html`<tr><th scope="row">${name}<td>${say(control)}<td>${say(subject)}`)}</table></div>`;
}

function slowest(series: TrafficSeries | null): string {
  const most = Math.max(...(series?.latencyMs.map(({ max }) => max ?? 0) ?? []), 0);
  return most === 0 ? 'none' : milliseconds(most);
}
