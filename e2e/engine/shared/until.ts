import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  deadlineMs: number;
  /** Time between two looks. Default 20. */
  everyMs?: number;
  signal?: AbortSignal;
}

/** Looks until `condition` holds. Returns whether it did before the deadline; rejects when the signal is aborted. */
export async function until(condition: () => boolean | Promise<boolean>, options: UntilOptions): Promise<boolean> {
  const deadline = performance.now() + options.deadlineMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await delay(options.everyMs ?? 20, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}
