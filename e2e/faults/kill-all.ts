import type { Fault } from '../model/scenario.ts';
import { identitiesOf, isAnother, keepRunning, shown } from './running.ts';

/**
 * SIGKILL to every process at once. Nobody is left who has the database open, so the first to come back must recover the
 * log before anybody can read (https://sqlite.org/walformat.html#recovery).
 */
export const killAll: Fault = {
  name: 'kill-all',
  title: 'SIGKILL of all processes at once',
  kills: true,
  targets: () => ['all'],
  run: ({ stack }) =>
    keepRunning(stack, async () => {
      const before = await identitiesOf(stack);
      await stack.kill();
      const gone = stack.processes.every(({ name }) => !stack.isRunning(name));
      await stack.start();
      const after = await identitiesOf(stack);
      const tookEffect = gone && before.every((each, n) => isAnother(each, after[n] ?? null));
      return { tookEffect, proof: `${shown(...before)} → SIGKILL → ${shown(...after)}` };
    }),
};
