import type { Fault } from '../model/scenario.ts';
import { HeldState } from './held-state.ts';
import { identitiesOf, isAnother, keepRunning, shown } from './running.ts';

const PROGRAM = new URL('./programs/mid-checkpoint.ts', import.meta.url);

/** Counters of the wal-index: frames up to which a checkpoint was attempted, and up to which one was completed. */
interface Checkpoint {
  attempted: number;
  backfilled: number;
}

interface MidCheckpoint {
  /** How many checkpoints were begun until one was caught. */
  tries: number;
  /** Before it began; null when none was caught in the middle. */
  before: Checkpoint | null;
  /** After everybody was dead; null when the database has no wal-index. */
  after: Checkpoint | null;
}

/**
 * A checkpoint is frozen between its first and its last page, every process is killed, and then the one that
 * checkpoints: the next to open the database finds it half copied and must recover. The checkpoint is made by a program
 * beside the services, since one of theirs is over too soon to be met on purpose.
 *
 * What proves it: a checkpoint notes how far it will copy before it begins, and how far it has copied after it synced
 * (`nBackfillAttempted` and `nBackfill`, https://sqlite.org/walformat.html#the_wal_index_file_format). When everybody is
 * dead and the first has moved on and the second has not followed, one was cut off in the middle.
 */
export const killMidCheckpoint: Fault = {
  name: 'kill-mid-checkpoint',
  title: 'SIGKILL of everybody in the middle of a checkpoint',
  kills: true,
  targets: () => ['all'],
  run: ({ stack }) =>
    keepRunning(stack, async () => {
      await using checkpoint = await HeldState.begin<MidCheckpoint>(stack, PROGRAM);
      const identities = await identitiesOf(stack);
      const reached = await checkpoint.reached();
      if (reached) await stack.kill();
      const { before, after, tries } = await checkpoint.release();
      if (!reached || before === null || after === null)
        return { tookEffect: false, proof: `no checkpoint was met in the middle in ${tries} tries` };
      await stack.start();
      const restarted = await identitiesOf(stack);
      const cutOff = after.attempted > before.attempted && after.attempted > after.backfilled;
      return {
        tookEffect: cutOff && identities.every((each, n) => isAnother(each, restarted[n] ?? null)),
        proof: `attempted ${after.attempted} frames (${before.attempted} before), completed ${after.backfilled} when all were dead (try ${tries}); ${shown(...identities)} → SIGKILL → ${shown(...restarted)}`,
      };
    }),
};
