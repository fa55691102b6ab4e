import { mkdir } from 'node:fs/promises';
import { copyFiles } from '../shared/copy-files.ts';
import type { ProcessGroup } from './process-group.ts';

/**
 * Copies a database and its sidecars while every given group is frozen: taken from running processes, 4 to 7 of 100
 * copies are corrupt. Plain reads are safe here, since this process never has the database open; closing a file that it
 * had open would drop its own POSIX locks (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
 */
export async function copyDatabase(file: string, toDir: string, groups: readonly ProcessGroup[]): Promise<string[]> {
  await mkdir(toDir, { recursive: true });
  return await whileFrozen(groups, () => copyFiles(file, toDir));
}

async function whileFrozen<T>(groups: readonly ProcessGroup[], action: () => Promise<T>): Promise<T> {
  try {
    await settleAll(groups.map((group) => group.freeze()));
    return await action();
  } finally {
    await settleAll(groups.map((group) => group.resume()));
  }
}

/** Like Promise.all, but nothing is under way any more when it rejects. */
async function settleAll(promises: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
