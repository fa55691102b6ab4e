import { messageOf } from '../model/errors.ts';
import type { Stack } from '../model/stack.ts';
import { parseWalIndex } from './wal-format.ts';

/**
 * Parts of what the -wal held when it last began anew. Below, there are few commits to look at; above, the calls in hand may
 * bring on the next, which takes them all away.
 */
const LEAST_PART = 0.5;
const MOST_PART = 0.85;

/**
 * Looks whether this is a moment in which many commits are in the -wal alone. Only these can be looked at one by one
 * afterwards, and right after a checkpoint there are none: traffic that ends then would have proved nothing. How many frames
 * a checkpoint waits for is seen rather than asked, since it is a connection's own setting
 * (https://sqlite.org/pragma.html#pragma_wal_autocheckpoint); so no look before the -wal began anew says yes. A -wal is used
 * anew some times a second under load, and the moment lasts no longer than a tenth of one. After a look that failed no moment is
 * waited for: the check says how many commits there were.
 */
export function commitsAtHand(
  stack: Pick<Stack, 'walIndexHead'>,
  onProblem: (message: string) => void,
): () => Promise<boolean> {
  let before = 0;
  let full = 0;
  const look = async () => {
    const head = await stack.walIndexHead();
    const index = head && parseWalIndex(head);
    if (index === null) return false;
    const { frames, checkpointed } = index;
    // It began anew, after a checkpoint that no reader stopped half-way. The newest: a reader may have let an older one grow.
    if (frames < before) full = before;
    before = frames;
    return full > 0 && frames - checkpointed >= full * LEAST_PART && frames <= full * MOST_PART;
  };
  return () =>
    look().catch((error: unknown) => {
      onProblem(`a look at the commits at hand failed: ${messageOf(error)}`);
      return true;
    });
}
