import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { newRunId } from '../../engine/shared/run-id.ts';
import type { Engine } from '../../model/stack.ts';
import { eventually, failureOf } from './harness/await.ts';
import type { CreateTiny, EngineHooks } from './harness/hooks.ts';
import { healthStatus, lockOfChild } from './harness/talk.ts';

export function cleaningCases(getEngine: () => Engine, createTiny: CreateTiny, hooks: EngineHooks): void {
  test('leaves nothing behind when disposed, once or twice', async () => {
    const runId = newRunId();
    const stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' }, { runId });
    await stack.start();
    await stack.pause('tiny-2');
    expect(await hooks.leftBehind(runId)).not.toEqual([]);
    await stack[Symbol.asyncDispose]();
    await stack[Symbol.asyncDispose]();
    expect(await hooks.leftBehind(runId)).toEqual([]);
  });

  test('leaves nothing behind when disposed in the middle of a start', async () => {
    const runId = newRunId();
    let started: () => void = () => undefined;
    const firstStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const modes = { 'tiny-1': 'unhealthy', 'tiny-2': 'plain' } as const;
    const stack = await createTiny(modes, { runId, events: { onStarted: () => started() } });
    const failed = failureOf(stack.start());
    await firstStarted;
    await stack[Symbol.asyncDispose]();
    expect(['INTERRUPTED', 'SERVICE_NOT_STARTED']).toContain((await failed).code);
    expect(await hooks.leftBehind(runId)).toEqual([]);
  });

  test.each([
    ['removes what a killed harness left, and not what belongs to a live one', 'plain'],
    ['removes a limited data folder that a killed harness left', 'limited'],
  ])('%s', async (_name, kind) => {
    await using live = await createTiny({ 'tiny-1': 'plain' });
    await live.start();
    const runId = newRunId();
    await leaveRunBehind(hooks.leaver, runId, kind);
    expect(await hooks.leftBehind(runId)).not.toEqual([]);
    const removed = await getEngine().removeLeftovers();
    expect(removed.join('\n')).toContain(runId);
    expect(await hooks.leftBehind(runId)).toEqual([]);
    expect(await healthStatus(live, 'tiny-1')).toBe(200);
    expect(await lockOfChild(live, 'tiny-1')).toBe('SQLITE_BUSY');
  });
}

/** Starts the engine's leaver, waits until its stack runs, and SIGKILLs it. */
async function leaveRunBehind(leaver: URL, runId: string, kind: string): Promise<void> {
  const harness = spawn(process.execPath, [fileURLToPath(leaver), runId, kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => harness.once('exit', () => resolve()));
  let ready = false;
  createInterface({ input: harness.stdout }).on('line', (line) => {
    ready ||= line === 'ready';
  });
  try {
    await eventually(() => ready || harness.exitCode !== null);
    expect(ready, `${basename(leaver.pathname)} ended before its stack ran`).toBe(true);
  } finally {
    harness.kill('SIGKILL');
    await exited;
  }
}
