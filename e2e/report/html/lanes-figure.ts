/** The lanes as a picture that needs no script, so that it prints and can be read without one. */
import type { Outcome } from '../../model/op.ts';
import { plain } from '../plain-text.ts';
import type { Bar, Lane, Lanes, Span } from './lanes.ts';
import { html, type Markup } from './markup.ts';
import { counted, milliseconds, seconds } from './numbers.ts';
import type { FaultMark } from './side.ts';

const WIDTH = 960;
const LEFT = 108;
const RIGHT = 14;
const ROW = 9;
const SPAN_ROW = 12;
const GAP = 14;
const TOP = 42;
/** Width of a character of the names, about. */
const CHAR = 6;
const TEXT_CHARS = 160;
const NAME_CHARS = 16;
const TICKS = 8;

/** @param originMs what the axis counts from: the beginning of the traffic. */
export function lanesFigure(lanes: Lanes, faults: readonly FaultMark[], originMs: number): Markup {
  const scale = new Scale(lanes.fromMs, lanes.untilMs);
  let y = TOP;
  const drawn: Markup[] = [];
  for (const lane of lanes.lanes) {
    const height = heightOf(lane);
    drawn.push(laneGroup(lane, y, height, scale));
    y += height + GAP;
  }
  const shown = faults.filter(({ atMs, healedAtMs }) => healedAtMs >= lanes.fromMs && atMs <= lanes.untilMs);
  const height = y + 18;
  return html`<div class="scroll lanes" tabindex="0" role="region" aria-label="Lanes of the processes">
<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${wordsOf(lanes, shown)}">
<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="failback" width="5" height="5"/><line class="failline" x1="0" x2="0" y1="0" y2="5"/></pattern></defs>
${faultBands(shown, scale, height)}${axis(scale, originMs, height)}${drawn}
</svg></div>${legend()}`;
}

class Scale {
  readonly fromMs: number;
  readonly untilMs: number;

  constructor(fromMs: number, untilMs: number) {
    this.fromMs = fromMs;
    this.untilMs = Math.max(untilMs, fromMs + 1);
  }

  /** Clipped to the picture. */
  x(ms: number): number {
    const inside = Math.min(this.untilMs, Math.max(this.fromMs, ms));
    const share = (inside - this.fromMs) / (this.untilMs - this.fromMs);
    return Math.round((LEFT + share * (WIDTH - LEFT - RIGHT)) * 10) / 10;
  }

  /** Never so narrow that it could not be seen. */
  width(fromMs: number, untilMs: number): number {
    return Math.max(2, Math.round((this.x(untilMs) - this.x(fromMs)) * 10) / 10);
  }
}

function heightOf({ rows, spans }: Lane): number {
  return Math.max(ROW, rows * ROW) + (spans.length > 0 ? SPAN_ROW : 0);
}

function laneGroup(lane: Lane, y: number, height: number, scale: Scale): Markup {
  const rowsFrom = y + (lane.spans.length > 0 ? SPAN_ROW : 0);
  const name = plain(lane.process, NAME_CHARS);
  return html`<g><rect class="lane" x="${LEFT}" y="${y - 4}" width="${WIDTH - LEFT - RIGHT}" height="${height + 8}"/>
<text class="name" x="${LEFT - 8}" y="${y + height / 2 + 4}" text-anchor="end">${name}</text>
${lane.spans.map((span) => spanMark(span, y, scale))}${lane.bars.map((bar) => barMark(bar, rowsFrom, scale))}${lane.marks.map(
  (mark) =>
    html`<g><title>${plain(mark.text)}</title><line class="mark" x1="${scale.x(mark.atMs)}" x2="${scale.x(mark.atMs)}" y1="${y - 4}" y2="${y + height + 4}"/><text class="note" x="${scale.x(mark.atMs) + 3}" y="${y + height + 3}">${plain(mark.text, NAME_CHARS)}</text></g>`,
)}</g>`;
}

function barMark({ row, fromMs, untilMs, outcome, text, proves }: Bar, top: number, scale: Scale): Markup {
  const [x, y, width] = [scale.x(fromMs), top + row * ROW, scale.width(fromMs, untilMs)];
  return html`<g><title>${plain(text, TEXT_CHARS)}</title><rect class="bar ${outcome}${proves ? ' proves' : ''}" x="${x}" y="${y}" width="${width}" height="${ROW - 2}"/>${signOf(outcome, x, y)}</g>`;
}

/** A refused call has a cross at its head, so that colour is not needed to find it. */
function signOf(outcome: Outcome, x: number, y: number): Markup | null {
  if (outcome !== 'fail') return null;
  return html`<path class="cross" d="M${x - 6} ${y}l5 6m0 -6l-5 6"/>`;
}

function spanMark({ kind, fromMs, untilMs, text }: Span, y: number, scale: Scale): Markup {
  const x = scale.x(fromMs);
  const shape =
    kind === 'refused'
      ? html`<path class="refused" d="M${scale.x(untilMs)} ${y - 2}l4 7h-8z"/>`
      : html`<rect class="${kind}" x="${x}" y="${y}" width="${scale.width(fromMs, untilMs)}" height="5"/>`;
  return html`<g><title>${plain(text, TEXT_CHARS)}</title>${shape}</g>`;
}

/** Names that would lie over each other go into the second row, or stay away: the table of faults has them all. */
function faultBands(faults: readonly FaultMark[], scale: Scale, height: number): Markup[] {
  const freeFrom = [0, 0];
  return faults.map((fault) => {
    const x = scale.x(fault.atMs);
    const name = plain(`${fault.fault} ${fault.target}`, 40);
    const row = freeFrom.findIndex((free) => free <= x);
    if (row !== -1) freeFrom[row] = x + name.length * CHAR + GAP;
    const text = row === -1 ? null : html`<text class="note" x="${x + 3}" y="${TOP - 16 - row * 12}">${name}</text>`;
    return html`<g><title>${name}</title><rect class="band" x="${x}" y="${TOP - 12}" width="${scale.width(fault.atMs, fault.healedAtMs)}" height="${height - TOP - 6}"/><line class="edge" x1="${x}" x2="${x}" y1="${TOP - 12}" y2="${height - 18}"/>${text}</g>`;
  });
}

function axis(scale: Scale, originMs: number, height: number): Markup {
  const [from, until] = [scale.fromMs - originMs, scale.untilMs - originMs];
  const step = niceStep((until - from) / TICKS);
  const first = Math.ceil(from / step) * step;
  const ticks = Array.from({ length: Math.floor((until - first) / step) + 1 }, (_, n) => first + n * step);
  return html`${ticks.map((ms) => {
    const x = scale.x(ms + originMs);
    return html`<line class="grid" x1="${x}" x2="${x}" y1="${TOP - 8}" y2="${height - 20}"/><text class="note" text-anchor="middle" x="${x}" y="${height - 6}">${(ms / 1_000).toFixed(step < 10 ? 3 : 2)} s</text>`;
  })}`;
}

function niceStep(ms: number): number {
  const decade = 10 ** Math.floor(Math.log10(Math.max(ms, 0.001)));
  return decade * ([1, 2, 5].find((factor) => factor * decade >= ms) ?? 10);
}

function wordsOf(lanes: Lanes, faults: readonly FaultMark[]): string {
  const bars = lanes.lanes.flatMap(({ bars: own }) => own);
  const count = (outcome: Outcome) => bars.filter((bar) => bar.outcome === outcome).length;
  const perLane = lanes.lanes.map(({ process, bars: own, spans }) => {
    const refused = spans.filter(({ kind }) => kind === 'refused').length;
    const waits = spans.filter(({ kind }) => kind === 'waited');
    const longest = waits.reduce((most, { fromMs, untilMs }) => Math.max(most, untilMs - fromMs), 0);
    const waited = waits.length === 0 ? '' : `, waited up to ${milliseconds(longest)}`;
    return `${plain(process, NAME_CHARS)}: ${counted(own.length, 'call')}${refused === 0 ? '' : `, ${refused} statements refused`}${waited}`;
  });
  return `${seconds(lanes.untilMs - lanes.fromMs)} around ${plain(lanes.title)}: ${count('ok')} calls acknowledged, ${count('fail')} refused, ${count('info')} without a reply. ${perLane.join('; ')}. ${counted(faults.length, 'fault')} in this time.`;
}

function legend(): Markup {
  const sample = (outcome: Outcome, text: string) =>
    html`<span class="key"><svg width="34" height="10" aria-hidden="true">${signOf(outcome, 7, 1)}<rect class="bar ${outcome}" x="8" y="1.5" width="25" height="7"/></svg>${text}</span>`;
  return html`<p class="legend">${sample('ok', 'acknowledged')}${sample('fail', 'refused')}${sample('info', 'reply lost')}
<span class="key"><svg width="12" height="10" aria-hidden="true"><path class="refused" d="M6 1l4 7h-8z"/></svg>SQLite refused a statement</span>
<span class="key"><svg width="22" height="10" aria-hidden="true"><rect class="waited" y="2" width="22" height="5"/></svg>a statement of 100 ms or more</span>
<span class="key"><svg width="22" height="10" aria-hidden="true"><rect class="stalled" x=".5" y="2.5" width="21" height="5"/></svg>event loop stood still</span></p>`;
}
