import type { Fault } from '../model/scenario.ts';
import { identitiesOf, isAnother, keepRunning, shown } from './running.ts';

/** Every process is killed and removed with its container, and made anew on the same volume: `up --force-recreate`. */
export const recreate: Fault = {
  name: 'recreate',
  title: 'removal and re-creation of all processes on the same volume',
  kills: true,
  targets: () => ['all'],
  run: ({ stack }) =>
    keepRunning(stack, async () => {
      const before = await identitiesOf(stack);
      const kept = await inodeOf();
      await stack.recreate();
      const gone = stack.processes.every(({ name }) => !stack.isRunning(name));
      await stack.start();
      const after = await identitiesOf(stack);
      const sameFile = kept !== null && kept === (await inodeOf());
      return {
        tookEffect: gone && sameFile && before.every((each, n) => isAnother(each, after[n] ?? null)),
        proof: `${shown(...before)} → removed → ${shown(...after)}, database inode ${kept ?? 'none'}`,
      };

      async function inodeOf(): Promise<number | null> {
        const files = await stack.files();
        return files.find(({ path }) => path === stack.service.database)?.inode ?? null;
      }
    }),
};
