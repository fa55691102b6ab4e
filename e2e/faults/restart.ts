import type { Fault } from '../model/scenario.ts';

/** SIGTERM, wait for the exit, start again: what a deployment does. */
export const restart: Fault = {
  name: 'restart',
  title: 'graceful restart of one process',
  async run({ stack, target }) {
    const before = await stack.identity(target);
    try {
      const exit = await stack.stop(target);
      const how = exit.signal ?? `exit ${exit.exitCode}`;
      await stack.start([target]);
      const after = await stack.identity(target);
      const tookEffect =
        before !== null && after !== null && after.incarnation > before.incarnation && exit.exitCode === 0;
      return { tookEffect, proof: `pid ${before?.pid ?? 'none'} → ${how} → pid ${after?.pid ?? 'none'}` };
    } finally {
      if (!stack.isRunning(target)) await stack.start([target]);
    }
  },
};
