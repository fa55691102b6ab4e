import type { Fault } from '../model/scenario.ts';
import { askHealth, healthUrl } from './health.ts';
import { isAnother, keepRunning, shown } from './running.ts';
import { keepFor, until } from './wait.ts';

/** Longer than a health probe waits; far below the 30 s that the others wait for a lock the frozen one may hold. */
const FROZEN_MS = 1_500;
const AWAKE_MS = 10_000;

/** One process stands still with whatever lock it holds, and goes on: a machine that is short of CPU, a live migration. */
export const pause: Fault = {
  name: 'pause',
  title: `one process is frozen for ${FROZEN_MS} ms`,
  run: ({ stack, target }) =>
    keepRunning(stack, async () => {
      const before = await stack.identity(target);
      let whileFrozen: number | null = null;
      await stack.pause(target);
      try {
        whileFrozen = await askHealth(healthUrl(stack, target));
        await keepFor(FROZEN_MS);
      } finally {
        if (stack.isRunning(target)) await stack.unpause(target);
      }
      const awake = await until(async () => (await askHealth(healthUrl(stack, target))) === 200, AWAKE_MS);
      const after = await stack.identity(target);
      const same = before !== null && after !== null && !isAnother(before, after);
      return {
        tookEffect: whileFrozen === null && awake && same,
        proof: `${shown(before)}: health ${whileFrozen ?? 'silent'} while frozen, ${awake ? 200 : 'silent'} afterwards`,
      };
    }),
};
