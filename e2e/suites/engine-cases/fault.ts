import { expect, test } from 'vitest';
import type { ProcessExit, StackEvents } from '../../model/stack.ts';
import { eventually } from './harness/await.ts';
import type { CreateTiny } from './harness/hooks.ts';
import { getJson, healthStatus, lockOfChild, postItem } from './harness/talk.ts';

export function faultCases(createTiny: CreateTiny): void {
  test('kills a process with its children and leaves the other alone', async () => {
    const exits: ProcessExit[] = [];
    const events: StackEvents = { onExit: (exit) => exits.push(exit) };
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' }, { events });
    await stack.start();
    await postItem(stack, 'tiny-1', 'before-kill');
    const before = await stack.identity('tiny-1');
    expect(await lockOfChild(stack, 'tiny-1')).toBe('SQLITE_BUSY');
    await stack.kill(['tiny-1']);
    expect(await lockOfChild(stack, 'tiny-1')).toBe('free');
    expect(await lockOfChild(stack, 'tiny-2')).toBe('SQLITE_BUSY');
    expect(stack.isRunning('tiny-1')).toBe(false);
    expect(exits).toEqual([
      expect.objectContaining({ process: 'tiny-1', signal: 'SIGKILL', exitCode: null, expected: true }),
    ]);
    expect(await healthStatus(stack, 'tiny-2')).toBe(200);
    await stack.start(['tiny-1']);
    const after = await stack.identity('tiny-1');
    expect(after).toMatchObject({ incarnation: 2 });
    expect(after?.pid).not.toBe(before?.pid);
    expect(after?.startedAt).not.toBe(before?.startedAt);
    expect(await getJson(stack, 'tiny-1', '/items')).toEqual(['before-kill']);
  });

  test('kills all processes at once', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' });
    await stack.start();
    await stack.kill();
    for (const process of ['tiny-1', 'tiny-2']) {
      expect(stack.isRunning(process)).toBe(false);
      expect(await lockOfChild(stack, process)).toBe('free');
    }
  });

  test('freezes a process on pause and heals it on unpause, the same one', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' });
    await stack.start();
    const before = await stack.identity('tiny-1');
    await stack.pause('tiny-1');
    expect(await healthStatus(stack, 'tiny-1', 500)).toBeNull();
    expect(await healthStatus(stack, 'tiny-2')).toBe(200);
    expect(stack.isRunning('tiny-1')).toBe(true);
    expect(await stack.identity('tiny-1')).toEqual(before);
    await stack.unpause('tiny-1');
    await eventually(async () => (await healthStatus(stack, 'tiny-1')) === 200);
    expect(await stack.identity('tiny-1')).toEqual(before);
  });

  test('kills a paused process', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    await stack.pause('tiny-1');
    await stack.kill(['tiny-1']);
    expect(await lockOfChild(stack, 'tiny-1')).toBe('free');
    await stack.start();
    expect(await healthStatus(stack, 'tiny-1')).toBe(200);
  });
}
