import type Docker from 'dockerode';
import { messageOf, WalproofError } from '../../model/errors.ts';
import { until } from '../shared/until.ts';
import { statusOf, tolerating } from './client.ts';
import { asked } from './refusal.ts';

const FREEZE_MS = 10_000;
/** Gone, or not running any more. */
const NOT_RUNNING = [404, 409];

/**
 * Does something while the given containers are frozen, and lets them go on in every case. One that has ended meanwhile
 * counts as frozen: it writes no more.
 */
export async function whileFrozen<T>(containers: readonly Docker.Container[], action: () => Promise<T>): Promise<T> {
  const frozen: Docker.Container[] = [];
  try {
    const freezing = containers.map(async (container) => {
      if (await freeze(container)) frozen.push(container);
    });
    await settleAll(freezing);
    return await action();
  } finally {
    await settleAll(frozen.map(unfreeze));
  }
}

/** False when the container has ended meanwhile. */
export async function freeze(container: Docker.Container): Promise<boolean> {
  let ended = false;
  const frozen = await until(
    async () => {
      try {
        await container.pause();
        return true;
      } catch (error) {
        // With cgroup v1 freezing is a game of chances: runc gives up, and thaws, when a process of the container is
        // in the middle of a fork or an exec (moby/moby#48205, opencontainers/runc#2791).
        if (/unable to freeze/.test(messageOf(error))) return false;
        ended = NOT_RUNNING.includes(statusOf(error) ?? 0);
        return ended || (await asked('freeze a container', Promise.reject(error)));
      }
    },
    { deadlineMs: FREEZE_MS },
  );
  if (frozen) return !ended;
  throw new WalproofError(
    'ENGINE_UNAVAILABLE',
    `expected container ${container.id.slice(0, 12)} to be frozen within ${FREEZE_MS} ms, but runc was unable to`,
    'Try again on a machine with less load, or with cgroup v2.',
  );
}

async function unfreeze(container: Docker.Container): Promise<void> {
  await asked('unfreeze a container', tolerating(NOT_RUNNING, container.unpause()));
}

/** Like Promise.all, but nothing is under way any more when it rejects. */
async function settleAll(promises: Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
