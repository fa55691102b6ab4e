import { setTimeout as delay } from 'node:timers/promises';

/** Work that repeats until it is stopped. */
export interface Repeated {
  /** Returns when the round in hand is over; none begins after it. */
  stop(): Promise<void>;
}

/** Runs `round` about every `periodMs`, one at a time. A round that fails is reported, and the next one follows. */
export function everyMs(periodMs: number, round: () => Promise<void>, onError: (error: unknown) => void): Repeated {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const startedAt = performance.now();
      await round().catch(onError);
      const restMs = Math.max(0, periodMs - (performance.now() - startedAt));
      // Rejects only when it is being stopped.
      await delay(restMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
