/** The end of an arm: what the files and the service itself say after all that was done to it. */
import type { ArmPlan, Enter } from './arm-plan.ts';
import { copyOf, twinOf } from './database-copy.ts';
import type { DatabaseState } from './model/observation.ts';
import type { Stack } from './model/stack.ts';
import {
  observeCopyIntegrity,
  observeHeader,
  observeLiveIntegrity,
  observeProbe,
  observeSidecars,
  orMissing,
} from './observe/database.ts';
import type { ArmRecorder } from './observe/recorder.ts';

export async function look(stack: Stack, recorder: ArmRecorder, state: 'open' | 'restarted'): Promise<void> {
  await observeSidecars(stack, recorder, state);
  await observeProbe(stack, recorder, state);
  await lookAtHeader(stack, recorder, state);
}

async function lookAtHeader(stack: Stack, recorder: ArmRecorder, state: DatabaseState): Promise<void> {
  await using copy = await copyOf(stack);
  await observeHeader(copy.file, recorder, state);
}

/** Waits for both, however they end: nothing may be under way any more when the first failure is told. */
async function bothDone(first: Promise<unknown>, second: Promise<unknown>): Promise<void> {
  const failed = (await Promise.allSettled([first, second])).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/**
 * Stops all processes, the last one alone: only a connection that finds itself the last deletes the sidecars (wal.c,
 * sqlite3WalClose), and of several that close at one moment each may take another for one that stays. Measured with
 * connections released by a clock, 1000 rounds on 2 cores, both files stayed: 744 times with 2 connections, 33 with 4, 32
 * with 8; 6 with 2 on one core. sqlite-close.test.ts shows it. A process that does not close at all is not seen by the
 * files then, if it is not the last; its own word is judged for that (check/closes.ts).
 */
async function stopInOrder(stack: Stack): Promise<void> {
  const names = stack.processes.map(({ name }) => name);
  const last = names.pop();
  await Promise.all(names.map((name) => stack.stop(name)));
  if (last !== undefined) await stack.stop(last);
}

/**
 * The end of an arm. All processes are killed at once where kills were asked for, so that the sidecars and a crash copy
 * can be seen; after the recovery the service itself says what it kept; then all stop, and the sidecars must be gone.
 */
export async function conclude(stack: Stack, recorder: ArmRecorder, plan: ArmPlan, enter: Enter): Promise<void> {
  const keep = plan.arm === 'subject' ? await plan.sink.databaseFolder(recorder.service) : undefined;
  const kills = plan.faults.some(({ fault }) => fault.kills);
  if (kills) {
    enter('stop', 'kill all');
    await stack.kill();
    await observeSidecars(stack, recorder, 'killed');
    await using copy = await copyOf(stack, keep);
    await observeHeader(copy.file, recorder, 'killed');
    await using opened = await twinOf(copy);
    enter('start', 'recovering');
    await bothDone(stack.start(), observeCopyIntegrity(opened.file, stack.service, recorder));
  } else if (plan.arm === 'subject') {
    enter('look', 'looking');
    const state = plan.faults.length === 0 ? 'open' : 'restarted';
    await observeProbe(stack, recorder, state);
    await using copy = await copyOf(stack, keep);
    await observeHeader(copy.file, recorder, state);
    await using opened = await twinOf(copy);
    await observeCopyIntegrity(opened.file, stack.service, recorder);
  }
  enter('look', 'final read');
  const lookOnce = async () => {
    if (kills) await look(stack, recorder, 'restarted');
    if (plan.arm === 'subject') await observeLiveIntegrity(stack, recorder);
  };
  await bothDone(readAll(stack, recorder, plan), lookOnce());
  if (plan.arm === 'control') return;
  enter('stop', 'stopping');
  await stopInOrder(stack);
  await observeSidecars(stack, recorder, 'stopped');
  await lookAtHeader(stack, recorder, 'stopped');
}

/** Everything that the service itself says it kept. */
async function readAll(stack: Stack, recorder: ArmRecorder, plan: ArmPlan): Promise<void> {
  await orMissing(recorder, 'final read', async () => {
    const wanted = { stack, ops: recorder.ops, keptOnly: plan.arm === 'control', signal: plan.signal };
    for (const read of await plan.service.traffic.finalRead(wanted)) recorder.observe(read);
  });
}
