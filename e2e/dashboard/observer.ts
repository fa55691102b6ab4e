import { randomBytes } from 'node:crypto';
import { History } from './history.ts';
import { Marks } from './marks.ts';
import { ServiceWatch } from './service-watch.ts';
import type { Settings } from './settings.ts';
import type { HistoryNow, Now, Snapshot, Tick } from './state.ts';
import { TrafficWatch } from './traffic-watch.ts';

/** The finest step of the history. */
const SAMPLE_MS = 1_000;

/** Everything that is watched, and what is known of it. */
export class Observer {
  readonly #id = randomBytes(6).toString('hex');
  readonly #startedAtMs = Date.now();
  readonly #settings: Settings;
  readonly #services: readonly ServiceWatch[];
  readonly #traffic: TrafficWatch;
  readonly #marks: Marks;
  readonly #history: History;
  readonly #timer: NodeJS.Timeout;

  /** @param onMark called when something has happened that is worth telling at once. */
  constructor(settings: Settings, onMark: () => void) {
    this.#settings = settings;
    this.#marks = new Marks(onMark);
    this.#services = settings.services.map((each) => new ServiceWatch(each, this.#marks));
    this.#traffic = new TrafficWatch(settings.trafficUrl);
    this.#history = new History(Object.assign({}, ...this.#services.map(({ series }) => series)));
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS);
  }

  get now(): Now {
    return {
      observer: this.#id,
      observerStartedAtMs: this.#startedAtMs,
      nowMs: Date.now(),
      services: this.#services.map(({ now }) => now),
      traffic: this.#traffic.now,
    };
  }

  get snapshot(): Snapshot {
    const { finestMs, tiers } = this.#history;
    return {
      now: this.now,
      marks: this.#marks.since(0),
      history: this.history(finestMs) ?? { stepMs: finestMs, fromMs: 0, series: {} },
      tiers,
      controlPort: this.#settings.controlPort,
    };
  }

  /** What is new after the mark with this id, and the steps since a moment, which may have changed since they were told. */
  tickSince(markId: number, sinceMs: number): Tick {
    const { finestMs } = this.#history;
    const history = this.#history.read(finestMs, sinceMs - 2 * finestMs);
    return {
      now: this.now,
      marks: this.#marks.since(markId),
      history: history ?? { stepMs: finestMs, fromMs: 0, series: {} },
    };
  }

  history(stepMs: number): HistoryNow | null {
    return this.#history.read(stepMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#traffic.close();
    for (const each of this.#services) each.close();
  }

  async #sample(): Promise<void> {
    const values = await Promise.all(this.#services.map((each) => each.sample()));
    this.#history.add(Date.now(), Object.assign({}, ...values));
  }
}
