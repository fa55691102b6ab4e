/**
 * Watches its own event loop and tells the parent of each standstill. `collect`: it makes garbage while V8's helpers have the
 * lowest priority. `sleep`: its thread sleeps, as in a wait for a lock.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { watchLoop } from '../../../fixtures/service-kit/src/loop-watch.ts';

const SLEEP_MS = 400;
const threads = readdirSync('/proc/self/task');
const helpers = threads.filter((id) => readFileSync(`/proc/self/task/${id}/comm`, 'latin1').trim() === 'V8Worker');
watchLoop((stall) => process.send?.({ ...stall, helpers: helpers.length }));

if (process.argv[2] === 'sleep')
  setInterval(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLEEP_MS), SLEEP_MS);
else {
  for (const id of helpers) setPriority(Number(id), 19);
  let kept: object[] = [];
  setInterval(() => {
    kept = [...kept.slice(-400_000), ...Array.from({ length: 20_000 }, (_, n) => ({ n, text: `${n}` }))];
  }, 1);
}
