import { z } from 'zod';
import { Asker } from './ask.ts';
import type { TrafficNow } from './state.ts';

const PERIOD_MS = 1_000;
const OFF: TrafficNow = { state: 'off', seed: null, services: [] };

const counts = z.object({
  seed: z.number(),
  services: z
    .array(
      z.object({
        service: z.string().max(64),
        ok: z.number(),
        fail: z.number(),
        info: z.number(),
        errors: z.record(z.string().max(64), z.number()),
      }),
    )
    .max(16),
});

/** Asks the traffic for its counts. Where it does not answer there is none, which is no fault: it is a profile of its own. */
export class TrafficWatch {
  readonly #asker: Asker | null;
  readonly #timer: NodeJS.Timeout;
  #now: TrafficNow = OFF;

  constructor(url: string | null) {
    this.#asker = url === null ? null : new Asker(url, () => undefined);
    this.#timer = setInterval(() => void this.#look(), PERIOD_MS);
    void this.#look();
  }

  get now(): TrafficNow {
    return this.#now;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#asker?.close();
  }

  async #look(): Promise<void> {
    const answer = await this.#asker?.ask('/counts');
    // What it had counted stays readable after it has ended.
    this.#now = { ...this.#now, state: 'off' };
    if (answer?.kind !== 'answer' || answer.status !== 200) return;
    const { data } = counts.safeParse(jsonOf(answer.body));
    if (data !== undefined) this.#now = { state: 'on', ...data };
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
