import { setTimeout as delay } from 'node:timers/promises';

/** How long a state that the traffic is to meet is kept up. It is the fault itself, not a wait for something to happen. */
export async function keepFor(ms: number): Promise<void> {
  await delay(ms);
}

/** Looks until `condition` holds; false when the deadline passed first. */
export async function until(condition: () => boolean | Promise<boolean>, deadlineMs: number): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() >= deadline) return false;
    await delay(20);
  }
  return true;
}
