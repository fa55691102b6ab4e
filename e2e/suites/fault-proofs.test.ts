/**
 * Goal: no fault says that it took effect when nothing happened.
 * Method: each runs on a stack that does nothing at all, under a service that answers 200 throughout, while the programs
 *         beside it report what they would see there. Then on one where a single thing is missing.
 */

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoDataLimit } from '../engine/process/limited-data.ts';
import { FAULTS } from '../faults/index.ts';
import type { FaultEffect, Recorder } from '../model/scenario.ts';
import type { ProcessExit, ProcessIdentity, Stack } from '../model/stack.ts';
import { tinyService } from './engine-cases/harness/definition.ts';

const SERVICE = tinyService({ 'tiny-1': 'plain', 'tiny-2': 'plain' });
const EXIT: ProcessExit = {
  process: 'tiny-1',
  incarnation: 1,
  exitCode: 0,
  signal: null,
  expected: true,
  lastLines: [],
};
/** What every program beside the services says where nothing happens: granted, unchanged, refused by nobody. */
const NOTHING = {
  heldMs: 60_000,
  refusals: ['granted', 'granted'],
  firstRows: 5,
  lastRows: 5,
  liveRows: 5,
  fullMs: 60_000,
  ballastBytes: 0,
  ballast: 'none',
  sqlite: 'none',
  tries: 1,
  before: { attempted: 7, backfilled: 7 },
  after: { attempted: 7, backfilled: 7 },
  refusal: 'granted',
  schema: { before: 'a', during: 'a', after: 'a' },
};

const recorder: Recorder = { op: async (_call, send) => send(), observe: () => undefined, nowMs: () => 0 };
const server = createServer((_request, response) => response.end());
let baseUrl = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address !== null && typeof address === 'object') baseUrl = `http://127.0.0.1:${address.port}`;
});
afterAll(() => server.close());

/** A stack on which nothing happens, but for what the test changes. */
function idleStack(answer: Partial<typeof NOTHING> = {}, change: Partial<Stack> = {}): Stack {
  const identity: ProcessIdentity = { pid: 7, startedAt: '2026-07-01', incarnation: 1 };
  const up = { ...identity, baseUrl };
  return {
    engine: 'docker',
    service: SERVICE,
    processes: SERVICE.processes,
    containers: {
      disconnect: async () => undefined,
      connect: async () => undefined,
      exhaustMemory: async () => ({ exit: EXIT, oomKilled: false }),
    },
    start: async () => undefined,
    stop: async () => EXIT,
    kill: async () => undefined,
    pause: async () => undefined,
    unpause: async () => undefined,
    recreate: async () => undefined,
    replace: async (_name, whileBothUp) => {
      await whileBothUp({ older: up, newer: up });
      return EXIT;
    },
    isRunning: () => true,
    identity: async () => identity,
    baseUrl: () => baseUrl,
    lastLines: () => [],
    files: async () => [
      { path: SERVICE.database, bytes: 1, inode: 3, device: 1 },
      { path: 'store/walproof-held', bytes: 0, inode: 4, device: 1 },
    ],
    runBeside: async () => ({ exitCode: 0, stdout: JSON.stringify({ ...NOTHING, ...answer }), stderr: '' }),
    walIndexHead: async () => null,
    beside: () => {
      throw new RangeError('no actors on an idle stack');
    },
    copyDatabase: async () => [],
    filesystem: async () => 'ext4',
    [Symbol.asyncDispose]: async () => undefined,
    ...change,
  };
}

async function effectOf(name: string, stack: Stack): Promise<FaultEffect> {
  const fault = FAULTS.find((each) => each.name === name);
  if (fault === undefined) throw new RangeError(`no fault ${name}`);
  return fault.run({ stack, recorder, target: fault.targets?.(SERVICE.processes)[0] ?? 'tiny-1' });
}

describe('without effect on a stack where nothing happens', () => {
  test.each(FAULTS.map(({ name }) => name))('%s', async (name) => {
    expect(await effectOf(name, idleStack())).toEqual({ tookEffect: false, proof: expect.stringMatching(/./) });
  });
});

/** What each program says where all of it happened; the kills around it are those of the stack. */
const COMPLETE: Record<string, Partial<typeof NOTHING>> = {
  'hold-write-lock': { refusals: ['SQLITE_BUSY', 'SQLITE_BUSY'] },
  'hold-reader': { firstRows: 5, lastRows: 5, liveRows: 9 },
  'fill-disk': { ballast: 'ENOSPC', sqlite: 'SQLITE_FULL' },
  'kill-mid-checkpoint': { after: { attempted: 9, backfilled: 7 } },
  'kill-mid-migration': { refusal: 'SQLITE_BUSY', schema: { before: 'a', during: 'b', after: 'a' } },
};

test('fill-disk: with effect when it is the -shm that finds no room', async () => {
  const stack = idleStack({ ballast: 'ENOSPC', sqlite: 'SQLITE_IOERR_SHMSIZE' });
  expect(await effectOf('fill-disk', stack)).toMatchObject({ tookEffect: true });
});

test.each(Object.entries(COMPLETE))('%s: with effect when nothing is missing', async (name, answer) => {
  expect(await effectOf(name, idleStack(answer, restartedAfterKill()))).toMatchObject({ tookEffect: true });
});

describe('without effect when one thing is missing', () => {
  test.each<[string, string, Partial<typeof NOTHING>]>([
    ['hold-write-lock', 'the second try was granted', { refusals: ['SQLITE_BUSY', 'granted'] }],
    ['hold-write-lock', 'it was held too shortly', { refusals: ['SQLITE_BUSY', 'SQLITE_BUSY'], heldMs: 100 }],
    ['hold-reader', 'the snapshot moved', { firstRows: 5, lastRows: 9, liveRows: 9 }],
    ['hold-reader', 'nobody wrote', { firstRows: 5, lastRows: 5, liveRows: 5 }],
    ['fill-disk', 'SQLite was not refused', { ballast: 'ENOSPC' }],
    ['fill-disk', 'SQLite was refused for another reason', { ballast: 'ENOSPC', sqlite: 'SQLITE_BUSY' }],
    ['fill-disk', 'the disk was not full', { ballast: 'EIO', sqlite: 'SQLITE_FULL' }],
    ['kill-mid-checkpoint', 'the checkpoint was completed', { after: { attempted: 9, backfilled: 9 } }],
    ['kill-mid-checkpoint', 'what was cut off is older', { after: { attempted: 7, backfilled: 0 } }],
    [
      'kill-mid-migration',
      'it was committed',
      { refusal: 'SQLITE_BUSY', schema: { before: 'a', during: 'b', after: 'b' } },
    ],
    ['kill-mid-migration', 'it changed nothing', { refusal: 'SQLITE_BUSY' }],
  ])('%s: %s', async (name, _what, answer) => {
    expect(await effectOf(name, idleStack(answer, restartedAfterKill()))).toMatchObject({ tookEffect: false });
  });

  test('oom: the process ended, and nobody says that it was for want of memory', async () => {
    const exhaustMemory = async () => ({ exit: { ...EXIT, exitCode: null, signal: 'SIGKILL' }, oomKilled: false });
    const containers = { disconnect: async () => undefined, connect: async () => undefined, exhaustMemory };
    const stack = idleStack({}, { containers, ...restartedAfterKill() });
    expect(await effectOf('oom', stack)).toMatchObject({ tookEffect: false });
  });

  test('kill: the same incarnation answers again', async () => {
    const stack = idleStack({}, { isRunning: () => false });
    expect(await effectOf('kill', stack)).toMatchObject({ tookEffect: false });
  });

  test('restart: it had to be killed after its grace', async () => {
    const stop = async () => ({ ...EXIT, exitCode: null, signal: 'SIGKILL' });
    expect(await effectOf('restart', idleStack({}, { ...restartedAfterKill(), stop }))).toMatchObject({
      tookEffect: false,
    });
  });
});

/** Every look at who runs shows another incarnation. */
function restartedAfterKill(): Partial<Stack> {
  let incarnation = 0;
  return { identity: async () => ({ pid: 7, startedAt: '2026-07-01', incarnation: ++incarnation }) };
}

test('Linux refuses to remount read-only under an open file, which is why no engine does it', async () => {
  const reason = await whyNoDataLimit();
  if (reason !== null) return expect(reason).toContain('root');
  const folder = mkdtempSync(join(tmpdir(), 'walproof-remount-'));
  const mount = (...args: string[]) => spawnSync('mount', [...args, folder], { encoding: 'utf8' });
  expect(mount('-t', 'tmpfs', '-o', 'size=1m', 'walproof').status).toBe(0);
  try {
    const open = openSync(join(folder, 'database'), 'w');
    expect(mount('-o', 'remount,ro').stderr).toContain('busy');
    closeSync(open);
    expect(mount('-o', 'remount,ro').status).toBe(0);
  } finally {
    spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
});
