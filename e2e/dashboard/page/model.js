/** @import { HistoryNow, Mark, Now, Snapshot, Tick } from '../state.ts' */

/** As many as the observer keeps. */
const MOST_MARKS = 300;

/** What the page knows: the present, what happened, and the history of each tier that was asked for. */
export class Model {
  /** @type {Now | null} */
  now = null;
  /** @type {Mark[]} */
  marks = [];
  /** @type {Map<number, HistoryNow>} */
  histories = new Map();
  /** @type {{ stepMs: number, reachMs: number }[]} */
  tiers = [];
  /** @type {number | null} */
  controlPort = null;
  /** The observer's clock minus the browser's. */
  #aheadMs = 0;

  /** @param {Snapshot} snapshot */
  reset({ now, marks, history, tiers, controlPort }) {
    this.#take(now);
    this.marks = marks;
    this.tiers = tiers;
    this.controlPort = controlPort;
    this.histories = new Map([[history.stepMs, history]]);
  }

  /** @param {Tick} tick */
  advance({ now, marks, history }) {
    this.#take(now);
    this.marks = [...this.marks, ...marks].slice(-MOST_MARKS);
    const known = this.histories.get(history.stepMs);
    const tier = this.tiers.find(({ stepMs }) => stepMs === history.stepMs);
    if (known === undefined || tier === undefined || known.fromMs === 0) this.histories.set(history.stepMs, history);
    else merge(known, history, tier.reachMs / tier.stepMs);
  }

  /** The present by the observer's clock, also while it is not heard. */
  get nowMs() {
    return Date.now() + this.#aheadMs;
  }

  /**
   * The finest tier that reaches so far back.
   *
   * @param {number} windowMs
   */
  stepFor(windowMs) {
    return this.tiers.find(({ reachMs }) => reachMs >= windowMs)?.stepMs ?? this.tiers.at(-1)?.stepMs ?? 1_000;
  }

  /** @param {Now} now */
  #take(now) {
    this.now = now;
    this.#aheadMs = now.nowMs - Date.now();
  }
}

/**
 * Puts the newest steps over what is known; between them lies a gap when some were missed.
 *
 * @param {HistoryNow} known
 * @param {HistoryNow} newest
 * @param {number} most steps to keep
 */
function merge(known, newest, most) {
  const first = Math.round((newest.fromMs - known.fromMs) / known.stepMs);
  let drop = 0;
  for (const [key, values] of Object.entries(newest.series)) {
    const all = known.series[key] ?? [];
    known.series[key] = all;
    while (all.length < first) all.push(null);
    for (const [n, value] of values.entries()) all[first + n] = value;
    drop = Math.max(0, all.length - most);
    all.splice(0, drop);
  }
  known.fromMs += drop * known.stepMs;
}
