import type { Engine } from '../../../model/stack.ts';
import { tinyService } from './definition.ts';

/**
 * Starts a stack, prints `ready` and stays, so that the test can SIGKILL this process and find what it left. Called by
 * one small program per engine with its arguments: the run id, and optionally `throw`, which ends the process by an
 * uncaught error instead, or `limited`, which puts the data on a filesystem of its own where the engine can.
 */
export async function leaveBehind(engine: Engine, [runId, ending]: readonly string[]): Promise<void> {
  if (runId === undefined) throw new Error('expected a run id as the first argument');
  const limited = ending === 'limited' && (await engine.whyNoDataLimit()) === null;
  const limit = limited ? { dataLimitBytes: 2 ** 23 } : {};
  const stack = await engine.createStack({ service: tinyService({ 'tiny-1': 'plain' }), runId, ...limit });
  await stack.start();
  console.log('ready');
  if (ending === 'throw') throw new Error('leave-behind: thrown on request');
  setInterval(() => stack.isRunning('tiny-1'), 2 ** 30);
}
