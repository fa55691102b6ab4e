import type { Fault } from '../model/scenario.ts';

/**
 * SIGKILL to one process with all its children, then start it again. The page cache outlives a killed process, so this
 * says nothing about power loss (https://sqlite.org/atomiccommit.html, section 9.5).
 */
export const kill: Fault = {
  name: 'kill',
  title: 'SIGKILL of one process',
  async run({ stack, target }) {
    const before = await stack.identity(target);
    try {
      await stack.kill([target]);
      const gone = !stack.isRunning(target);
      await stack.start([target]);
      const after = await stack.identity(target);
      const tookEffect = gone && before !== null && after !== null && after.incarnation > before.incarnation;
      return { tookEffect, proof: `pid ${before?.pid ?? 'none'} → SIGKILL → pid ${after?.pid ?? 'none'}` };
    } finally {
      if (!stack.isRunning(target)) await stack.start([target]);
    }
  },
};
