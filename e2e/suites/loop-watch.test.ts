/**
 * Goal:   a service tells a standstill of its event loop that is the machine's doing from one that is its own.
 * Method: real processes that watch themselves, on one CPU with a process that never rests: one collects garbage with helpers
 *         that get no CPU, one sleeps as in a wait for a lock.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import type { Stall } from '../../fixtures/service-kit/src/loop-watch.ts';

const PROGRAM = new URL('./observe/stalled-loop.ts', import.meta.url);
/** Beside two files of tests the one that collects gets a third of a CPU. */
const DEADLINE_MS = 90_000;
/** What the check liveness bears; see check/liveness.ts. */
const LATE_MS = 250;

let started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  started = [];
});

function start(child: ChildProcess): ChildProcess {
  started.push(child);
  return child;
}

/** What the program tells, in its order. It and all its threads run on CPU 0, and so does one that takes all it can get. */
async function* stallsOf(what: 'collect' | 'sleep'): AsyncGenerator<Stall> {
  start(spawn('taskset', ['-c', '0', process.execPath, '-e', 'for (;;);']));
  const child = start(fork(PROGRAM, [what]));
  start(spawn('taskset', ['-a', '-c', '-p', '0', String(child.pid)], { stdio: 'ignore' }));
  let tell = Promise.withResolvers<Stall>();
  child.on('message', (stall: Stall) => {
    tell.resolve(stall);
    tell = Promise.withResolvers();
  });
  for (;;) yield await tell.promise;
}

const ownMs = ({ durationMs, starvedMs }: Stall) => durationMs - (starvedMs ?? 0);

test('a collection that waits for its helpers is the machine', { timeout: DEADLINE_MS }, async () => {
  let late = 0;
  for await (const stall of stallsOf('collect')) {
    expect(ownMs(stall)).toBeLessThan(LATE_MS);
    if (stall.durationMs > LATE_MS && ++late === 5) break;
  }
});

test('a wait is its own', { timeout: DEADLINE_MS }, async () => {
  for await (const stall of stallsOf('sleep')) if (ownMs(stall) > LATE_MS) break;
});
