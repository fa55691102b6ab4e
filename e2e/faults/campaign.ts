import { messageOf } from '../model/errors.ts';
import type { Fault, Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';

export interface CampaignOptions {
  stack: Stack;
  recorder: Recorder;
  faults: readonly Fault[];
  /** Resolves when enough ops were acknowledged since the last fault; false when its deadline passed first. */
  settled(): Promise<boolean>;
  onFault(fault: string, target: string): void;
  /** Called when a fault has healed. */
  afterFault(target: string): Promise<void>;
  signal: AbortSignal;
}

/**
 * Every fault on every process, one at a time, with acknowledged traffic in between. Without that traffic a fault proves
 * nothing, so the campaign ends there and the run is judged `unknown`.
 */
export async function runCampaign(options: CampaignOptions): Promise<void> {
  const { stack, faults, settled, signal } = options;
  for (const fault of faults) {
    for (const { name } of stack.processes) {
      if (!(await settled()) || signal.aborted) return;
      options.onFault(fault.name, name);
      await runFault(fault, name, options);
    }
  }
  await settled();
}

async function runFault(fault: Fault, target: string, { stack, recorder, afterFault }: CampaignOptions): Promise<void> {
  const atMs = recorder.nowMs();
  const seen = { kind: 'fault', fault: fault.name, target, atMs } as const;
  try {
    const effect = await fault.run({ stack, recorder, target });
    recorder.observe({ ...seen, healedAtMs: recorder.nowMs(), ...effect });
  } catch (error) {
    recorder.observe({ ...seen, healedAtMs: recorder.nowMs(), tookEffect: false, proof: messageOf(error) });
    throw error;
  }
  await afterFault(target);
}
