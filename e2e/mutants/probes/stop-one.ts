import type { Fault } from '../../model/scenario.ts';
import { observeSidecars } from '../../observe/database.ts';

/** One process is stopped while the others work on: it is not the last to close, so the sidecars must stay. */
export const stopOne: Fault = {
  name: 'stop-one',
  title: 'graceful stop of one process, and a look at the sidecars of the others',
  targets: (processes) => processes.slice(0, 1).map(({ name }) => name),
  async run({ stack, recorder, target }) {
    const { exitCode } = await stack.stop(target);
    try {
      await observeSidecars(stack, recorder, 'open');
    } finally {
      await stack.start([target]);
    }
    return { tookEffect: exitCode === 0, proof: `${target} ended with exit code ${exitCode}` };
  },
};
