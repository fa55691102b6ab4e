import { WalproofError } from '../../model/errors.ts';
import { describeExit, startFailure } from '../shared/start-failure.ts';
import type { Launched } from './service-process.ts';

/** Waits until all are healthy. Fails as soon as one of them ends, or `deadlineMs`, which their waits know, has passed. */
export async function awaitStarted(
  launched: readonly Launched[],
  deadlineMs: number,
  disposal: AbortSignal,
): Promise<void> {
  const untilHealthy = async (one: Launched) => {
    const outcome = await one.wait.outcome;
    if (outcome === 'deadline') throw failure(one, `it did not answer so within ${deadlineMs} ms`);
    if (outcome === 'aborted') throw interrupted(one.process.name);
    // The failure of one that ended comes from untilEnded, once its last line has been read.
    if (outcome === 'exited') await one.incarnation.ended;
  };
  const untilEnded = async (one: Launched) => {
    const exit = await one.incarnation.ended;
    if (disposal.aborted) throw interrupted(one.process.name);
    throw failure(one, exit === null ? 'its container was removed' : `it ended with ${describeExit(exit)}`);
  };
  await Promise.race([...launched.map(untilEnded), Promise.all(launched.map(untilHealthy))]);
}

/** The error of everything that was under way when its stack was disposed. */
export function interrupted(what: string): WalproofError {
  return new WalproofError('INTERRUPTED', `${what} was interrupted: its stack was disposed meanwhile`, 'Run again.');
}

function failure({ process, incarnation, wait }: Launched, what: string): WalproofError {
  return startFailure({
    process: process.name,
    what,
    healthPath: process.definition.healthPath,
    seen: wait.lastAnswer,
    lines: incarnation.lastLines(),
  });
}
