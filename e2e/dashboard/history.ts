import type { HistoryNow } from './state.ts';

/** How a step is made of the values that fell into it. */
export type Reduce = 'mean' | 'max' | 'min';

export interface Tier {
  stepMs: number;
  steps: number;
}

/** The last ten minutes by the second, two hours by ten, a day by the minute. */
export const TIERS: readonly Tier[] = [
  { stepMs: 1_000, steps: 600 },
  { stepMs: 10_000, steps: 720 },
  { stepMs: 60_000, steps: 1_440 },
];

/** Series over time in rings of fixed size: what it takes is known at the start, whatever happens in a day. */
export class History {
  readonly #rings: Ring[];

  constructor(series: Readonly<Record<string, Reduce>>, tiers: readonly Tier[] = TIERS) {
    this.#rings = tiers.map((tier) => new Ring(series, tier));
  }

  /** A value that is missing or null leaves the step as it is; a step without any value is a gap. */
  add(nowMs: number, values: Readonly<Record<string, number | null>>): void {
    for (const ring of this.#rings) ring.add(nowMs, values);
  }

  /** The steps of a tier from `sinceMs` on, all when it is omitted; null when there is no such tier. */
  read(stepMs: number, sinceMs?: number): HistoryNow | null {
    return this.#rings.find((ring) => ring.stepMs === stepMs)?.read(sinceMs) ?? null;
  }

  get finestMs(): number {
    return Math.min(...this.#rings.map(({ stepMs }) => stepMs));
  }

  get tiers(): { stepMs: number; reachMs: number }[] {
    return this.#rings.map(({ stepMs, steps }) => ({ stepMs, reachMs: stepMs * steps }));
  }

  /** Of all rings. */
  get bytes(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.bytes, 0);
  }
}

class Ring {
  readonly stepMs: number;
  readonly steps: number;
  readonly #reduce: Readonly<Record<string, Reduce>>;
  readonly #values = new Map<string, Float32Array>();
  /** How many values the newest step holds, for the mean. */
  readonly #counts = new Map<string, number>();
  /** Number of the newest step, counted from the epoch; null before the first value. */
  #newest: number | null = null;
  #oldest = 0;

  constructor(series: Readonly<Record<string, Reduce>>, { stepMs, steps }: Tier) {
    this.stepMs = stepMs;
    this.steps = steps;
    this.#reduce = series;
    for (const key of Object.keys(series)) this.#values.set(key, new Float32Array(steps).fill(Number.NaN));
  }

  get bytes(): number {
    return this.#values.size * this.steps * Float32Array.BYTES_PER_ELEMENT;
  }

  add(nowMs: number, values: Readonly<Record<string, number | null>>): void {
    this.#moveTo(Math.floor(nowMs / this.stepMs));
    const at = (this.#newest ?? 0) % this.steps;
    for (const [key, ring] of this.#values) {
      const value = values[key];
      if (value === undefined || value === null || !Number.isFinite(value)) continue;
      const before = ring[at] ?? Number.NaN;
      const count = this.#counts.get(key) ?? 0;
      this.#counts.set(key, count + 1);
      ring[at] = count === 0 ? value : reduced(this.#reduce[key] ?? 'mean', before, count, value);
    }
  }

  read(sinceMs = 0): HistoryNow {
    if (this.#newest === null) return { stepMs: this.stepMs, fromMs: 0, series: {} };
    const newest = this.#newest;
    const first = Math.min(newest, Math.max(this.#oldest, newest - this.steps + 1, Math.ceil(sinceMs / this.stepMs)));
    const series: Record<string, (number | null)[]> = {};
    for (const [key, ring] of this.#values) {
      const read: (number | null)[] = [];
      for (let step = first; step <= newest; step++) {
        const value = ring[step % this.steps] ?? Number.NaN;
        read.push(Number.isNaN(value) ? null : Math.round(value * 100) / 100);
      }
      series[key] = read;
    }
    return { stepMs: this.stepMs, fromMs: first * this.stepMs, series };
  }

  /** Steps that were left out become gaps. A clock that was set back goes on in the newest step. */
  #moveTo(step: number): void {
    if (this.#newest === null) {
      this.#newest = step;
      this.#oldest = step;
      return;
    }
    if (step <= this.#newest) return;
    const skipped = Math.min(step - this.#newest, this.steps);
    for (const ring of this.#values.values()) {
      for (let back = 0; back < skipped; back++) ring[(step - back) % this.steps] = Number.NaN;
    }
    this.#counts.clear();
    this.#newest = step;
  }
}

function reduced(how: Reduce, before: number, count: number, value: number): number {
  if (how === 'max') return Math.max(before, value);
  if (how === 'min') return Math.min(before, value);
  return before + (value - before) / (count + 1);
}
