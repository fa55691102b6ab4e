import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../engine/shared/project-root.ts';
import type { StackEvents } from '../../model/stack.ts';
import { eventually, failureOf } from './harness/await.ts';
import { TINY_DIR } from './harness/definition.ts';
import type { CreateTiny } from './harness/hooks.ts';
import { getJson, healthStatus, postItem } from './harness/talk.ts';

export function startCases(createTiny: CreateTiny): void {
  test('starts all processes together and reports each as healthy', async () => {
    const started: string[] = [];
    const lines: string[] = [];
    const events: StackEvents = {
      onStarted: (process, identity) => started.push(`${process} ${identity.incarnation}`),
      onLine: ({ process, line }) => lines.push(`${process} ${line}`),
    };
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' }, { events });
    expect(stack.isRunning('tiny-1')).toBe(false);
    expect(await stack.identity('tiny-1')).toBeNull();
    await stack.start();
    expect(started.sort()).toEqual(['tiny-1 1', 'tiny-2 1']);
    for (const process of ['tiny-1', 'tiny-2']) {
      expect(stack.isRunning(process)).toBe(true);
      expect(await healthStatus(stack, process)).toBe(200);
      expect(stack.baseUrl(process)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(await stack.identity(process)).toMatchObject({ incarnation: 1, pid: expect.any(Number) });
      await eventually(() => lines.some((line) => line.startsWith(`${process} tiny: ${process} listens on`)));
      expect(stack.lastLines(process, 1)[0]).toContain('listens on');
    }
    expect(stack.baseUrl('tiny-1')).not.toBe(stack.baseUrl('tiny-2'));
  });

  test('reports a crash at start at once, with the last lines', async () => {
    let exitedAtMs = Number.NaN;
    const onExit = () => {
      exitedAtMs = performance.now();
    };
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'crash' }, { events: { onExit } });
    const error = await failureOf(stack.start());
    expect(performance.now() - exitedAtMs).toBeLessThan(2_000);
    expect(error.code).toBe('SERVICE_NOT_STARTED');
    expect(error.message).toContain('tiny-2');
    expect(error.message).toContain('exit code 1');
    expect(error.details.length).toBeLessThanOrEqual(20);
    expect(error.details.join('\n')).toContain('Error: tiny: crash at start');
    expect(stack.isRunning('tiny-2')).toBe(false);
  });

  test('reports a process that never gets healthy, with the check and its last answer', async () => {
    await using stack = await createTiny({ 'tiny-1': 'unhealthy' }, { startTimeoutMs: 2_500 });
    const error = await failureOf(stack.start());
    expect(error.code).toBe('SERVICE_NOT_STARTED');
    expect(error.message).toContain('tiny-1');
    expect(error.message).toContain('/health');
    expect(error.message).toContain('503');
    expect(error.details.join('\n')).toContain('tiny: tiny-1 listens on');
  });

  test('puts another db module in the place of the service\u2019s own', async () => {
    const dbModule = join(PROJECT_ROOT, TINY_DIR, 'variants/plain.ts');
    await using own = await createTiny({ 'tiny-1': 'plain' });
    await using replaced = await createTiny({ 'tiny-1': 'plain' }, { dbModule });
    await Promise.all([own.start(), replaced.start()]);
    expect(await getJson(own, 'tiny-1', '/health')).toMatchObject({ variant: 'tiny' });
    expect(await getJson(replaced, 'tiny-1', '/health')).toMatchObject({ variant: 'plain' });
  });

  test('puts files of an overlay in the place of others, also after it was created anew', async () => {
    const overlay = new Map([[`${TINY_DIR}/src/db.ts`, join(PROJECT_ROOT, TINY_DIR, 'variants/plain.ts')]]);
    await using own = await createTiny({ 'tiny-1': 'plain' });
    await using overlaid = await createTiny({ 'tiny-1': 'plain' }, { overlay });
    await Promise.all([own.start(), overlaid.start()]);
    expect(await getJson(own, 'tiny-1', '/health')).toMatchObject({ variant: 'tiny' });
    expect(await getJson(overlaid, 'tiny-1', '/health')).toMatchObject({ variant: 'plain' });
    await overlaid.recreate();
    await overlaid.start();
    expect(await getJson(overlaid, 'tiny-1', '/health')).toMatchObject({ variant: 'plain' });
  });

  test('refuses a db module that does not exist', async () => {
    const dbModule = join(PROJECT_ROOT, TINY_DIR, 'variants/absent.ts');
    const error = await failureOf(createTiny({ 'tiny-1': 'plain' }, { dbModule }));
    expect(error.code).toBe('DB_MODULE_MISSING');
    expect(error.message).toContain(dbModule);
  });

  test('runs two stacks side by side, each on data of its own', async () => {
    await using one = await createTiny({ 'tiny-1': 'plain' });
    await using two = await createTiny({ 'tiny-1': 'plain' });
    await Promise.all([one.start(), two.start()]);
    expect(one.baseUrl('tiny-1')).not.toBe(two.baseUrl('tiny-1'));
    await postItem(one, 'tiny-1', 'only-in-one');
    expect(await getJson(one, 'tiny-1', '/items')).toEqual(['only-in-one']);
    expect(await getJson(two, 'tiny-1', '/items')).toEqual([]);
  });
}
