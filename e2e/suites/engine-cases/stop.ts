import { expect, test } from 'vitest';
import type { ProcessExit } from '../../model/stack.ts';
import { eventually } from './harness/await.ts';
import type { CreateTiny } from './harness/hooks.ts';
import { healthStatus, lockOfChild } from './harness/talk.ts';

export function stopCases(createTiny: CreateTiny): void {
  test('stops with SIGTERM and returns exit code 0; the base URL holds after the restart', async () => {
    const exits: ProcessExit[] = [];
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { events: { onExit: (exit) => exits.push(exit) } });
    await stack.start();
    const exit = await stack.stop('tiny-1');
    expect(exit).toMatchObject({ process: 'tiny-1', incarnation: 1, exitCode: 0, signal: null, expected: true });
    expect(exit.lastLines.at(-1)).toBe('tiny: bye');
    expect(exits).toEqual([exit]);
    expect(stack.isRunning('tiny-1')).toBe(false);
    expect(await stack.identity('tiny-1')).toBeNull();
    await stack.start(['tiny-1']);
    expect(await healthStatus(stack, 'tiny-1')).toBe(200);
    expect(await stack.identity('tiny-1')).toMatchObject({ incarnation: 2 });
    expect(await stack.stop('tiny-1')).toMatchObject({ incarnation: 2 });
  });

  test('leaves a stopped process alone when it is stopped again', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    const first = await stack.stop('tiny-1');
    expect(await stack.stop('tiny-1')).toEqual(first);
    expect(stack.isRunning('tiny-1')).toBe(false);
  });

  test('kills a process that ignores SIGTERM once its grace is over', async () => {
    await using stack = await createTiny({ 'tiny-1': 'stubborn' });
    await stack.start();
    const startedAtMs = performance.now();
    const exit = await stack.stop('tiny-1');
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1_000);
    expect(exit).toMatchObject({ exitCode: null, signal: 'SIGKILL', expected: true });
    expect(exit.lastLines).toContain('tiny: SIGTERM ignored');
    expect(await lockOfChild(stack, 'tiny-1')).toBe('free');
  });

  test('reports an exit nobody asked for, and lets no child survive it', async () => {
    const exits: ProcessExit[] = [];
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { events: { onExit: (exit) => exits.push(exit) } });
    await stack.start();
    await fetch(`${stack.baseUrl('tiny-1')}/exit`, { method: 'POST' }).catch((lost: Error) => lost);
    await eventually(() => exits.length > 0);
    expect(exits).toEqual([expect.objectContaining({ process: 'tiny-1', exitCode: 3, signal: null, expected: false })]);
    expect(stack.isRunning('tiny-1')).toBe(false);
    expect(await lockOfChild(stack, 'tiny-1')).toBe('free');
  });
}
