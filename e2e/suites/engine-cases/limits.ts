import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { fillDisk } from '../../faults/fill-disk.ts';
import type { Engine, ProcessExit } from '../../model/stack.ts';
import { HttpClient } from '../../traffic/http.ts';
import { eventually, failureOf } from './harness/await.ts';
import type { CreateTiny } from './harness/hooks.ts';
import { getJson, healthStatus, postItem } from './harness/talk.ts';
import { temporaryFolder } from './harness/temporary-folder.ts';

const LIMIT_BYTES = 8 * 2 ** 20;
/** A recovery counts calls that leave after the end of a fault, so whoever makes them must have been freed long before 5 s. */
const LOST_WITHIN_MS = 2_500;
const FILL = new URL('../../faults/programs/fill-disk.ts', import.meta.url);

export function limitCases(getEngine: () => Engine, createTiny: CreateTiny): void {
  test('limits the data folder when it is asked to, or says why it cannot', async () => {
    await using folder = await temporaryFolder();
    const seedDatabase = join(folder.path, 'seed.db');
    const seed = new Database(seedDatabase);
    seed.exec(`CREATE TABLE items (value TEXT PRIMARY KEY); INSERT INTO items VALUES ('from-the-seed')`);
    seed.close();
    const limited = () => createTiny({ 'tiny-1': 'plain' }, { dataLimitBytes: LIMIT_BYTES, seedDatabase });
    const reason = await getEngine().whyNoDataLimit();
    if (reason !== null) {
      expect((await failureOf(limited())).message).toContain(reason);
      return;
    }
    await using stack = await limited();
    expect(await stack.filesystem()).toBe('tmpfs');
    await stack.start();
    expect(await postItem(stack, 'tiny-1', 'kept')).toBe(201);
    const filled = await stack.runBeside(FILL, ['fill', '{data}', `{data}/${stack.service.database}`, '0']);
    expect(JSON.parse(filled.stdout)).toMatchObject({ ballast: 'ENOSPC', sqlite: 'SQLITE_FULL' });
    expect(JSON.parse(filled.stdout).ballastBytes).toBeLessThan(LIMIT_BYTES);
    // On a filesystem that ends with its last user the rows would be gone now.
    await stack.recreate();
    await stack.start();
    expect(await getJson(stack, 'tiny-1', '/items')).toEqual(['from-the-seed', 'kept']);
  });

  test('limits nothing when it is not asked to', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    const { size = 0 } = await sizeOfData(stack);
    expect(size).toBeGreaterThan(fillDisk.dataLimitBytes ?? 0);
  });
}

async function sizeOfData(stack: Awaited<ReturnType<CreateTiny>>): Promise<{ size?: number }> {
  const program = new URL('./harness/folder-size.ts', import.meta.url);
  const { stdout } = await stack.runBeside(program, ['{data}']);
  return JSON.parse(stdout) as { size?: number };
}

/** What only containers can do. */
export function containerCases(getEngine: () => Engine, createTiny: CreateTiny): void {
  test('takes a container off its network and puts it back; plain processes say that they have none', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' });
    await stack.start();
    const { containers } = stack;
    expect(containers === null).toBe(getEngine().name === 'process');
    if (containers === null) return;
    const before = await stack.identity('tiny-1');
    await containers.disconnect('tiny-1');
    await expect(fetch(`${stack.baseUrl('tiny-1')}/health`, { signal: AbortSignal.timeout(1_000) })).rejects.toThrow();
    expect(await healthStatus(stack, 'tiny-2')).toBe(200);
    expect(await stack.identity('tiny-1')).toEqual(before);
    await containers.connect('tiny-1');
    expect(await healthStatus(stack, 'tiny-1')).toBe(200);
    expect(await stack.identity('tiny-1')).toEqual(before);
  });

  test('ends the calls in the hands of a container that is taken off its network', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    const { containers } = stack;
    if (containers === null) return expect(getEngine().name).toBe('process');
    await using http = new HttpClient(1);
    const lost = http.send({ method: 'GET', url: `${stack.baseUrl('tiny-1')}/silence` });
    await eventually(async () => (await getJson(stack, 'tiny-1', '/silences')) === 1);
    await containers.disconnect('tiny-1');
    await containers.connect('tiny-1');
    const reconnected = performance.now();
    expect(await lost).toMatchObject({ outcome: 'info' });
    expect(performance.now() - reconnected).toBeLessThan(LOST_WITHIN_MS);
  });

  test('has the kernel kill a container for want of memory, and only that one', async () => {
    const exits: ProcessExit[] = [];
    const events = { onExit: (exit: ProcessExit) => exits.push(exit) };
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' }, { events });
    await stack.start();
    const { containers } = stack;
    if (containers === null) return expect(getEngine().name).toBe('process');
    const end = await containers.exhaustMemory('tiny-1');
    expect(end).toMatchObject({ oomKilled: true, exit: { process: 'tiny-1', signal: 'SIGKILL', expected: true } });
    expect(exits).toEqual([end?.exit]);
    expect(end?.exit.lastLines.at(-1)).toMatch(/^walproof: the kernel ended it/);
    expect(await healthStatus(stack, 'tiny-2')).toBe(200);
    await stack.start();
    await eventually(async () => (await healthStatus(stack, 'tiny-1')) === 200);
  });
}
