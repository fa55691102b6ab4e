import { messageOf } from '../model/errors.ts';
import type { DatabaseFile } from '../model/observation.ts';
import type { Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import { everyMs, type Repeated } from './repeated.ts';
import { parseWalIndex } from './wal-format.ts';

/** Short beside the seconds in which a WAL can grow out of bounds, long beside the millisecond that a look costs. */
const PERIOD_MS = 500;

/**
 * Looks at the files beside the database at regular times until it is stopped. A look that fails is left out: the gap
 * shows as missing evidence, and the run goes on.
 */
export function startWalSampler(stack: Stack, recorder: Recorder, onProblem: (message: string) => void): Repeated {
  return everyMs(
    PERIOD_MS,
    () => sample(stack, recorder),
    (error) => onProblem(`a look at the WAL failed: ${messageOf(error)}`),
  );
}

async function sample(stack: Stack, recorder: Recorder): Promise<void> {
  const atMs = recorder.nowMs();
  const [files, head] = await Promise.all([stack.files(), stack.walIndexHead()]);
  const tookMs = recorder.nowMs() - atMs;
  const { database } = stack.service;
  const find = (suffix: string) => files.find(({ path }) => path === `${database}${suffix}`);
  const inodes: Partial<Record<DatabaseFile, number>> = {};
  for (const [file, suffix] of [
    ['db', ''],
    ['-wal', '-wal'],
    ['-shm', '-shm'],
  ] as const) {
    const inode = find(suffix)?.inode;
    if (inode !== undefined) inodes[file] = inode;
  }
  const index = head && parseWalIndex(head);
  recorder.observe({ kind: 'wal-sample', atMs, tookMs, walBytes: find('-wal')?.bytes ?? null, inodes, index });
}
