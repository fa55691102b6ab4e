import { until } from '../engine/shared/until.ts';
import type { Stack } from '../model/stack.ts';
import { parseWalIndex } from './wal-format.ts';

/** Several rounds of a -wal under load. Under less load there are few checkpoints, and any moment is as good. */
const DEADLINE_MS = 3_000;
/** A -wal is used anew some times a second, so the wanted part lasts no longer than a tenth of one. */
const PERIOD_MS = 10;
/**
 * Parts of what the -wal held when it last began anew. Below, there are few commits to look at; above, the calls in hand may
 * bring on the next, which takes them all away.
 */
const LEAST_PART = 0.5;
const MOST_PART = 0.85;

/**
 * Waits for a moment in which many commits are in the -wal alone. Only these can be looked at one by one afterwards, and right
 * after a checkpoint there are none: traffic that ends then would have proved nothing. How many frames a checkpoint waits for
 * is seen rather than asked: it is a connection's own setting (https://sqlite.org/pragma.html#pragma_wal_autocheckpoint).
 * Gives up after 3 s; the check that needs the commits says how many there were.
 */
export async function commitsAtHand(stack: Pick<Stack, 'walIndexHead'>, signal: AbortSignal): Promise<void> {
  let before = 0;
  let full = 0;
  const isMoment = async () => {
    const head = await stack.walIndexHead();
    const index = head && parseWalIndex(head);
    if (index === null) return false;
    const { frames, checkpointed } = index;
    // It began anew, after a checkpoint that no reader stopped half-way. The newest: a reader may have let an older one grow.
    if (frames < before) full = before;
    before = frames;
    return frames - checkpointed >= full * LEAST_PART && frames <= full * MOST_PART;
  };
  await until(isMoment, { deadlineMs: DEADLINE_MS, everyMs: PERIOD_MS, signal });
}
