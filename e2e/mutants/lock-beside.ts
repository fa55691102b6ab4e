import { until } from '../engine/shared/until.ts';
import { WalproofError } from '../model/errors.ts';
import type { Stack } from '../model/stack.ts';

const PROGRAM = new URL('./hold-lock.ts', import.meta.url);
const HELD_DEADLINE_MS = 15_000;

export interface LockOptions {
  holdMs: number;
  /** How often, with a gap between. Default once. */
  times?: number;
  gapMs?: number;
  /** `keep` takes the file as it is; the others make it, in this journal mode. Default `keep`. */
  mode?: 'keep' | 'rollback' | 'wal';
  /** Run before the lock is taken. */
  sql?: string;
}

/** The write lock of the stack's database, held by a connection beside the services. */
export interface HeldLock {
  /** Resolves when it was let go. Throws PROBE_FAILED when it was not held as long as it should. */
  released: Promise<void>;
}

/** Resolves once the lock is held. */
export async function holdLock(stack: Stack, options: LockOptions): Promise<HeldLock> {
  const { holdMs, times = 1, gapMs = 0, mode = 'keep', sql = '' } = options;
  const { database } = stack.service;
  const args = [`{data}/${database}`, mode, ...[holdMs, times, gapMs].map(String), sql];
  let failure: unknown = null;
  let over = false;
  const released = stack
    .runBeside(PROGRAM, args, { timeoutMs: times * (holdMs + gapMs + HELD_DEADLINE_MS) })
    .then(({ exitCode, stderr }) => {
      if (exitCode !== 0) throw notHeld(`the holder ended with exit code ${exitCode}`, stderr);
    })
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      over = true;
    });
  const isHeld = async () => over || (await stack.files()).some(({ path }) => path === `${database}.held`);
  const seen = await until(isHeld, { deadlineMs: HELD_DEADLINE_MS, everyMs: 10 });
  if (failure !== null) throw failure;
  if (over) throw notHeld('it ended at once', '');
  if (!seen) throw notHeld(`it was not after ${HELD_DEADLINE_MS} ms`, '');
  return {
    released: released.then(() => {
      if (failure !== null) throw failure;
    }),
  };
}

function notHeld(seen: string, stderr: string): WalproofError {
  return new WalproofError(
    'PROBE_FAILED',
    `expected a connection beside the services to hold the write lock, but ${seen}`,
    'the lines below are what it wrote',
    { details: stderr.trim().split('\n').filter(Boolean).slice(-20) },
  );
}
