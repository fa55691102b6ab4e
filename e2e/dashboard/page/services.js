/** @import { ProcessNow, ServiceNow } from '../state.ts' */
/** @import { Actions } from './actions.js' */
/** @import { Model } from './model.js' */
/** @import { ChartMark } from './charts.js' */
import { Chart } from './charts.js';
import { connectionRow, connectionsTable } from './connections.js';
import { el, setText } from './dom.js';
import { bytes, count, duration, rate, span } from './format.js';
import { Lanes } from './lanes.js';

/** A sign beside each word, so that no state is told by colour alone. */
const STATES = {
  up: ['●', 'up'],
  waiting: ['◐', 'not ready'],
  silent: ['◌', 'does not answer'],
  down: ['✕', 'down'],
  never: ['○', 'not seen yet'],
};
/** Beyond it figures are called missing. */
const LATE_MS = 2_500;

/** @param {string} label @param {() => void} act */
function button(label, act) {
  const made = el('button', { type: 'button' }, label);
  made.addEventListener('click', () => {
    if (made.getAttribute('aria-disabled') !== 'true') act();
  });
  return made;
}

/**
 * Off without somebody to act; while something is under way merely marked, so that a keyboard's focus is not thrown away.
 *
 * @param {HTMLButtonElement} made
 * @param {Actions} actions
 */
export function allow(made, actions) {
  made.disabled = actions.reason !== null;
  made.setAttribute('aria-disabled', String(!actions.isReady));
}

export { button };

/** Everything about one service. Built once; each beat only writes what differs. */
export class ServiceView {
  element;
  #name;
  #actions;
  #verdict = el('p', { class: 'verdict' });
  /** @type {Map<string, { value: HTMLElement, note: HTMLElement }>} */
  #tiles = new Map();
  #charts;
  #lanes;
  /** @type {Map<string, { cells: HTMLElement[], row: HTMLElement, buttons: HTMLButtonElement[] }>} */
  #rows = new Map();
  #connections = el('tbody');
  #connectionsShown = '';
  #errors = el('p', { class: 'errors' });
  #hold;
  #variant;

  /**
   * @param {ServiceNow} service
   * @param {Actions} actions
   */
  constructor(service, actions) {
    this.#name = service.name;
    this.#actions = actions;
    this.#charts = chartsOf(service.name);
    this.#lanes = new Lanes(
      service.name,
      service.processes.map(({ name }) => name),
    );
    this.#hold = button('Hold the write lock for 8 s', () => void actions.act('hold-lock', { service: service.name }));
    this.#variant = button('Switch to the unpatched variant', () => void this.#switchVariant());
    const id = `service-${service.name}`;
    const tiles = [
      'answers / s',
      'p50',
      'p99',
      '-wal',
      'not checkpointed',
      'refused by SQLite',
      'loop stall',
      'restarts',
    ];
    this.element = el(
      'section',
      { class: 'service', 'aria-labelledby': id },
      el('div', { class: 'service-head' }, el('h2', { id }, service.title), this.#verdict),
      el('dl', { class: 'tiles' }, ...tiles.map((label) => this.#tile(label))),
      el('div', { class: 'buttons' }, this.#hold, this.#variant),
      el('h3', {}, 'Processes'),
      this.#processes(service),
      this.#lanes.element,
      el('div', { class: 'charts' }, ...this.#charts.map(({ element }) => element)),
      this.#errors,
      el('h3', {}, 'Pragmas, as each connection attests them'),
      connectionsTable(this.#connections),
    );
  }

  /**
   * @param {ServiceNow} service
   * @param {number} nowMs
   */
  show(service, nowMs) {
    this.#showTiles(service, nowMs);
    for (const each of service.processes) this.#showProcess(each, nowMs);
    this.#showConnections(service.processes);
    const { text, tone } = verdictOf(service);
    setText(this.#verdict, text);
    this.#verdict.dataset.tone = tone;
    const errors = Object.entries(service.sqliteErrors).sort(([, a], [, b]) => b - a);
    setText(
      this.#errors,
      errors.length === 0
        ? 'SQLite has refused no statement since the observer started.'
        : `Refused by SQLite since the observer started: ${errors.map(([code, n]) => `${count(n)} × ${code}`).join(', ')}.`,
    );
    this.showActions();
  }

  showActions() {
    const { state } = this.#actions;
    const isUnpatched = state?.variants[this.#name] === 'unpatched';
    setText(this.#variant, isUnpatched ? 'Switch back to the patched db module' : 'Switch to the unpatched variant');
    for (const each of [this.#hold, this.#variant, ...[...this.#rows.values()].flatMap(({ buttons }) => buttons)])
      allow(each, this.#actions);
  }

  /**
   * @param {Model} model
   * @param {{ fromMs: number, toMs: number, stepMs: number }} range
   * @param {ChartMark[]} marks
   */
  draw(model, range, marks) {
    for (const chart of this.#charts) chart.draw(model, range, marks);
    this.#lanes.draw(model, range);
  }

  #switchVariant() {
    const isUnpatched = this.#actions.state?.variants[this.#name] === 'unpatched';
    return this.#actions.act('variant', { service: this.#name, variant: isUnpatched ? 'patched' : 'unpatched' });
  }

  /** @param {string} label */
  #tile(label) {
    const value = el('dd', {}, '–');
    const note = el('dd', { class: 'note' });
    this.#tiles.set(label, { value, note });
    return el('div', {}, el('dt', {}, label), value, note);
  }

  /**
   * @param {ServiceNow} service
   * @param {number} nowMs
   */
  #showTiles(service, nowMs) {
    const { wal } = service;
    const readAtMs = Math.max(0, ...service.processes.map(({ metricsAtMs }) => metricsAtMs ?? 0));
    const late =
      readAtMs === 0 ? 'no data yet' : nowMs - readAtMs > LATE_MS ? `no data for ${span(nowMs - readAtMs)}` : '';
    const refused = Object.values(service.sqliteErrors).reduce((sum, n) => sum + n, 0);
    const restarts = service.processes.reduce((sum, each) => sum + each.restarts, 0);
    const calls = service.p50Ms === null && late === '' ? 'no calls' : late;
    this.#set(
      'answers / s',
      rate(service.okPerSecond),
      late || ((service.refusedPerSecond ?? 0) > 0 ? `${rate(service.refusedPerSecond)} refused` : ''),
    );
    this.#set('p50', duration(service.p50Ms), calls);
    this.#set('p99', duration(service.p99Ms), calls);
    this.#set('-wal', bytes(wal.walBytes), wal.problem ?? (wal.walBytes === null ? 'no such file' : ''));
    this.#set(
      'not checkpointed',
      count(wal.backlog),
      wal.backlog === null ? 'no index' : wal.frames === null ? '' : `of ${count(wal.frames)} frames`,
    );
    this.#set('refused by SQLite', count(refused), '');
    this.#set('loop stall', duration(service.stallMs), late);
    this.#set('restarts', count(restarts), '');
  }

  /** @param {string} label @param {string} value @param {string} note */
  #set(label, value, note) {
    const tile = this.#tiles.get(label);
    if (tile === undefined) return;
    setText(tile.value, value);
    setText(tile.note, note);
  }

  /** @param {ServiceNow} service */
  #processes(service) {
    const heads = ['process', 'state', 'for', 'stall', 'restarts', 'by hand'].map((text) =>
      el('th', { scope: 'col' }, text),
    );
    const rows = service.processes.map(({ name }) => {
      const cells = ['state', 'for', 'stall', 'restarts'].map((label) => el('td', { 'data-label': label }));
      const buttons = [
        button('Restart', () => void this.#actions.act('restart', { process: name })),
        button('Kill', () => void this.#actions.act('kill', { process: name })),
      ];
      for (const each of buttons) each.setAttribute('aria-label', `${each.textContent} ${name}`);
      const row = el('tr', {}, el('th', { scope: 'row' }, name), ...cells, el('td', { class: 'by-hand' }, ...buttons));
      this.#rows.set(name, { cells, row, buttons });
      return row;
    });
    return el('table', { class: 'processes' }, el('thead', {}, el('tr', {}, ...heads)), el('tbody', {}, ...rows));
  }

  /**
   * @param {ProcessNow} process
   * @param {number} nowMs
   */
  #showProcess({ name, state, sinceMs, seen, metricsAtMs, stallMs, restarts }, nowMs) {
    const shown = this.#rows.get(name);
    if (shown === undefined) return;
    const [sign, word] = STATES[state];
    const late =
      metricsAtMs !== null && nowMs - metricsAtMs > LATE_MS ? `no data for ${span(nowMs - metricsAtMs)}` : '–';
    const because = state === 'up' ? '' : ` (${seen})`;
    const texts = [
      `${sign} ${word}${because}`,
      span(nowMs - sinceMs),
      stallMs === null ? late : duration(stallMs),
      count(restarts),
    ];
    for (const [n, cell] of shown.cells.entries()) setText(cell, texts[n] ?? '');
    shown.row.dataset.state = state;
  }

  /** @param {ProcessNow[]} processes */
  #showConnections(processes) {
    const all = processes.flatMap(({ name, state, connections }) => connections.map((each) => ({ name, state, each })));
    const shown = JSON.stringify(all);
    if (shown === this.#connectionsShown) return;
    this.#connectionsShown = shown;
    const rows = all.map(({ name, state, each }) => connectionRow(name, state === 'up', each));
    const none = el('tr', {}, el('td', { colspan: 7 }, 'No connection has attested itself yet.'));
    this.#connections.replaceChildren(...(rows.length === 0 ? [none] : rows));
  }
}

/** @param {string} service */
function chartsOf(service) {
  return [
    new Chart(service, 'Answers per second', [
      { key: 'ok', label: 'answered', ink: 'a', show: rate },
      { key: 'refused', label: '4xx, 5xx', ink: 'b', show: rate },
    ]),
    new Chart(
      service,
      'Latency, event-loop stall',
      [
        { key: 'p50', label: 'p50', ink: 'a', show: duration },
        { key: 'p99', label: 'p99', ink: 'b', show: duration },
        { key: 'stall', label: 'stall', ink: 'c', show: duration },
      ],
      { log: true },
    ),
    new Chart(service, 'Write-ahead log', [
      { key: 'wal', label: '-wal', ink: 'a', show: bytes },
      { key: 'backlog', label: 'not checkpointed', ink: 'b', show: bytes },
    ]),
    new Chart(service, 'Busy refusals per second', [{ key: 'busy', label: 'refused', ink: 'a', show: rate }]),
  ];
}

/**
 * @param {ServiceNow} service
 * @returns {{ text: string, tone: 'good' | 'bad' | 'idle' }}
 */
function verdictOf({ processes }) {
  const up = processes.filter(({ state }) => state === 'up').length;
  if (processes.every(({ state }) => state === 'never')) return { text: '○ not seen yet', tone: 'idle' };
  if (up < processes.length) return { text: `✕ ${up} of ${processes.length} processes up`, tone: 'bad' };
  const connections = processes.flatMap((each) => each.connections);
  if (connections.some(({ drift }) => drift.length > 0))
    return { text: '≠ up, and pragmas differ from the policy', tone: 'bad' };
  return { text: `● all ${up} processes up, ${connections.length} connections as the policy wants them`, tone: 'good' };
}
