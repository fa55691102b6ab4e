import { until } from '../../engine/shared/until.ts';
import type { Fault } from '../../model/scenario.ts';
import { flood } from '../flood.ts';
import { holdLock } from '../lock-beside.ts';

/** Long enough for a queue that is not worked off before the kill. */
const BEFORE_KILL_MS = 500;
/** The gaps let one commit through now and then, so that a process stands now before one, now before another. */
const HOLD_MS = 10;
const GAP_MS = 5;
const TIMES = 80;
/** With steps of equal length a process is between the two that matter more often than not. */
const ROUNDS = 3;
const WRITES = 400;

/**
 * A barrier between two commits. While another connection takes the write lock again and again, a flood piles up before
 * it, and each process waits in front of some commit at every moment: what was to become durable in two steps may stand
 * between them, and what was said to be durable before it was is still in memory. Then every process is killed at once.
 */
export const killBehindLock: Fault = {
  name: 'kill-behind-lock',
  title: 'SIGKILL of every process while the write lock is held beside them',
  targets: () => ['all'],
  async run({ stack, recorder }) {
    for (let round = 1; round <= ROUNDS; round++) {
      const flooding = flood(stack, recorder, round, WRITES);
      const { released } = await holdLock(stack, { holdMs: HOLD_MS, times: TIMES, gapMs: GAP_MS });
      const heldAtMs = recorder.nowMs();
      await until(() => recorder.nowMs() - heldAtMs >= BEFORE_KILL_MS, { deadlineMs: 2 * BEFORE_KILL_MS });
      await stack.kill();
      await Promise.all([flooding, released]);
      await stack.start();
    }
    return {
      tookEffect: true,
      proof: `all processes killed ${ROUNDS} times, ${BEFORE_KILL_MS} ms into the contention`,
    };
  },
};
