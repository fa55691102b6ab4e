import { expect, test } from 'vitest';
import type { BothUp, StackEvents } from '../../model/stack.ts';
import { failureOf } from './harness/await.ts';
import type { CreateTiny } from './harness/hooks.ts';
import { getJson, healthStatus, postItem } from './harness/talk.ts';

const SHARED = { 'tiny-1': 'shared', 'tiny-2': 'shared' } as const;

export function replaceCases(createTiny: CreateTiny): void {
  test('starts the second incarnation before it stops the first, on the same data', async () => {
    const told: string[] = [];
    const events: StackEvents = {
      onStarted: (process, { incarnation }) => told.push(`${process} ${incarnation} started`),
      onExit: ({ process, incarnation, exitCode }) => told.push(`${process} ${incarnation} exited ${exitCode}`),
    };
    await using stack = await createTiny(SHARED, { events });
    await stack.start();
    await postItem(stack, 'tiny-1', 'before');
    const before = await stack.identity('tiny-1');
    let seen: BothUp | null = null;
    const exit = await stack.replace('tiny-1', async (both) => {
      seen = both;
      expect(stack.baseUrl('tiny-1')).toBe(both.newer.baseUrl);
      const items = async (url: string) => (await fetch(`${url}/items`)).json();
      for (const { baseUrl } of [both.older, both.newer]) expect(await items(baseUrl)).toEqual(['before']);
      expect(told.at(-1)).toBe('tiny-1 2 started');
    });
    expect(seen).toMatchObject({ older: before, newer: { incarnation: 2 } });
    expect(exit).toMatchObject({ process: 'tiny-1', incarnation: 1, exitCode: 0, expected: true });
    expect(told.filter((line) => line.startsWith('tiny-1')).at(-1)).toBe('tiny-1 1 exited 0');
    expect(await stack.identity('tiny-1')).toMatchObject({ incarnation: 2 });
    await postItem(stack, 'tiny-1', 'after');
    expect(await getJson(stack, 'tiny-2', '/items')).toEqual(['after', 'before']);
    await stack.stop('tiny-1');
    await stack.start(['tiny-1']);
    expect(await stack.identity('tiny-1')).toMatchObject({ incarnation: 3 });
  });

  test('stops the first also when the work beside both fails, and reports that', async () => {
    await using stack = await createTiny(SHARED);
    await stack.start();
    const failed = stack.replace('tiny-1', async () => {
      throw new Error('while both were up');
    });
    await expect(failed).rejects.toThrow('while both were up');
    expect(await stack.identity('tiny-1')).toMatchObject({ incarnation: 2 });
    expect(await healthStatus(stack, 'tiny-1')).toBe(200);
  });

  test('keeps the first when the second does not get healthy', async () => {
    // The child of a plain one waits for the lock that the first one's child holds.
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { startTimeoutMs: 5_000 });
    await stack.start();
    const before = await stack.identity('tiny-1');
    const error = await failureOf(stack.replace('tiny-1', async () => undefined));
    expect(error.code).toBe('SERVICE_NOT_STARTED');
    expect(await stack.identity('tiny-1')).toEqual(before);
    expect(await healthStatus(stack, 'tiny-1')).toBe(200);
  });

  test('both are killed when the name is', async () => {
    await using stack = await createTiny(SHARED);
    await stack.start();
    const replaced = stack.replace('tiny-1', async ({ older, newer }) => {
      await stack.kill(['tiny-1']);
      for (const { baseUrl } of [older, newer]) await expect(fetch(`${baseUrl}/health`)).rejects.toThrow();
    });
    expect(await replaced).toMatchObject({ incarnation: 1, signal: 'SIGKILL' });
    expect(stack.isRunning('tiny-1')).toBe(false);
    await stack.start();
    expect(await healthStatus(stack, 'tiny-1')).toBe(200);
  });
}
