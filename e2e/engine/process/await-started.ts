import { WalproofError } from '../../model/errors.ts';
import { awaitHealthy } from '../shared/health.ts';
import { describeExit, startFailure } from '../shared/start-failure.ts';
import type { Incarnation } from './incarnation.ts';
import type { ManagedProcess } from './managed-process.ts';

export interface Starting {
  managed: ManagedProcess;
  incarnation: Incarnation;
}

/** Waits until all are healthy at once. Fails as soon as one of them ends, or the deadline passes. */
export async function awaitStarted(
  started: readonly Starting[],
  deadlineMs: number,
  disposal: AbortSignal,
): Promise<void> {
  const decided = new AbortController();
  const signal = AbortSignal.any([decided.signal, disposal]);
  const lastSeen = new Map<ManagedProcess, string>();
  const fail = (starting: Starting, what: string) => {
    if (disposal.aborted) return interrupted(starting.managed.name);
    return startFailure({
      process: starting.managed.name,
      what,
      healthPath: starting.managed.definition.healthPath,
      seen: lastSeen.get(starting.managed) ?? 'none',
      lines: starting.incarnation.lastLines(),
    });
  };
  const untilEnded = async (starting: Starting) => {
    throw fail(starting, `it ended with ${describeExit(await starting.incarnation.ended)}`);
  };
  const untilHealthy = async (starting: Starting) => {
    const { managed, incarnation } = starting;
    const outcome = await awaitHealthy({
      url: () => `${managed.baseUrl}${managed.definition.healthPath}`,
      isAlive: () => incarnation.alive,
      onAnswer: ({ seen }) => lastSeen.set(managed, seen),
      nextLine: () => incarnation.nextLine,
      deadlineMs,
      signal,
    });
    if (outcome === 'deadline') throw fail(starting, `it did not answer so within ${deadlineMs} ms`);
    if (outcome === 'aborted') throw interrupted(managed.name);
    if (outcome === 'exited') await untilEnded(starting);
  };
  try {
    await Promise.race([...started.map(untilEnded), Promise.all(started.map(untilHealthy))]);
  } finally {
    decided.abort();
  }
}

/** The error of everything that was under way when its stack was disposed. */
export function interrupted(what: string): WalproofError {
  return new WalproofError('INTERRUPTED', `${what} was interrupted: its stack was disposed meanwhile`, 'Run again.');
}
