import type { Fault } from '../model/scenario.ts';
import { isAnother, keepRunning, shown } from './running.ts';

/** SIGTERM, wait for the exit, start again: what a deployment does. */
export const restart: Fault = {
  name: 'restart',
  title: 'graceful restart of one process',
  run: ({ stack, target }) =>
    keepRunning(stack, async () => {
      const before = await stack.identity(target);
      const exit = await stack.stop(target);
      await stack.start([target]);
      const after = await stack.identity(target);
      const how = exit.signal ?? `exit ${exit.exitCode}`;
      const tookEffect = isAnother(before, after) && exit.exitCode === 0;
      return { tookEffect, proof: `${shown(before)} → ${how} → ${shown(after)}` };
    }),
};
