import type { Fault } from '../model/scenario.ts';
import { isAnother, keepRunning, shown } from './running.ts';
import { keepFor } from './wait.ts';

/** Long enough for the traffic to be refused many times, and for the others to find the one that is down missing. */
const DOWN_MS = 1_000;

/** A process is stopped, stays down under traffic, and comes back: a deployment that takes its time. */
export const stopStart: Fault = {
  name: 'stop-start',
  title: `one process is down for ${DOWN_MS} ms`,
  run: ({ stack, target }) =>
    keepRunning(stack, async () => {
      const before = await stack.identity(target);
      const exit = await stack.stop(target);
      await keepFor(DOWN_MS);
      const stayedDown = !stack.isRunning(target);
      await stack.start([target]);
      const after = await stack.identity(target);
      const tookEffect = stayedDown && exit.exitCode === 0 && isAnother(before, after);
      const how = exit.signal ?? `exit ${exit.exitCode}`;
      return { tookEffect, proof: `${shown(before)} → ${how}, down for ${DOWN_MS} ms → ${shown(after)}` };
    }),
};
