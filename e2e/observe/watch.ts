import type { Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import { startHealthProber } from './health-prober.ts';
import { startLockSampler } from './lock-sampler.ts';
import type { Repeated } from './repeated.ts';
import { startWalSampler } from './wal-sampler.ts';

/** Everything that looks at the stack from outside while traffic runs. A look that fails shows as missing evidence. */
export function startWatch(stack: Stack, recorder: Recorder, onProblem: (message: string) => void): Repeated {
  const watches = [
    startWalSampler(stack, recorder, onProblem),
    startHealthProber(stack, recorder, onProblem),
    startLockSampler(stack, recorder, onProblem),
  ];
  return {
    async stop() {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}
