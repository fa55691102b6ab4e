import type { Fault } from '../../model/scenario.ts';
import { flood } from '../flood.ts';
import { holdLock } from '../lock-beside.ts';

/** Short and many: each falls on another point of a process's work. */
const HOLD_MS = 2;
const GAP_MS = 3;
const TIMES = 200;
const WRITES = 600;
const ROUND = 0;

/**
 * A flood of writes while another connection takes the write lock for moments. A transaction that reads first is refused
 * when the lock goes away between its two steps; these are some microseconds apart, so the process must be busy all the time.
 */
export const contend: Fault = {
  name: 'contend',
  title: 'a flood of writes against many short locks',
  targets: () => ['database'],
  async run({ stack, recorder }) {
    const { released } = await holdLock(stack, { holdMs: HOLD_MS, times: TIMES, gapMs: GAP_MS });
    const acknowledged = await flood(stack, recorder, ROUND, WRITES);
    await released;
    return { tookEffect: acknowledged > 0, proof: `${acknowledged} of ${WRITES} writes during ${TIMES} locks` };
  },
};
