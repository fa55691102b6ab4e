import type { Fault } from '../model/scenario.ts';
import { isAnother, keepRunning, shown } from './running.ts';

/**
 * SIGKILL to one process with all its children, then start it again. The page cache outlives a killed process, so this
 * says nothing about power loss (https://sqlite.org/atomiccommit.html, section 9.5).
 */
export const kill: Fault = {
  name: 'kill',
  title: 'SIGKILL of one process',
  kills: true,
  run: ({ stack, target }) =>
    keepRunning(stack, async () => {
      const before = await stack.identity(target);
      await stack.kill([target]);
      const gone = !stack.isRunning(target);
      await stack.start([target]);
      const after = await stack.identity(target);
      return { tookEffect: gone && isAnother(before, after), proof: `${shown(before)} → SIGKILL → ${shown(after)}` };
    }),
};
