import type { Fault } from '../../model/scenario.ts';
import { holdLock } from '../lock-beside.ts';

/** Far above every weak timeout, far below the 30 s of the policy. */
const HOLD_MS = 150;
/** So that whoever waits gets on: SQLite's busy handler looks every 50 ms or so by then. */
const GAP_MS = 60;
const TIMES = 8;

/**
 * Another connection takes the write lock again and again while clients write: whoever does not wait for it is refused. Once
 * would not do. A process works off its calls one after the other, and the one that meets the lock may be one that waits.
 */
export const holdLockProbe: Fault = {
  name: 'hold-lock',
  title: 'the write lock is held beside the services',
  targets: () => ['database'],
  async run({ stack }) {
    const { released } = await holdLock(stack, { holdMs: HOLD_MS, times: TIMES, gapMs: GAP_MS });
    await released;
    return { tookEffect: true, proof: `held ${TIMES} times for ${HOLD_MS} ms` };
  },
};
