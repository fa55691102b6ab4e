/** @import { Model } from './model.js' */

import { el, setText, svg } from './dom.js';
import { clock } from './format.js';
import uPlot from './uplot.js';

const HEIGHT = 128;
/** @type {Record<Line['ink'], number[]>} */
const DASH = { a: [], b: [5, 3], c: [1.5, 3] };

/**
 * @typedef {object} Line
 * @property {string} key name after `<service>/`
 * @property {string} label
 * @property {'a' | 'b' | 'c'} ink a is drawn through, b dashed, c dotted, for eyes and printers that see no hues
 * @property {(value: number | null | undefined) => string} show
 */

/**
 * @typedef {object} ChartMark
 * @property {number} atMs
 * @property {string} sign one letter or sign above the line
 * @property {'bad' | 'good' | 'act'} tone
 */

/** One chart of one service, with a legend that tells the figures and a text that says the same. */
export class Chart {
  element;
  #service;
  #lines;
  /** @type {uPlot} */
  #plot;
  #box = el('div', { class: 'plot', 'aria-hidden': 'true' });
  #summary = el('p', { class: 'hidden' });
  /** @type {HTMLElement[]} */
  #values = [];
  /** @type {ChartMark[]} */
  #marks = [];

  /**
   * @param {string} service
   * @param {string} title
   * @param {Line[]} lines
   * @param {{ log?: boolean }} [options]
   */
  constructor(service, title, lines, { log = false } = {}) {
    this.#service = service;
    this.#lines = lines;
    const legend = lines.map(({ label, ink }) => {
      const value = el('b', {}, '–');
      this.#values.push(value);
      const line = svg('line', { x1: 0, y1: 4, x2: 18, y2: 4 });
      const swatch = svg('svg', { class: `swatch ink-${ink}`, width: 18, height: 8, 'aria-hidden': 'true' }, line);
      return el('span', { class: 'key' }, swatch, `${label} `, value);
    });
    const caption = el('figcaption', {}, el('h4', {}, title), el('span', { class: 'keys' }, ...legend));
    this.element = el('figure', {}, caption, this.#box, this.#summary);
    this.#plot = new uPlot(this.#options(log), [[], ...lines.map(() => [])], this.#box);
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0) this.#plot.setSize({ width, height: HEIGHT });
    }).observe(this.#box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot.redraw());
  }

  /**
   * @param {Model} model
   * @param {{ fromMs: number, toMs: number, stepMs: number }} range
   * @param {ChartMark[]} marks
   */
  draw(model, { fromMs, toMs, stepMs }, marks) {
    const history = model.histories.get(stepMs);
    const series = this.#lines.map(({ key }) => history?.series[`${this.#service}/${key}`] ?? []);
    const length = Math.max(0, ...series.map((values) => values.length));
    const times = Array.from({ length }, (_, n) => ((history?.fromMs ?? 0) + n * stepMs) / 1000);
    this.#marks = marks.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    this.#plot.batch(() => {
      this.#plot.setData([times, ...series], false);
      this.#plot.setScale('x', { min: fromMs / 1000, max: toMs / 1000 });
    });
    if (this.#plot.cursor.idx === null || this.#plot.cursor.idx === undefined) this.#tell(series.map(lastOf));
    setText(this.#summary, this.#lines.map((line, n) => summaryOf(line, series[n] ?? [])).join(' '));
  }

  /** @param {(number | null | undefined)[]} values */
  #tell(values) {
    for (const [n, { show }] of this.#lines.entries()) setText(this.#values[n] ?? this.#summary, show(values[n]));
  }

  /**
   * @param {boolean} log
   * @returns {uPlot.Options}
   */
  #options(log) {
    const axis = { stroke: () => ink('--soft'), font: '11px system-ui, sans-serif', ticks: { show: false } };
    const grid = { stroke: () => ink('--grid'), width: 1 };
    const show = this.#lines[0]?.show ?? String;
    return {
      width: 320,
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: 'walproof' }, drag: { x: false, y: false }, points: { size: 6 } },
      padding: [14, 8, 0, 0],
      scales: {
        x: { time: true },
        y: log
          ? { distr: 3, range: (_, min, max) => [Math.min(1, min || 1), Math.max(100, max || 1)] }
          : { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.15)] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 22, space: 70, values: (_, splits) => timesOf(splits) },
        {
          ...axis,
          grid,
          size: 58,
          space: 28,
          values: (_, splits) => splits.map((split) => (split === null ? '' : show(split))),
          ...(log ? { splits: (_, __, min, max) => decades(min, max) } : {}),
        },
      ],
      series: [
        {},
        ...this.#lines.map(({ ink: which }) => ({
          stroke: () => ink(`--ink-${which}`),
          width: which === 'a' ? 2 : 1.5,
          dash: DASH[which],
          ...(which === 'a' ? { fill: () => ink('--fill-a') } : {}),
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: {
        draw: [(plot) => drawMarks(plot, this.#marks)],
        setCursor: [
          (plot) => {
            const at = plot.cursor.idx;
            const data = this.#lines.map((_, n) => /** @type {(number | null)[]} */ (plot.data[n + 1] ?? []));
            if (data.length > 0)
              this.#tell(at === null || at === undefined ? data.map(lastOf) : data.map((values) => values[at]));
          },
        ],
      },
    };
  }
}

/**
 * Seconds only where the marks stand closer than a minute.
 *
 * @param {number[]} splits
 */
function timesOf(splits) {
  const isWide = splits.length > 1 && (splits[1] ?? 0) - (splits[0] ?? 0) >= 60;
  return splits.map((at) => clock(at * 1000).slice(0, isWide ? 5 : 8));
}

/**
 * One line for each power of ten; by itself uPlot draws nine.
 *
 * @param {number} min
 * @param {number} max
 */
function decades(min, max) {
  const [first, last] = [Math.ceil(Math.log10(min)), Math.floor(Math.log10(max))];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => 10 ** (first + n));
}

/** @param {(number | null)[]} values */
function lastOf(values) {
  return values.at(-1) ?? values.at(-2) ?? null;
}

/**
 * @param {Line} line
 * @param {(number | null)[]} values
 */
function summaryOf({ label, show }, values) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return `${label}: no data.`;
  const gaps = values.length - known.length;
  return `${label}: now ${show(lastOf(values))}, least ${show(Math.min(...known))}, most ${show(Math.max(...known))}${gaps > 0 ? `, ${gaps} steps without data` : ''}.`;
}

/**
 * A line across the chart for each thing that happened, with its sign on top.
 *
 * @param {uPlot} plot
 * @param {ChartMark[]} marks
 */
function drawMarks({ ctx, bbox, valToPos }, marks) {
  ctx.save();
  const ratio = devicePixelRatio || 1;
  ctx.font = `bold ${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  for (const { atMs, sign, tone } of marks) {
    const x = Math.round(valToPos(atMs / 1000, 'x', true));
    ctx.strokeStyle = ctx.fillStyle = ink(`--${tone}`);
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.lineWidth = ratio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(sign, x, bbox.top - 3 * ratio);
  }
  ctx.restore();
}

/** @param {string} name */
function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
