import { messageOf, WalproofError } from '../model/errors.ts';
import type { Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import type { Strike } from './schedule.ts';

export interface CampaignOptions {
  stack: Stack;
  recorder: Recorder;
  strikes: readonly Strike[];
  /**
   * Resolves when enough ops were acknowledged since the last fault, and a paced strike is due; false when the deadline
   * for the ops passed first.
   */
  settled(dueMs: number | null): Promise<boolean>;
  onFault(fault: string, target: string): void;
  /** Called when a fault has healed. */
  afterFault(target: string): Promise<void>;
  signal: AbortSignal;
}

/**
 * One fault at a time, with acknowledged traffic in between. Without that traffic a fault proves nothing, so the campaign
 * ends there and the run is judged `unknown`.
 */
export async function runCampaign(options: CampaignOptions): Promise<void> {
  const { strikes, settled, signal } = options;
  for (const strike of strikes) {
    if (!(await settled(strike.dueMs)) || signal.aborted) return;
    options.onFault(strike.fault.name, strike.target);
    await runFault(strike, options);
  }
  await settled(null);
}

async function runFault({ fault, target }: Strike, { stack, recorder, afterFault }: CampaignOptions): Promise<void> {
  const provokes = fault.provokes === undefined ? {} : { provokes: fault.provokes };
  const seen = { kind: 'fault', fault: fault.name, target, atMs: recorder.nowMs(), ...provokes } as const;
  try {
    const effect = await fault.run({ stack, recorder, target });
    recorder.observe({ ...seen, healedAtMs: recorder.nowMs(), ...effect });
  } catch (error) {
    recorder.observe({ ...seen, healedAtMs: recorder.nowMs(), tookEffect: false, proof: messageOf(error) });
    // A program beside the services that could not do its part leaves them as they were.
    if (!(error instanceof WalproofError) || error.code !== 'PROBE_FAILED') throw error;
  }
  await afterFault(target);
}
