/**
 * Goal:   what is read from -wal, -shm and /proc is what SQLite itself says, and a file that is removed under a writer shows.
 * Method: a real database held open by a process of its own; this process reads the files plainly and asks the other.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseWalHeader, parseWalIndex, WAL_INDEX_HEAD_BYTES } from '../observe/wal-format.ts';

const WRITER = fileURLToPath(new URL('./observe/wal-writer.ts', import.meta.url));

let folder: string;
let file: string;
let writer: ChildProcess;
const stalls: { durationMs: number; starvedMs: number | null }[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'walproof-wal-'));
  file = join(folder, 'x.db');
  stalls.length = 0;
  writer = fork(WRITER, [file]);
  writer.on('message', (message: { stall?: (typeof stalls)[number] }) => {
    if (message.stall !== undefined) stalls.push(message.stall);
  });
  await answer();
});

afterEach(async () => {
  const ended = once(writer, 'exit');
  writer.disconnect();
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

async function answer(): Promise<unknown> {
  for (;;) {
    const [message] = (await once(writer, 'message')) as [{ answer?: unknown }];
    if ('answer' in message) return message.answer;
  }
}

async function ask(order: 'write' | 'checkpoint' | 'files' | 'stall'): Promise<unknown> {
  const answered = answer();
  writer.send(order);
  return await answered;
}

const index = () => parseWalIndex(readFileSync(`${file}-shm`).subarray(0, WAL_INDEX_HEAD_BYTES));
const header = () => parseWalHeader(readFileSync(`${file}-wal`));

describe('-wal and -shm', () => {
  test('frames and checkpointed frames are those that a checkpoint reports', async () => {
    await ask('write');
    await ask('write');
    const before = index();
    const [report] = (await ask('checkpoint')) as { busy: number; log: number; checkpointed: number }[];
    expect(before).toMatchObject({ pageSize: 4_096, frames: report?.log, checkpointed: 0 });
    expect(index()).toMatchObject({ frames: report?.log, checkpointed: report?.checkpointed });
    expect(report?.log).toBeGreaterThan(0);
  });

  test('the header holds, is of the database, and has the salts of the index', async () => {
    await ask('write');
    expect(header()).toMatchObject({ formatVersion: 3_007_000, pageSize: 4_096, checksumHolds: true });
    expect(header()?.salts).toEqual(index()?.salts);
  });

  test('a WAL that began anew has other salts, in both', async () => {
    await ask('write');
    const before = header()?.salts;
    await ask('checkpoint');
    await ask('write');
    expect(header()?.salts).not.toEqual(before);
    expect(header()?.salts).toEqual(index()?.salts);
  });

  test('one flipped bit breaks the checksum, and half an index is none', async () => {
    await ask('write');
    const bytes = readFileSync(`${file}-wal`);
    bytes.writeUInt8(bytes.readUInt8(15) ^ 1, 15);
    expect(parseWalHeader(bytes)?.checksumHolds).toBe(false);
    expect(parseWalHeader(bytes.subarray(0, 31))).toBeNull();
    const head = readFileSync(`${file}-shm`).subarray(0, WAL_INDEX_HEAD_BYTES);
    head.writeUInt8(head.readUInt8(16) ^ 1, 16);
    expect(parseWalIndex(head)).toBeNull();
    expect(parseWalIndex(new Uint8Array(WAL_INDEX_HEAD_BYTES))).toBeNull();
  });
});

describe('open files', () => {
  test('are told with the inodes of the paths', async () => {
    await ask('write');
    const expected = (['db', '-wal', '-shm'] as const).map((name) => ({
      file: name,
      inode: statSync(`${file}${name === 'db' ? '' : name}`).ino,
      deleted: false,
    }));
    expect(await ask('files')).toEqual(expect.arrayContaining(expected));
    expect(await ask('files')).toHaveLength(3);
  });

  test('show a -wal that was removed under the writer', async () => {
    await ask('write');
    const { ino } = statSync(`${file}-wal`);
    rmSync(`${file}-wal`);
    expect(await ask('files')).toContainEqual({ file: '-wal', inode: ino, deleted: true });
  });

  test('are told without dropping a lock', async () => {
    await ask('write');
    const lines = () => readFileSync('/proc/locks', 'utf8').split('\n');
    // Each line begins with its place among all locks of the machine, which other processes change.
    const locks = () => {
      const own = lines().filter((line) => line.includes(` ${writer.pid} `));
      return own.map((line) => line.slice(line.indexOf(':'))).sort();
    };
    const before = locks();
    await ask('files');
    expect(locks()).toEqual(before);
    expect(before.length).toBeGreaterThan(0);
  });
});

test('a standstill of the loop is told with its length, and how much of it was want of CPU', async () => {
  await ask('stall');
  await expect.poll(() => stalls.length, { timeout: 5_000 }).toBeGreaterThan(0);
  const [stall] = stalls.toSorted((a, b) => b.durationMs - a.durationMs);
  expect(stall?.durationMs).toBeGreaterThan(300);
  expect(stall?.starvedMs).toBeLessThanOrEqual(stall?.durationMs ?? 0);
  // It slept: what the kernel counts is not more than what passed beside the 400 ms.
  expect((stall?.durationMs ?? 0) - (stall?.starvedMs ?? 0)).toBeGreaterThan(250);
});
