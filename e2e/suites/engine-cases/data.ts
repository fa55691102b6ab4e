import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { parseWalIndex } from '../../observe/wal-format.ts';
import { eventually } from './harness/await.ts';
import type { CreateTiny } from './harness/hooks.ts';
import { getJson, healthStatus, postItem, writeUntilStopped } from './harness/talk.ts';
import { temporaryFolder } from './harness/temporary-folder.ts';

export function dataCases(createTiny: CreateTiny): void {
  test('keeps the data when the processes are made anew', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' });
    await stack.start();
    await postItem(stack, 'tiny-1', 'kept');
    await stack.stop('tiny-1');
    await stack.recreate();
    for (const process of ['tiny-1', 'tiny-2']) expect(stack.isRunning(process)).toBe(false);
    await stack.start();
    expect(await getJson(stack, 'tiny-2', '/items')).toEqual(['kept']);
  });

  test('starts from a database it is given', async () => {
    await using folder = await temporaryFolder();
    const seedDatabase = join(folder.path, 'seed.db');
    const seed = new Database(seedDatabase);
    seed.exec(`CREATE TABLE items (value TEXT PRIMARY KEY); INSERT INTO items VALUES ('from-the-seed')`);
    seed.close();
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { seedDatabase });
    await stack.start();
    expect(await getJson(stack, 'tiny-1', '/items')).toEqual(['from-the-seed']);
    expect(await postItem(stack, 'tiny-1', 'added')).toBe(201);
  });

  test('lists the files beside the database with size and inode', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    expect(await stack.files()).toEqual([]);
    await stack.start();
    await postItem(stack, 'tiny-1', 'listed');
    const files = await stack.files();
    expect(files.map((file) => file.path).sort()).toEqual(['store/tiny.db', 'store/tiny.db-shm', 'store/tiny.db-wal']);
    for (const file of files) {
      expect(file.bytes).toBeGreaterThan(0);
      expect(file.inode).toBeGreaterThan(0);
    }
    await stack.stop('tiny-1');
    expect((await stack.files()).map((file) => file.path).sort()).toEqual(['store/tiny.db']);
  });

  test('reads the head of the wal-index, which counts on with each write and ends with the last close', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    expect(await stack.walIndexHead()).toBeNull();
    await stack.start();
    const frames = async () => parseWalIndex((await stack.walIndexHead()) ?? new Uint8Array())?.frames ?? 0;
    const before = await frames();
    await postItem(stack, 'tiny-1', 'counted');
    expect(await frames()).toBeGreaterThan(before);
    await stack.stop('tiny-1');
    expect(await stack.walIndexHead()).toBeNull();
  });

  test('copies the database with its sidecars under writes, and lets the processes go on', async () => {
    await using folder = await temporaryFolder();
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' });
    await stack.start();
    const writer = writeUntilStopped(stack, 'tiny-1');
    await eventually(() => writer.acknowledged.length >= 5);
    const before = [...writer.acknowledged];
    const copied = await stack.copyDatabase(folder.path);
    const countAtCopy = writer.acknowledged.length;
    await eventually(() => writer.acknowledged.length >= countAtCopy + 5);
    await writer.stop();
    expect(copied.map((file) => basename(file)).sort()).toEqual(['tiny.db', 'tiny.db-shm', 'tiny.db-wal']);
    for (const file of copied) expect((await stat(join(folder.path, basename(file)))).isFile()).toBe(true);
    const copy = new Database(join(folder.path, 'tiny.db'));
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(copy.prepare('SELECT value FROM items').pluck().all()).toEqual(expect.arrayContaining(before));
    copy.close();
    for (const process of ['tiny-1', 'tiny-2']) expect(await healthStatus(stack, process)).toBe(200);
  });

  test('copies the database of a stack that does not run, and leaves a paused process paused', async () => {
    await using folder = await temporaryFolder();
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    await stack.pause('tiny-1');
    expect((await stack.copyDatabase(folder.path)).length).toBe(3);
    expect(await healthStatus(stack, 'tiny-1', 500)).toBeNull();
    await stack.unpause('tiny-1');
    await stack.stop('tiny-1');
    const copied = await stack.copyDatabase(folder.path);
    expect(copied.map((file) => basename(file))).toEqual(['tiny.db']);
  });

  test('names the filesystem of the data folder', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    expect(await stack.filesystem()).toMatch(/^[a-z0-9.]+$/);
  });
}
