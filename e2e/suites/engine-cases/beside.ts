import { expect, test } from 'vitest';
import type { Refusal } from '../../model/actor.ts';
import { failureOf } from './harness/await.ts';
import type { CreateTiny } from './harness/hooks.ts';
import { postItem } from './harness/talk.ts';

const BESIDE = new URL('./harness/beside.ts', import.meta.url);

export function besideCases(createTiny: CreateTiny): void {
  test('runs a program beside the services that imports better-sqlite3', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    await postItem(stack, 'tiny-1', 'seen-from-beside');
    const result = await stack.runBeside(BESIDE, ['items', '{data}/store/tiny.db']);
    expect(result).toEqual({ exitCode: 0, stdout: '["seen-from-beside"]\n', stderr: '' });
    await stack.stop('tiny-1');
    expect((await stack.runBeside(BESIDE, ['items', '{data}/store/tiny.db'])).exitCode).toBe(0);
  });

  test('returns the exit code and stderr of a program that fails', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    expect(await stack.runBeside(BESIDE, ['exit', '7'])).toEqual({
      exitCode: 7,
      stdout: '',
      stderr: 'beside: exit 7\n',
    });
  });

  test('ends a program that outlasts its deadline', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    const error = await failureOf(stack.runBeside(BESIDE, ['hang'], { timeoutMs: 1_000 }));
    expect(error.code).toBe('PROBE_FAILED');
    expect(error.message).toContain('beside.ts');
  });

  test('actors beside the services open their database by default, are told of its locks, and end with the stack', async () => {
    const refused: Refusal[] = [];
    const stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    await postItem(stack, 'tiny-1', 'seen-by-an-actor');
    const site = stack.beside((refusal) => refused.push(refusal));
    const [first, second] = await Promise.all([site.actor('first'), site.actor('second')]);
    await first.open();
    expect(await first.rows('SELECT value FROM items')).toEqual([{ value: 'seen-by-an-actor' }]);
    await first.exec('BEGIN IMMEDIATE');
    await second.open({ timeoutMs: 0 });
    expect(await second.ask({ do: 'exec', sql: 'BEGIN IMMEDIATE' })).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(refused).toMatchObject([{ process: 'second', code: 'SQLITE_BUSY', sql: 'BEGIN IMMEDIATE' }]);
    expect((await site.files()).map(({ path }) => path)).toEqual((await stack.files()).map(({ path }) => path));
    await stack[Symbol.asyncDispose]();
    expect(await first.ask({ do: 'exec', sql: 'COMMIT' })).toMatchObject({ ok: false, code: 'ACTOR_GONE' });
  });
}
