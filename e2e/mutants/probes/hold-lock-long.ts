import type { Fault } from '../../model/scenario.ts';
import { holdLock } from '../lock-beside.ts';

/** Several probes of /health fall into it, and each that waits for its end is later than the check bears. */
const HOLD_MS = 1_500;

/** Another connection takes the write lock once and keeps it: whoever waits for it must be somebody that nobody asks. */
export const holdLockLong: Fault = {
  name: 'hold-lock-long',
  title: 'the write lock is held beside the services for longer than a health answer may take',
  targets: () => ['database'],
  async run({ stack }) {
    const { released } = await holdLock(stack, { holdMs: HOLD_MS });
    await released;
    return { tookEffect: true, proof: `held for ${HOLD_MS} ms` };
  },
};
