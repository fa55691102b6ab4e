/**
 * Goal:   import says what is in a folder of production, never touches the original, and refuses bad archives.
 * Method: a folder and archives made here, the real command, hashes before and after.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { symptomIn } from '../incident/logs.ts';
import { walproof } from './command.ts';
import { folderPrints, scratch } from './inspect/people.ts';

const SECRET = 'Zanzibar';

/** What an archive says of one of its entries. */
type Entry = Parameters<ReturnType<typeof pack>['entry']>[0];

/** A folder as production leaves it: rows of an old Oracle V2, one of them deleted, and a log. */
function incident(): string {
  const folder = scratch();
  mkdirSync(join(folder, 'logs'));
  const database = new Database(join(folder, 'oracle.db'));
  database.pragma('journal_mode = WAL');
  database.exec(`
    CREATE TABLE oracle_documents (id TEXT PRIMARY KEY, title TEXT, payload BLOB, size INTEGER);
    CREATE TABLE learn_log (id INTEGER PRIMARY KEY, document TEXT REFERENCES oracle_documents(id));
    CREATE TABLE search_log (q TEXT); CREATE TABLE document_access (d TEXT); CREATE TABLE indexing_status (s TEXT);
    CREATE VIRTUAL TABLE oracle_fts USING fts5(title, body);
    CREATE TRIGGER keep AFTER UPDATE ON oracle_documents BEGIN INSERT INTO search_log VALUES (old.title); END;
    INSERT INTO oracle_documents VALUES ('${SECRET}-1', '${SECRET} title', CAST('${SECRET}' AS BLOB), 7);
    INSERT INTO learn_log VALUES (1, '${SECRET}-1');
    INSERT INTO oracle_fts VALUES ('${SECRET}', 'more of ${SECRET}');
    INSERT INTO oracle_fts VALUES ('${SECRET} gone', 'x');
    DELETE FROM oracle_fts WHERE title = '${SECRET} gone';
    INSERT INTO search_log VALUES ('${SECRET} free page'); DELETE FROM search_log`);
  database.close();
  const line = {
    level: 50,
    process: 'oracle-1',
    err: { code: 'SQLITE_BUSY_SNAPSHOT', message: 'database is locked' },
    elapsedMs: 0.4,
    sql: `UPDATE '${SECRET}'`,
  };
  writeFileSync(join(folder, 'logs', 'oracle-1.log'), `{"level":30,"msg":"ready"}\n${JSON.stringify(line)}\n`);
  return folder;
}

async function archive(entries: readonly [Entry, string?][]): Promise<Buffer> {
  const made = pack();
  for (const [header, content = ''] of entries) made.entry(header, content);
  made.finalize();
  return await buffer(made);
}

async function saved(bytes: Uint8Array, name = 'incident.tar'): Promise<string> {
  const path = join(scratch(), name);
  writeFileSync(path, bytes);
  return path;
}

describe('a folder or an archive', () => {
  test('gives the same diagnosis, with the service, rows, checks and the symptom', async () => {
    const folder = incident();
    const before = folderPrints(folder);
    const files = ['oracle.db', 'logs/oracle-1.log'].map((name): [Entry, string] => [
      { name },
      readFileSync(join(folder, name), 'latin1'),
    ]);
    const tar = pack();
    for (const [header, content] of files) tar.entry(header, Buffer.from(content, 'latin1'));
    tar.finalize();
    const packed = await saved(gzipSync(await buffer(tar)), 'incident.tgz');
    const [one, other] = await Promise.all([
      walproof('import', folder, '--json'),
      walproof('import', packed, '--json'),
    ]);
    const found = JSON.parse(one.stdout);
    expect(one.exitCode).toBe(0);
    expect(found).toMatchObject({
      database: 'oracle.db',
      service: { name: 'oracle-v2' },
      recovered: {
        refused: null,
        integrityCheck: ['ok'],
        foreignKeyCheck: [],
        fullText: [{ table: 'oracle_fts', complaints: [] }],
      },
      candidates: [{ name: 'upgrade-busy-snapshot' }, ...found.candidates.slice(1)],
      logs: { symptoms: [{ text: expect.stringContaining('SQLITE_BUSY_SNAPSHOT'), count: 1, line: 2 }] },
    });
    expect(found.recovered.tables).toContainEqual({ name: 'learn_log', virtual: false, rows: 1 });
    expect({ ...JSON.parse(other.stdout), source: null, inspect: null }).toEqual({
      ...found,
      source: null,
      inspect: null,
    });
    expect(folderPrints(folder)).toEqual(before);
  });

  test('is kept without a word of its text with --redact, free pages, index and log included', async () => {
    const folder = incident();
    const out = join(scratch(), 'kept');
    expect((await walproof('import', folder, '--redact', '--out', out)).exitCode).toBe(0);
    for (const name of readdirSync(out))
      expect(readFileSync(join(out, name), 'latin1').toLowerCase()).not.toContain(SECRET.toLowerCase());
    const kept = new Database(join(out, 'incident.db'), { readonly: true });
    expect(kept.prepare('SELECT title, length(payload) AS bytes, size FROM oracle_documents').all()).toEqual([
      { title: '', bytes: 0, size: 7 },
    ]);
    expect(kept.pragma('foreign_key_check')).toEqual([]);
    expect(kept.prepare("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").pluck().get()).toBe(1);
    kept.close();
    const bare = join(scratch(), 'bare');
    await walproof('import', folder, '--out', bare);
    expect(readFileSync(join(bare, 'incident.db'), 'latin1')).toContain(SECRET);
  });
});

describe('what is refused', () => {
  const database = () => readFileSync(join(incident(), 'oracle.db'));
  const cases: [string, () => Promise<string[]>, RegExp][] = [
    [
      'a path that leads out',
      async () => [await saved(await archive([[{ name: '../evil.db' }, 'x']]))],
      /leads out of it.*INCIDENT_UNSAFE/,
    ],
    [
      'an absolute path',
      async () => [await saved(await archive([[{ name: '/tmp/evil.db' }, 'x']]))],
      /absolute path.*INCIDENT_UNSAFE/,
    ],
    [
      'a symlink',
      async () => [await saved(await archive([[{ name: 'a', type: 'symlink', linkname: '/etc/passwd' }]]))],
      /a is a symlink.*INCIDENT_UNSAFE/,
    ],
    [
      'a hard link',
      async () => [await saved(await archive([[{ name: 'a', type: 'link', linkname: 'b' }]]))],
      /a is a link.*INCIDENT_UNSAFE/,
    ],
    [
      'a device',
      async () => [await saved(await archive([[{ name: 'a', type: 'block-device' }]]))],
      /block-device.*INCIDENT_UNSAFE/,
    ],
    [
      'a bomb',
      async () => [await saved(gzipSync(await archive([[{ name: 'a' }, '0'.repeat(2_000_000)]]))), '--max-mb', '1'],
      /more than 1000000 bytes.*INCIDENT_TOO_LARGE/,
    ],
    [
      'half an archive',
      async () => [await saved((await archive([[{ name: 'a.db' }, 'x'.repeat(9_000)]])).subarray(0, 3_000))],
      /whole .tar.*INCIDENT_BROKEN/,
    ],
    ['no archive', async () => [await saved(Buffer.from('hello'.repeat(400)))], /INCIDENT_BROKEN/],
    [
      'no database',
      async () => [await saved(await archive([[{ name: 'app.log' }, 'x']]))],
      /none of its 1 files is one.*DATABASE_MISSING/,
    ],
    ['nothing there', async () => [join(scratch(), 'no')], /there is none.*INCIDENT_MISSING/],
    ['--redact alone', async () => [incident(), '--redact'], /nothing is.*USAGE/],
    ['several databases', async () => [several()], /has 2 databases.*DATABASE_AMBIGUOUS[\s\S]*--db/],
  ];

  function several(): string {
    const folder = scratch();
    for (const name of ['a.db', 'b.db']) writeFileSync(join(folder, name), database());
    return folder;
  }

  test.each(cases)('%s', async (_name, make, message) => {
    const { exitCode, stderr, stdout } = await walproof('import', ...(await make()));
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(64);
    expect(stdout).toBe('');
  });

  test('and one of several that is named is taken', async () => {
    expect((await walproof('import', several(), '--db', 'b.db')).exitCode).toBe(0);
  });
});

describe('a line of a log', () => {
  test.each([
    ['{"level":30,"msg":"ready"}', null],
    [
      '{"level":50,"err":{"code":"SQLITE_FULL","message":"database or disk is full"},"elapsedMs":3.21,"sql":"INSERT"}',
      'database or disk is full (SQLITE_FULL) after 3.2 ms: INSERT',
    ],
    ['GET /api/search 200', null],
    ['SqliteError: database is locked', 'SqliteError: database is locked'],
  ])('%s', (line, symptom) => {
    expect(symptomIn(line)).toBe(symptom);
  });
});
