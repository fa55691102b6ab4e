/**
 * Goal:   Oracle V2 does what it says through its routes: it refuses bad input, finds what it learned at once, in Thai and
 *         English, logs each search, and starts or fails to start in a way that can be understood.
 * Method: real server and indexer processes on a temporary folder; the tables are read by a connection of their own.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OracleProcess } from './oracle-v2/service-process.ts';
import {
  call,
  databaseOf,
  eventually,
  faults,
  found,
  learn,
  markdownFiles,
  metric,
  NO_FAULTS,
  rows,
  search,
} from './oracle-v2/talk.ts';

let dataDir: string;

const makeDataDir = (): void => {
  dataDir = mkdtempSync(join(tmpdir(), 'walproof-oracle-'));
};
const removeDataDir = (): void => rmSync(dataDir, { recursive: true, force: true });
const documents = (): number => rows<number>(dataDir, 'SELECT count(*) FROM oracle_documents')[0] ?? 0;

const documentsShown = (): string[] =>
  rows(dataDir, `SELECT document_id FROM document_access WHERE access_type = 'search' ORDER BY id`);

describe('the routes', () => {
  // Two servers on one file for all of these tests, which therefore learn words of their own.
  let first: OracleProcess;
  let second: OracleProcess;
  let server: OracleProcess;

  beforeAll(async () => {
    makeDataDir();
    [first, second] = await Promise.all([OracleProcess.start('main', dataDir), OracleProcess.start('main', dataDir)]);
    server = first;
  });

  afterAll(async () => {
    await Promise.all([first.kill(), second.kill()]);
    removeDataDir();
  });

  test('refuse bad input with 4xx and say why', async () => {
    const cases: [string, string, unknown, number, string][] = [
      ['POST', '/api/learn', '{', 400, 'INVALID_JSON'],
      ['POST', '/api/learn', '', 400, 'INVALID_JSON'],
      ['POST', '/api/learn', [], 400, 'INVALID_BODY'],
      ['POST', '/api/learn', {}, 400, 'INVALID_BODY'],
      ['POST', '/api/learn', { pattern: '' }, 400, 'INVALID_BODY'],
      ['POST', '/api/learn', { pattern: ' \n\t ' }, 400, 'INVALID_BODY'],
      ['POST', '/api/learn', { pattern: 7 }, 400, 'INVALID_BODY'],
      ['POST', '/api/learn', { pattern: 'x', concepts: 'wal' }, 400, 'INVALID_BODY'],
      ['POST', '/api/learn', { pattern: 'x', concepts: [1] }, 400, 'INVALID_BODY'],
      ['POST', '/api/learn', { pattern: 'x'.repeat(100_001) }, 400, 'INVALID_BODY'],
      ['POST', '/api/learn', { pattern: 'x'.repeat(1024 * 1024) }, 413, 'BODY_TOO_LARGE'],
      ['GET', '/api/learn', undefined, 404, 'NOT_FOUND'],
      ['GET', '/api/search', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/search?q=', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/search?q=%20', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/search?q=x&limit=0', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/search?q=x&limit=101', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/search?q=x&limit=ten', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/search?q=x&offset=-1', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/search?q=x&mode=vector', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/search?q=x&type=a%3Bb', undefined, 400, 'INVALID_QUERY'],
      ['GET', `/api/search?q=${'x'.repeat(1001)}`, undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/list?limit=1.5', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/list?limit=1001', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/list?offset=x', undefined, 400, 'INVALID_QUERY'],
      ['GET', '/api/doc/learning_nowhere', undefined, 404, 'UNKNOWN_DOCUMENT'],
      ['GET', '/api/doc/', undefined, 404, 'NOT_FOUND'],
      ['GET', '/api/nothing', undefined, 404, 'NOT_FOUND'],
    ];
    for (const [method, path, body, status, code] of cases) {
      const reply = await call(server.url, method, path, body);
      const what = `${method} ${path.slice(0, 60)} ${JSON.stringify(body)?.slice(0, 60)}`;
      expect([what, reply.status, reply.body.error?.code]).toEqual([what, status, code]);
      expect(reply.body.error?.message).not.toMatch(/\n|Error:/);
    }
    expect(documents()).toBe(0);
    expect(markdownFiles(dataDir)).toEqual([]);
    expect(server.log.filter(({ event }) => event === 'sqlite-error' || event === 'request-failed')).toEqual([]);
  });

  test('learn, find, list and show a document, on either server', async () => {
    const pattern = 'Readers go on while one writer commits\nsecond line: “quotes”, ---';
    const learned = await learn(first.url, pattern, { concepts: ['wal', 'locking'], project: 'p1', source: 'a test' });
    expect(learned.status).toBe(200);
    const date = new Date().toISOString().slice(0, 10);
    const id = `learning_${date}_readers-go-on-while-one-writer-commits`;
    const file = `ψ/memory/learnings/${date}_readers-go-on-while-one-writer-commits.md`;
    expect(learned.body).toEqual({ success: true, file, id });
    expect(readFileSync(join(dataDir, file), 'utf8')).toContain(pattern);
    const shown = { id, type: 'learning', content: pattern, source_file: file, concepts: ['wal', 'locking'] };
    for (const { url } of [first, second]) {
      const { body } = await search(url, 'writer commits');
      expect(body).toMatchObject({ total: 1, offset: 0, limit: 10, query: 'writer commits', results: [shown] });
      expect(await found(url, 'commit')).toEqual([id]);
      expect(await found(url, 'locking')).toEqual([id]);
      expect(await found(url, 'absent')).toEqual([]);
      expect(await found(url, 'writer', { type: 'learning', project: 'p1' })).toEqual([id]);
      expect(await found(url, 'writer', { type: 'retro' })).toEqual([]);
      expect(await found(url, 'writer', { project: 'p2' })).toEqual([]);
      expect((await call(url, 'GET', `/api/doc/${id}`)).body).toMatchObject({ ...shown, project: 'p1' });
      expect((await call(url, 'GET', '/api/list?type=learning&limit=5')).body).toMatchObject({
        total: 1,
        results: [shown],
      });
      expect((await call(url, 'GET', '/api/stats')).body).toMatchObject({ total: 1, fts_rows: 1, learnings_logged: 1 });
    }
    expect(rows(dataDir, 'SELECT document_id || concepts || source FROM learn_log')).toEqual([
      `${id}["wal","locking"]a test`,
    ]);
  });

  test('give the same pattern, learned often and at once, a document each', async () => {
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, n) => learn(n % 2 === 0 ? first.url : second.url, 'ข้อความเดียวกัน')),
    );
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(40);
    expect(new Set(replies.map(({ body }) => body.file)).size).toBe(40);
    expect((await search(first.url, 'ข้อความ', { limit: '50' })).body).toMatchObject({ total: 40 });
    expect(markdownFiles(dataDir)).toHaveLength(documents());
    expect(faults(dataDir)).toEqual(NO_FAULTS);
  });

  test('find Thai words inside Thai sentences, and English beside them', async () => {
    const thai = await learn(server.url, 'ระบบฐานข้อมูลล่มเมื่อคืนนี้เพราะดิสก์เต็ม ต้องทำ checkpoint mode ก่อน');
    const other = await learn(server.url, 'ผู้ใช้สองคนเขียนพร้อมกันแล้วไม่ติดขัด');
    for (const word of ['ข้อมูล', 'ฐานข้อมูล', 'ดิสก์', 'คืนนี้', 'ล่ม', 'ต้องทำ', 'checkpoint', 'ข้อมูล mode'])
      expect([word, await found(server.url, word)]).toEqual([word, [thai.body.id]]);
    expect(await found(server.url, 'พร้อมกัน')).toEqual([other.body.id]);
    // Not a word by the dictionary, but letters of the sentence.
    expect((await search(server.url, 'อมูลล่')).body.results?.map(({ id, source }) => [id, source])).toEqual([
      [thai.body.id, 'text'],
    ]);
    expect(await found(server.url, 'แมว')).toEqual([]);
    expect((await call(server.url, 'GET', `/api/doc/${thai.body.id}`)).body['content']).toBe(
      'ระบบฐานข้อมูลล่มเมื่อคืนนี้เพราะดิสก์เต็ม ต้องทำ checkpoint mode ก่อน',
    );
  });

  test('take operators of FTS5 for words, and fall back from all words to any', async () => {
    const { body } = await learn(server.url, 'rollback journal or write-ahead log');
    for (const q of [
      '"',
      'journal"',
      'journal*',
      'content:journal',
      '(journal',
      'journal AND',
      'NOT journal',
      '^journal',
      'NEAR(journal log, 2)',
      '-journal',
      'journal + absent',
      "journal'; DROP TABLE oracle_fts",
      'write-ahead',
      '***',
      '\u0000journal',
    ])
      expect([q, (await search(server.url, q)).status]).toEqual([q, 200]);
    expect(await found(server.url, 'journal absent')).toEqual([body.id]);
    expect(await found(server.url, 'journal AND')).toEqual([body.id]);
    expect(server.log.filter(({ event }) => event === 'sqlite-error')).toEqual([]);
  });

  test('page through more matches than are ranked at once, each shown once', async () => {
    const MATCHES = 230;
    await Promise.all(
      Array.from({ length: MATCHES }, (_, n) => learn(server.url, `number ${n} of many${' many'.repeat(n % 5)}`)),
    );
    const seen: string[] = [];
    for (let offset = 0; offset < MATCHES; offset += 70) {
      const { body } = await search(server.url, 'many', { limit: '70', offset: String(offset) });
      expect(body.total).toBe(MATCHES);
      seen.push(...(body.results ?? []).map(({ id }) => id));
    }
    expect(seen).toHaveLength(MATCHES);
    expect(new Set(seen).size).toBe(MATCHES);
    const beyond = await search(server.url, 'many', { offset: String(MATCHES) });
    expect(beyond.body).toMatchObject({ total: MATCHES, results: [] });
  });

  test('log each search with the documents it showed', async () => {
    const ids = [(await learn(server.url, 'one thing')).body.id, (await learn(server.url, 'another thing')).body.id];
    const shownBefore = documentsShown().length;
    await search(server.url, 'thing');
    await search(server.url, 'unfindable');
    const logged = `SELECT query || '/' || mode || '/' || results_count FROM search_log ORDER BY id DESC LIMIT 2`;
    expect(rows(dataDir, logged)).toEqual(['unfindable/fts/0', 'thing/fts/2']);
    expect(documentsShown().slice(shownBefore).sort()).toEqual(ids.sort());
  });

  test('answer a search that cannot be logged, and count and log that', async () => {
    const { body } = await learn(server.url, 'still found');
    const connection = new Sqlite(databaseOf(dataDir));
    connection.exec('DROP TABLE document_access');
    connection.close();
    expect(await found(server.url, 'found')).toEqual([body.id]);
    expect(rows(dataDir, `SELECT count(*) FROM search_log WHERE query = 'found'`)).toEqual([0]);
    expect(await metric(server.url, 'oracle_search_log_failures_total{code="SQLITE_ERROR"}')).toBe(1);
    expect(server.log.find(({ event }) => event === 'search-log-failed')?.err?.code).toBe('SQLITE_ERROR');
  });
});

describe('a start', () => {
  beforeEach(makeDataDir);
  afterEach(removeDataDir);

  test.each([
    [{ ORACLE_PORT: 'http' }, 'ORACLE_PORT'],
    [{ ORACLE_PORT: '70000' }, 'ORACLE_PORT'],
  ])('with %j ends with 64 and names it', async (env, named) => {
    await using server = await OracleProcess.launch('main', dataDir, env);
    expect((await server.ended()).exitCode).toBe(64);
    expect(server.output).toContain(named);
  });

  test('on a port in use ends with 1 and says so', async () => {
    await using first = await OracleProcess.start('main', dataDir);
    await using second = await OracleProcess.launch('main', dataDir, { ORACLE_PORT: new URL(first.url).port });
    expect((await second.ended()).exitCode).toBe(1);
    expect(second.log.find(({ event }) => event === 'start-failed')?.err?.code).toBe('EADDRINUSE');
    expect(second.log.filter(({ event }) => event === 'attestation')).toEqual([]);
  });

  test('on a database that cannot be opened ends with 1, without a stack trace', async () => {
    mkdirSync(databaseOf(dataDir));
    await using server = await OracleProcess.launch('main', dataDir);
    expect((await server.ended()).exitCode).toBe(1);
    expect(server.log.find(({ event }) => event === 'open-failed')?.err?.code).toBe('SQLITE_CANTOPEN');
    expect(server.output).not.toMatch(/^\s+at /m);
  });

  test('on a legacy database keeps its documents, whether or not their files are there', async () => {
    const legacy = new URL('../../fixtures/databases/oracle-v2-legacy.db', import.meta.url);
    writeFileSync(databaseOf(dataDir), readFileSync(legacy));
    mkdirSync(join(dataDir, 'ψ/memory/learnings'), { recursive: true });
    writeFileSync(join(dataDir, 'ψ/memory/learnings/lost.md'), 'Its full-text row is written now');
    await using server = await OracleProcess.start('main', dataDir);
    await using _indexer = await OracleProcess.start('indexer', dataDir);
    await eventually('the lost one is found', async () => (await found(server.url, 'written now')).length === 1);
    expect(await found(server.url, 'written now')).toEqual(['learning_lost']);
    expect(await found(server.url, 'twice')).toEqual(['learning_twice']);
    expect(await found(server.url, 'ล็อก')).toContain('learning_thai');
    expect(documents()).toBe(5);
    expect(faults(dataDir)).toEqual(NO_FAULTS);
  });
});
