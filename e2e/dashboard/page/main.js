/** @import { Mark } from '../state.ts' */
/** @import { ChartMark } from './charts.js' */
import { Actions } from './actions.js';
import { byId, el, setText } from './dom.js';
import { clock, count, span } from './format.js';
import { Model } from './model.js';
import { allow, button, ServiceView } from './services.js';
import { follow } from './stream.js';

/** How many lines the log shows. */
const MOST_LINES = 40;
/** Sign above a chart's line, and tone, by kind; busy has a chart of its own. */
/** @type {Record<Mark['kind'], { sign: string, tone: ChartMark['tone'] }>} */
const SIGNS = {
  down: { sign: '✕', tone: 'bad' },
  silent: { sign: '◌', tone: 'bad' },
  up: { sign: '▲', tone: 'good' },
  restart: { sign: '↻', tone: 'act' },
  drift: { sign: '≠', tone: 'bad' },
  policy: { sign: '=', tone: 'good' },
  busy: { sign: 'B', tone: 'bad' },
};

const model = new Model();
/** @type {Map<string, ServiceView>} */
const views = new Map();
const actions = new Actions(() => showActions());
const trafficButton = button(
  'Start traffic',
  () => void actions.act('traffic', { on: model.now?.traffic.state !== 'on' }),
);
let drawnStep = 0;
let logShown = '';

byId('traffic-buttons').append(trafficButton);
for (const radio of document.querySelectorAll('input[name="window"]'))
  radio.addEventListener('change', () => void showWindow());

follow({
  onSnapshot(snapshot) {
    model.reset(snapshot);
    actions.connect(model.controlPort);
    const names = snapshot.now.services.map(({ name, processes }) => [name, ...processes.map((each) => each.name)]);
    const shape = JSON.stringify(names);
    const services = byId('services');
    if (services.dataset.shape !== shape) {
      services.dataset.shape = shape;
      views.clear();
      for (const service of snapshot.now.services) views.set(service.name, new ServiceView(service, actions));
      services.replaceChildren(...[...views.values()].map(({ element }) => element));
    }
    document.body.dataset.ready = 'true';
    void showWindow();
  },
  onTick(tick) {
    model.advance(tick);
    show();
  },
  onQuiet(quietMs) {
    document.body.dataset.quiet = 'true';
    // Only what is read out once stands in the status; what changes every second stands beside it.
    setText(byId('link'), 'No word from the observer, trying again');
    setText(byId('age'), `: for ${span(quietMs)}; what is shown is from ${clock(model.now?.nowMs ?? Date.now())}`);
  },
});

setInterval(() => void refreshHistory(), 10_000);

function windowMs() {
  const chosen = document.querySelector('input[name="window"]:checked');
  return Number(chosen instanceof HTMLInputElement ? chosen.value : 120_000);
}

async function showWindow() {
  await refreshHistory();
  drawnStep = 0;
  show();
}

/** The stream tells the finest tier alone; the others change slowly and are asked for. */
async function refreshHistory() {
  const stepMs = model.stepFor(windowMs());
  if (model.tiers.length === 0 || stepMs === model.tiers[0]?.stepMs) return;
  try {
    const response = await fetch(`/history?step=${stepMs}`);
    if (response.ok) model.histories.set(stepMs, await response.json());
    drawnStep = 0;
  } catch {
    // Without the observer there is nothing to ask; the stream says so.
  }
}

function show() {
  const { now } = model;
  if (now === null) return;
  delete document.body.dataset.quiet;
  setText(byId('link'), 'Live');
  setText(byId('age'), `, observed for ${span(now.nowMs - now.observerStartedAtMs)}`);
  for (const service of now.services) views.get(service.name)?.show(service, now.nowMs);
  showTraffic(now.traffic);
  showLog();
  showActions();
  const step = Math.floor(now.nowMs / 1_000);
  if (step !== drawnStep) {
    drawnStep = step;
    draw(now.nowMs);
  }
}

/** @param {number} nowMs */
function draw(nowMs) {
  const stepMs = model.stepFor(windowMs());
  const range = { fromMs: nowMs - windowMs(), toMs: nowMs, stepMs };
  for (const [name, view] of views) view.draw(model, range, marksOf(name));
}

/**
 * @param {string} service
 * @returns {ChartMark[]}
 */
function marksOf(service) {
  const seen = model.marks
    .filter((mark) => mark.service === service && mark.kind !== 'busy')
    .map(({ atMs, kind }) => ({ atMs, ...SIGNS[kind] }));
  const done = (actions.state?.done ?? []).filter((each) => each.service === null || each.service === service);
  return [
    ...seen,
    ...done.map(({ beganAtMs, ok }) => ({ atMs: beganAtMs, sign: ok ? '◆' : '◇', tone: /** @type {const} */ ('act') })),
  ];
}

/** @param {import('../state.ts').TrafficNow} traffic */
function showTraffic({ state, seed, services }) {
  const counts = services.map(({ service, ok, fail, info, errors }) => {
    const codes = Object.entries(errors).map(([code, n]) => `${count(n)} × ${code}`);
    return `${service}: ${count(ok)} acknowledged, ${count(fail)} failed, ${count(info)} lost replies${codes.length > 0 ? ` (${codes.join(', ')})` : ''}`;
  });
  const is = state === 'on' ? `Traffic runs, seed ${seed}.` : 'No traffic.';
  setText(byId('traffic'), [is, ...counts].join(' · '));
  setText(trafficButton, state === 'on' ? 'Stop traffic' : 'Start traffic');
}

function showActions() {
  allow(trafficButton, actions);
  for (const view of views.values()) view.showActions();
  const { state, reason } = actions;
  const last = state?.done.at(-1);
  const current = state?.current ?? null;
  const ended = last === undefined ? 'Ready.' : `${last.ok ? 'Done' : 'Failed'}: ${last.title}: ${last.message}`;
  setText(byId('action'), reason ?? (current === null ? ended : `${current.title} …`));
  setText(byId('action-age'), current === null ? '' : ` (${span(model.nowMs - current.beganAtMs)})`);
  const line = byId('action').parentElement;
  if (line !== null) line.dataset.tone = last?.ok === false && current === null && reason === null ? 'bad' : 'idle';
  document.body.dataset.acting = String(current !== null);
}

function showLog() {
  const seen = model.marks.map(({ id, atMs, service, process, kind, text }) => ({
    key: `m${id}`,
    atMs,
    sign: SIGNS[kind].sign,
    tone: SIGNS[kind].tone,
    text: `${process ?? service}: ${text}`,
  }));
  const done = (actions.state?.done ?? []).map(({ id, endedAtMs, ok, title, message }) => ({
    key: `a${id}`,
    atMs: endedAtMs,
    sign: ok ? '◆' : '◇',
    tone: ok ? 'act' : 'bad',
    text: `${title}: ${message}`,
  }));
  const lines = [...seen, ...done].sort((a, b) => b.atMs - a.atMs).slice(0, MOST_LINES);
  const shown = lines.map(({ key }) => key).join(' ');
  if (shown === logShown) return;
  logShown = shown;
  byId('no-events').hidden = lines.length > 0;
  const items = lines.map(({ atMs, sign, tone, text }) =>
    el(
      'li',
      { 'data-tone': tone },
      el('time', { datetime: new Date(atMs).toISOString() }, clock(atMs)),
      el('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
      el('span', { class: 'text', dir: 'auto' }, text),
    ),
  );
  byId('log').replaceChildren(...items);
}
