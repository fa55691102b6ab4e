import type { Fault } from '../model/scenario.ts';
import { askBeside, databaseArgument } from './beside.ts';

const PROGRAM = new URL('./programs/hold-write-lock.ts', import.meta.url);
/** Long enough for every writer to wait, far below their 30 s. */
const HELD_MS = 2_000;
const TIMEOUT_MS = 45_000;

interface Held {
  heldMs: number;
  /** What another connection that does not wait was told, at the beginning and at the end. */
  refusals: string[];
}

/** Another program holds BEGIN IMMEDIATE: a long migration, a backup script, a forgotten shell. Its end frees the lock. */
export const holdWriteLock: Fault = {
  name: 'hold-write-lock',
  title: `another connection holds the write lock for ${HELD_MS} ms`,
  targets: () => ['database'],
  async run({ stack }) {
    const args = [databaseArgument(stack), String(HELD_MS)];
    const { heldMs, refusals } = await askBeside<Held>(stack, PROGRAM, args, TIMEOUT_MS);
    const refused = refusals.length === 2 && refusals.every((code) => code === 'SQLITE_BUSY');
    return {
      tookEffect: refused && heldMs >= HELD_MS,
      proof: `held for ${Math.round(heldMs)} ms; another connection that does not wait: ${refusals.join(', ')}`,
    };
  },
};
