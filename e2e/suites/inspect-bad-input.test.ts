/**
 * Goal:   whatever inspect is pointed at, the answer is one clear message with the exit code of the design, and the file is as
 *         it was.
 * Method: bad files, judged in this process; and the real command for what the user sees.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, ftruncateSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { filesystemOf } from '../inspect/filesystem.ts';
import { inspect } from '../inspect/inspect.ts';
import { walproof } from './command.ts';
import { Holder, printsOf, scratch } from './inspect/people.ts';

const nobody = async () => new Map<string, string>();
const look = (file: string) => inspect(file, nobody);

function database(): string {
  const file = join(scratch(), 'x.db');
  const made = new Database(file);
  made.exec('CREATE TABLE t (b); INSERT INTO t VALUES (1)');
  made.close();
  return file;
}

const written = (bytes: string | Uint8Array) => {
  const file = join(scratch(), 'x.db');
  writeFileSync(file, bytes);
  return file;
};

describe('what is no database', () => {
  test.each<[string, () => string, string, RegExp]>([
    [
      'text',
      () => written('hello, this is a text file that somebody named x.db'),
      'NOT_A_DATABASE',
      /first bytes are "hello, this is a"/,
    ],
    ['what looks like chance', () => written(randomBytes(8_192)), 'NOT_A_DATABASE', /not SQLite, or it is encrypted/],
    ['a gzip', () => written(Buffer.from('1f8b0800aabbccdd', 'hex')), 'NOT_A_DATABASE', /as gzip does/],
    [
      'a -wal',
      () => written(Buffer.concat([Buffer.from('377f0682', 'hex'), Buffer.alloc(40)])),
      'NOT_A_DATABASE',
      /-wal file: name the database/,
    ],
    ['zeros', () => written(Buffer.alloc(4_096)), 'NOT_A_DATABASE', /are zero/],
    ['half a header', () => written('SQLite format 3\0abc'), 'NOT_A_DATABASE', /truncated: 19 bytes/],
    ['nothing at that path', () => join(scratch(), 'no.db'), 'DATABASE_MISSING', /there is no such file/],
    ['a folder', () => scratch(), 'NOT_A_DATABASE', /is a folder/],
    ['a device', () => '/dev/null', 'NOT_A_DATABASE', /no regular file/],
    ['a link in a circle', () => circle(), 'DATABASE_MISSING', /in a circle/],
  ])('%s', async (_name, make, code, message) => {
    const file = make();
    await expect(look(file)).rejects.toMatchObject({ code, message: expect.stringMatching(message), exitCode: 64 });
  });

  function circle(): string {
    const file = join(scratch(), 'a');
    symlinkSync(file, file);
    return file;
  }
});

describe('what is one after all', () => {
  test('an empty file is a valid database', async () => {
    const found = await look(written(''));
    expect(found.database).toMatchObject({ empty: true, header: null });
    expect(found.advice.map(({ code }) => code)).toEqual(['empty-database']);
  });

  test('a sparse one of 4 GB is looked at as fast as any', async () => {
    const file = database();
    const handle = openSync(file, 'r+');
    ftruncateSync(handle, 4 * 2 ** 30);
    closeSync(handle);
    const before = process.cpuUsage();
    expect((await look(file)).database.bytes).toBe(4 * 2 ** 30);
    expect(process.cpuUsage(before).user).toBeLessThan(200_000);
  });

  test('the -wal of 100 MB beside 1 GB is walked within 200 ms of CPU', async () => {
    const file = database();
    const writer = await Holder.on(file, 'journal_mode = WAL', 'wal_autocheckpoint = 0', 'synchronous = OFF');
    await writer.ask({ exec: 'CREATE TABLE w (b)' });
    const rows =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24000) INSERT INTO w SELECT zeroblob(4000) FROM n';
    await writer.ask({ exec: rows });
    await writer.kill();
    const handle = openSync(file, 'r+');
    ftruncateSync(handle, 2 ** 30);
    closeSync(handle);
    await look(file);
    const before = process.cpuUsage();
    const found = await look(file);
    const { user, system } = process.cpuUsage(before);
    expect(found.wal?.bytes).toBeGreaterThan(98_000_000);
    expect(found.wal?.notCheckpointed).toBe(found.wal?.frames);
    expect((user + system) / 1_000).toBeLessThan(200);
  });
});

test('a file that this user may not read says so', () => {
  const file = database();
  chmodSync(file, 0o000);
  // Root may read all, so somebody else has to ask; only then, since root's own folders are closed to others, this project's too.
  const program = `
    import { inspect } from '${new URL('../inspect/inspect.ts', import.meta.url).pathname}';
    if (process.getuid?.() === 0) {
      process.setgroups([]);
      process.setgid(65534);
      process.setuid(65534);
    }
    try { await inspect(process.argv[1], async () => new Map()); } catch (error) { console.log(error.code, error.exitCode); }`;
  chmodSync(join(file, '..'), 0o755);
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program, file], {
    encoding: 'utf8',
  });
  expect(stdout.trim(), stderr).toBe('DATABASE_UNREADABLE 64');
});

describe('filesystems by their mount', () => {
  const MOUNTS = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:50 / /mnt/nas rw - nfs4 nas:/x rw
31 22 0:51 / /mnt/share\\040one rw - cifs //nas/x rw
32 22 0:52 / /mnt/vm rw - virtiofs vm rw
33 22 0:53 / /mnt/ro ro,relatime - ext4 /dev/vdb rw
34 22 0:54 / /mnt/odd rw - zonefs /dev/vdc rw
35 22 0:55 / /mnt/9 rw - 9p host rw
36 22 0:56 / /mnt/f rw - fuse.sshfs host rw`;

  test.each([
    ['/srv/x.db', '254:0', 'ext4', true, false],
    ['/mnt/nas/x.db', '0:50', 'nfs4', false, false],
    ['/mnt/share one/x.db', '0:51', 'cifs', false, false],
    ['/mnt/vm/x.db', '0:52', 'virtiofs', false, false],
    ['/mnt/9/x.db', '0:55', '9p', false, false],
    ['/mnt/f/x.db', '0:56', 'fuse.sshfs', false, false],
    ['/mnt/ro/x.db', '0:53', 'ext4', true, true],
    ['/mnt/odd/x.db', '0:54', 'zonefs', null, false],
  ])('%s', (path, device, type, walSound, readOnly) => {
    expect(filesystemOf(path, device, MOUNTS)).toMatchObject({ type, walSound, readOnly });
  });
});

describe('the command', () => {
  test('ends with 0 on a sound database, 1 on a problem, 64 on what is none, and leaves the file as it was', async () => {
    const file = database();
    const before = printsOf(file);
    const { exitCode, stdout } = await walproof('inspect', file, '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      tool: 'walproof',
      database: { path: file },
      wal: null,
      sidecars: { lost: [] },
      locks: [],
      filesystem: { type: expect.any(String) },
      advice: [],
    });
    expect(printsOf(file)).toEqual(before);
    writeFileSync(`${file}-wal2`, 'x');
    expect((await walproof('inspect', file)).exitCode).toBe(1);
    mkdirSync(`${file}.d`);
    const folder = await walproof('inspect', `${file}.d`, '--json');
    expect(folder.exitCode).toBe(64);
    expect(JSON.parse(folder.stdout)).toMatchObject({ error: { code: 'NOT_A_DATABASE' } });
  });
});
