import { until } from '../engine/shared/until.ts';
import type { Stack } from '../model/stack.ts';
import type { ArmRecorder } from './recorder.ts';
import { parseWalIndex } from './wal-format.ts';

/** Several rounds of a -wal under load, each of which passes through the wanted part. */
const DEADLINE_MS = 3_000;
/** A -wal is used anew some times a second, so the wanted part lasts no longer than a tenth of one. */
const PERIOD_MS = 10;
/**
 * Parts of the longest -wal that was seen. Below, there are few commits to look at; above, the calls in hand may bring on the
 * checkpoint that takes them all away.
 */
const LEAST_PART = 0.5;
const MOST_PART = 0.85;

interface Progress {
  frames: number;
  checkpointed: number;
}

/**
 * Waits for a moment in which many commits are in the -wal alone. Only these can be looked at one by one afterwards, and right
 * after a checkpoint there are none: traffic that ends then would have proved nothing. Gives up after 3 s; the check that
 * needs them says how many there were.
 */
export async function commitsAtHand(
  stack: Pick<Stack, 'walIndexHead'>,
  recorder: Pick<ArmRecorder, 'observations'>,
  signal: AbortSignal,
): Promise<void> {
  let peak = 0;
  const waiting = ({ frames, checkpointed }: Progress) => {
    peak = Math.max(peak, frames - checkpointed);
    return frames - checkpointed;
  };
  for (const seen of recorder.observations) if (seen.kind === 'wal-sample' && seen.index !== null) waiting(seen.index);
  const isMoment = async () => {
    const head = await stack.walIndexHead();
    const index = head && parseWalIndex(head);
    if (index === null) return false;
    const part = waiting(index) / peak;
    return part >= LEAST_PART && part <= MOST_PART;
  };
  await until(isMoment, { deadlineMs: DEADLINE_MS, everyMs: PERIOD_MS, signal });
}
