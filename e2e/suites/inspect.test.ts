/**
 * Goal:   inspect says what is in a live database's files and who holds which lock, and leaves files and locks as they are.
 * Method: real processes with real connections; this process reads plainly, and SQLite in a third one says what is so.
 */
import { copyFileSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Inspection } from '../inspect/facts.ts';
import { inspect } from '../inspect/inspect.ts';
import { inspectionText } from '../inspect/text.ts';
import { Holder, printsOf, rowsBeside, scratch } from './inspect/people.ts';

const nobody = async () => new Map<string, string>();
const look = (file: string) => inspect(file, nobody);
const codes = ({ advice }: Inspection) => advice.map(({ code }) => code);
const MANY =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO t(b) SELECT hex(zeroblob(500)) FROM n';

async function writer(file: string, ...pragmas: string[]): Promise<Holder> {
  const holder = await Holder.on(file, 'journal_mode = WAL', 'wal_autocheckpoint = 0', ...pragmas);
  await holder.ask({ exec: 'CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, b)' });
  return holder;
}

describe('a live database', () => {
  test('the holder of the write lock is named, keeps it, and the rows are the same before and after', async () => {
    const file = join(scratch(), 'x.db');
    const a = await writer(file);
    await a.ask({ exec: MANY });
    const other = await Holder.on(file);
    await a.ask({ exec: 'BEGIN IMMEDIATE' });
    const before = { prints: printsOf(file), rows: await rowsBeside(file, 'SELECT count(*) FROM t') };
    const found = await look(file);
    expect(found.locks.filter(({ lock }) => lock === 'WRITE')).toMatchObject([
      { mode: 'exclusive', pid: a.pid, process: expect.stringContaining('holder.ts'), sinceIs: 'process-start' },
    ]);
    expect(found.processes.map(({ pid, sqliteVersion }) => [pid, sqliteVersion])).toEqual(
      [a.pid, other.pid].toSorted((x, y) => x - y).map((pid) => [pid, '3.54.1']),
    );
    expect(codes(found)).toContain('held-lock');
    expect(inspectionText(found, null)).toContain(String(a.pid));
    expect(await other.ask({ exec: 'BEGIN IMMEDIATE' })).toBe('SQLITE_BUSY');
    expect({ prints: printsOf(file), rows: await rowsBeside(file, 'SELECT count(*) FROM t') }).toEqual(before);
  });

  test('frames, commits and what is not checkpointed are those of SQLite', async () => {
    const file = join(scratch(), 'x.db');
    const a = await writer(file);
    for (let n = 0; n < 5; n++) await a.ask({ exec: MANY });
    const before = await look(file);
    const [report] = (await a.ask({ all: 'PRAGMA wal_checkpoint(PASSIVE)' })) as { log: number }[];
    expect(before.wal).toMatchObject({
      valid: report?.log,
      committed: report?.log,
      notCheckpointed: report?.log,
      movedWhileRead: false,
    });
    expect(before.wal?.commits).toBe(6);
    expect((await look(file)).wal?.notCheckpointed).toBe(0);
    await a.ask({ exec: MANY });
    const anew = await look(file);
    expect(anew.wal?.leftovers.older).toBeGreaterThan(0);
    expect(codes(anew)).toContain('older-generation');
    expect(anew.wal?.header?.checkpointSequence).toBe((before.wal?.header?.checkpointSequence ?? 0) + 1);
  });

  test('the header is the one that the next reader sees', async () => {
    const file = join(scratch(), 'x.db');
    const a = await writer(file);
    await a.ask({ all: 'PRAGMA wal_checkpoint(TRUNCATE)' });
    await a.ask({ exec: 'PRAGMA user_version = 7; PRAGMA application_id = 42' });
    const { database } = await look(file);
    expect(database.header).toMatchObject({
      userVersion: 0,
      journalMode: 'wal',
      pageSize: 4096,
      writtenBy: '3.54.1',
      encoding: 'UTF-8',
    });
    expect(database.headerInWal).toMatchObject({ userVersion: 7, applicationId: 42 });
    expect(database.missingBytes).toBe(0);
  });

  test('the oldest reader that pins the -wal is named with its frame', async () => {
    const file = join(scratch(), 'x.db');
    const a = await writer(file);
    await a.ask({ exec: MANY });
    const reader = await Holder.on(file);
    await reader.ask({ iterate: 'SELECT * FROM t' });
    const mark = (await look(file)).wal?.committed;
    for (let n = 0; n < 3; n++) await a.ask({ exec: MANY });
    await a.ask({ all: 'PRAGMA wal_checkpoint(PASSIVE)' });
    const found = await look(file);
    expect(found.oldestReader).toEqual({ lock: expect.stringMatching(/^READ[1-4]$/), frame: mark, pids: [reader.pid] });
    expect(found.wal?.notCheckpointed).toBe((found.wal?.committed ?? 0) - (mark ?? 0));
    expect(codes(found)).toContain('pinned-wal');
  });

  test.each([
    ['the -wal is deleted', (file: string) => rmSync(`${file}-wal`), '-wal', 'deleted'],
    ['the database is replaced', replaced, 'db', 'replaced'],
  ] as const)('when %s under a process, its file is a problem', async (_name, damage, lost, how) => {
    const file = join(scratch(), 'x.db');
    const a = await writer(file);
    await a.ask({ exec: MANY });
    await a.ask({ all: 'PRAGMA wal_checkpoint(PASSIVE)' });
    damage(file);
    const found = await look(file);
    expect(found.sidecars.lost).toMatchObject([
      { file: lost, pid: a.pid, how: lost === 'db' ? expect.any(String) : how },
    ]);
    expect(found.advice[0]).toMatchObject({ level: 'problem', code: 'lost-file' });
  });

  test('a stopped process that holds a lock is a problem', async () => {
    const file = join(scratch(), 'x.db');
    const a = await writer(file);
    await a.ask({ exec: 'BEGIN IMMEDIATE' });
    a.child.kill('SIGSTOP');
    const state = () => readFileSync(`/proc/${a.pid}/stat`, 'utf8').split(') ')[1]?.[0];
    await expect.poll(state).toBe('T');
    expect(codes(await look(file))).toContain('stopped-holder');
    a.child.kill('SIGCONT');
  });

  test('without WAL the locks are those of the database file', async () => {
    const file = join(scratch(), 'x.db');
    const a = await Holder.on(file);
    await a.ask({ exec: 'CREATE TABLE t (b)' });
    await a.ask({ exec: 'BEGIN IMMEDIATE; INSERT INTO t VALUES (1)' });
    const found = await look(file);
    expect(found.locks.map(({ lock, pid }) => [lock, pid])).toEqual(
      expect.arrayContaining([
        ['RESERVED', a.pid],
        ['SHARED', a.pid],
      ]),
    );
    expect(found.sidecars.journal).toMatchObject({ state: 'in use', heldBy: a.pid });
    expect(found.database.header?.journalMode).toBe('rollback');
  });
});

describe('what the dead left', () => {
  async function dead(): Promise<string> {
    const file = join(scratch(), 'x.db');
    const a = await writer(file);
    await a.ask({ exec: MANY });
    await a.ask({ exec: MANY });
    await a.kill();
    return file;
  }

  test('commits in the -wal, and nobody has it open', async () => {
    const file = await dead();
    const before = printsOf(file);
    const found = await look(file);
    expect(found).toMatchObject({ locks: [], processes: [], locksUnseen: null, oldestReader: null });
    expect(codes(found)).toEqual(['left-behind']);
    expect(printsOf(file)).toEqual(before);
  });

  test('a torn tail ends the frames where recovery ends them', async () => {
    const file = await dead();
    const whole = await look(file);
    truncateSync(`${file}-wal`, (whole.wal?.bytes ?? 0) - 5_000);
    const torn = await look(file);
    expect(torn.wal).toMatchObject({ commits: (whole.wal?.commits ?? 0) - 1, partialBytes: 3_240 });
    expect(codes(torn)).toEqual(expect.arrayContaining(['torn-tail', 'uncommitted-frames']));
    const rows = (await rowsBeside(file, 'SELECT count(*) AS n FROM t')) as { n: number }[];
    expect(rows).toEqual([{ n: 200 }]);
  });

  test('a flipped bit in a frame ends them there', async () => {
    const file = await dead();
    const wal = readFileSync(`${file}-wal`);
    wal[32 + 24 + 100] = (wal[32 + 24 + 100] ?? 0) ^ 1;
    writeFileSync(`${file}-wal`, wal);
    const found = await look(file);
    expect(found.wal).toMatchObject({ valid: 0, committed: 0 });
    expect(found.wal?.leftovers.torn).toBe(found.wal?.frames);
  });

  test('a hot journal, and not one that is finished', async () => {
    const file = join(scratch(), 'x.db');
    const a = await Holder.on(file, 'cache_size = 2', 'journal_mode = PERSIST');
    await a.ask({ exec: 'CREATE TABLE t (id INTEGER PRIMARY KEY, b)' });
    expect((await look(file)).sidecars.journal).toMatchObject({ state: 'finished' });
    await a.ask({ exec: `BEGIN; ${MANY}` });
    await a.kill();
    const found = await look(file);
    expect(found.sidecars.journal).toMatchObject({ state: 'hot', heldBy: null });
    expect(found.advice).toMatchObject([{ code: 'hot-journal', level: 'warning' }]);
  });

  test.each<[string, (file: string) => void, string]>([
    ['a header that does not hold', (file) => patch(`${file}-wal`, 20, 0xff), 'wal-header-invalid'],
    ['a -wal of another page size', (file) => writeFileSync(`${file}-wal`, foreignWal()), 'foreign-wal'],
    ['wal2', (file) => versioned(file, 3), 'wal2'],
    ['a database that is cut short', (file) => truncated(file), 'truncated'],
    ['a -wal beside a rollback database', (file) => versioned(file, 1), 'wal-beside-rollback'],
  ])('%s', async (_name, damage, code) => {
    const file = await dead();
    damage(file);
    expect(codes(await look(file))).toContain(code);
  });

  test('a symlink is followed, as SQLite does', async () => {
    const file = await dead();
    const link = `${file}.link`;
    symlinkSync(file, link);
    const found = await look(link);
    expect(found.database).toMatchObject({ path: file, askedFor: link });
    expect(found.wal?.commits).toBeGreaterThan(0);
  });
});

function patch(path: string, at: number, byte: number): void {
  const bytes = readFileSync(path);
  bytes[at] = byte === 0xff ? (bytes[at] ?? 0) ^ 0xff : byte;
  writeFileSync(path, bytes);
}

function versioned(file: string, version: number): void {
  for (const at of [18, 19]) patch(file, at, version);
}

function replaced(file: string): void {
  copyFileSync(file, `${file}.new`);
  renameSync(`${file}.new`, file);
}

function truncated(file: string): void {
  const bytes = readFileSync(file);
  bytes.writeUInt32BE(9, 28);
  bytes.writeUInt32BE(bytes.readUInt32BE(24), 92);
  writeFileSync(file, bytes);
  rmSync(`${file}-wal`);
}

/** The header of an empty -wal with pages of 1024 bytes and a checksum that holds. */
function foreignWal(): Buffer {
  const head = Buffer.alloc(32 + 24 + 1024);
  for (const [at, word] of [0x377f0682, 3_007_000, 1024, 0, 1, 2].entries()) head.writeUInt32BE(word, 4 * at);
  let [sum1, sum2] = [0, 0];
  for (let at = 0; at < 24; at += 8) {
    sum1 = (sum1 + head.readUInt32LE(at) + sum2) >>> 0;
    sum2 = (sum2 + head.readUInt32LE(at + 4) + sum1) >>> 0;
  }
  head.writeUInt32BE(sum1, 24);
  head.writeUInt32BE(sum2, 28);
  return head;
}
