import type { Fault } from '../model/scenario.ts';
import { isAnother, keepRunning, shown } from './running.ts';

/** The kernel kills one process for want of memory: SIGKILL out of the middle of whatever it was doing. */
export const oom: Fault = {
  name: 'oom',
  title: 'out-of-memory kill of one process',
  kills: true,
  cannot: {
    process: 'the kernel kills for want of memory inside a control group with a limit, and plain processes are in none',
  },
  run: ({ stack, target }) =>
    keepRunning(stack, async () => {
      const before = await stack.identity(target);
      const end = (await stack.containers?.exhaustMemory(target)) ?? null;
      if (end === null) return { tookEffect: false, proof: `${shown(before)} outlived a full memory` };
      await stack.start([target]);
      const after = await stack.identity(target);
      const how = end.exit.signal ?? `exit ${end.exit.exitCode}`;
      return {
        tookEffect: end.oomKilled && end.exit.signal === 'SIGKILL' && isAnother(before, after),
        proof: `${shown(before)} → ${how}, OOMKilled ${end.oomKilled} → ${shown(after)}`,
      };
    }),
};
