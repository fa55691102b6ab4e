/** @import { Model } from './model.js' */
import { el, setText, svg } from './dom.js';
import { span } from './format.js';

const HEIGHT = 14;

/** A lane per process over the shown time: filled while it is up, hatched while it is not, empty where nothing is known. */
export class Lanes {
  element;
  #service;
  /** @type {Map<string, { strip: SVGElement, text: HTMLElement }>} */
  #lanes = new Map();

  /**
   * @param {string} service
   * @param {string[]} processes
   */
  constructor(service, processes) {
    this.#service = service;
    const rows = processes.map((name) => {
      const strip = svg('svg', { class: 'lane', height: HEIGHT, width: '100%', 'aria-hidden': 'true' });
      const text = el('span', { class: 'hidden' });
      this.#lanes.set(name, { strip, text });
      return el('div', { class: 'lane-row' }, el('span', { class: 'lane-name', title: name }, name), strip, text);
    });
    this.element = el('div', { class: 'lanes', role: 'group', 'aria-label': 'Up and down over time' }, ...rows);
  }

  /**
   * @param {Model} model
   * @param {{ fromMs: number, toMs: number, stepMs: number }} range
   */
  draw(model, { fromMs, toMs, stepMs }) {
    const history = model.histories.get(stepMs);
    for (const [name, { strip, text }] of this.#lanes) {
      const values = history?.series[`${this.#service}/up/${name}`] ?? [];
      const runs = runsOf(values, history?.fromMs ?? 0, stepMs);
      const percent = (/** @type {number} */ ms) => (100 * (ms - fromMs)) / (toMs - fromMs);
      const rects = runs
        .filter(({ endMs }) => endMs > fromMs)
        .map(({ isUp, startMs, endMs }) => {
          const x = Math.max(0, percent(startMs));
          const width = Math.max(0.3, percent(Math.min(endMs, toMs)) - x);
          return svg('rect', {
            class: isUp ? 'is-up' : 'is-down',
            x: `${x}%`,
            y: isUp ? 3 : 0,
            width: `${width}%`,
            height: isUp ? 8 : HEIGHT,
          });
        });
      strip.replaceChildren(...rects);
      const downs = runs.filter(({ isUp, endMs }) => !isUp && endMs > fromMs);
      const downMs = downs.reduce((sum, { startMs, endMs }) => sum + endMs - Math.max(startMs, fromMs), 0);
      const shown = span(toMs - fromMs);
      setText(
        text,
        downs.length === 0
          ? `${name}: never seen down in ${shown}`
          : `${name}: down ${downs.length} times in ${shown}, ${span(downMs)} in all`,
      );
    }
  }
}

/**
 * @param {(number | null)[]} values
 * @param {number} fromMs
 * @param {number} stepMs
 */
function runsOf(values, fromMs, stepMs) {
  /** @type {{ isUp: boolean, startMs: number, endMs: number }[]} */
  const runs = [];
  for (const [n, value] of values.entries()) {
    if (value === null) continue;
    const startMs = fromMs + n * stepMs;
    const last = runs.at(-1);
    const isUp = value > 0;
    if (last !== undefined && last.isUp === isUp && last.endMs === startMs) last.endMs = startMs + stepMs;
    else runs.push({ isUp, startMs, endMs: startMs + stepMs });
  }
  return runs;
}
