/**
 * Goal:   a state that only a kill between two commits would leave is seen without the kill.
 * Method: a real database with its -wal, copied while it is open; the probe as a process of its own.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROBE = fileURLToPath(new URL('../observe/commit-probe.ts', import.meta.url));
const TORN = 'SELECT id FROM documents WHERE id NOT IN (SELECT id FROM texts)';

let folder: string;
let database: Database.Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'walproof-torn-'));
  database = new Database(join(folder, 'x.db'));
  database.pragma('journal_mode = WAL');
  database.exec('CREATE TABLE documents (id); CREATE TABLE texts (id)');
});

afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const addDocument = (id: string) => database.prepare('INSERT INTO documents VALUES (?)').run(id);
const addText = (id: string) => database.prepare('INSERT INTO texts VALUES (?)').run(id);

function probed(): { commits: number; torn: { frame: number; rows: string[] }[] } {
  const copy = join(folder, 'copy.db');
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(`${database.name}${suffix}`, `${copy}${suffix}`);
  const before = readFileSync(`${copy}-wal`);
  const answer = JSON.parse(execFileSync(process.execPath, [PROBE, copy, TORN], { encoding: 'utf8' }));
  expect(readFileSync(`${copy}-wal`).equals(before)).toBe(true);
  return answer;
}

test('rows that are committed together are never seen apart', () => {
  for (const id of ['a', 'b', 'c']) database.transaction(() => [addDocument(id), addText(id)]).immediate();
  // The commit that made the second table, before which the query cannot run, and three more.
  expect(probed()).toEqual({ commits: 4, torn: [] });
});

test('a document that is committed before its text is seen without it, though both are there at the end', () => {
  database.transaction(() => [addDocument('a'), addText('a')]).immediate();
  addDocument('b');
  addText('b');
  expect(probed().torn).toMatchObject([{ rows: ['{"id":"b"}'] }]);
});

test('a -wal that holds nothing yet leaves the database to look at', () => {
  addDocument('a');
  database.pragma('wal_checkpoint(TRUNCATE)');
  expect(probed()).toMatchObject({ commits: 1, torn: [{ frame: 0, rows: ['{"id":"a"}'] }] });
});

test('what was checkpointed before cannot be shown, and is not', () => {
  addDocument('a');
  addText('a');
  database.pragma('wal_checkpoint(PASSIVE)');
  addDocument('b');
  addText('b');
  expect(probed().torn).toMatchObject([{ rows: ['{"id":"b"}'] }]);
});

test('a -wal that was long once has as many to look at as any other when it is used anew', () => {
  database.exec('CREATE TABLE blobs (b)');
  database.prepare('INSERT INTO blobs VALUES (zeroblob(25000000))').run();
  database.pragma('wal_checkpoint(PASSIVE)');
  for (let n = 0; n < 40; n++) database.transaction(() => [addDocument(`${n}`), addText(`${n}`)]).immediate();
  expect(statSync(`${database.name}-wal`).size).toBeGreaterThan(25_000_000);
  // And what was checkpointed, as one.
  expect(probed()).toEqual({ commits: 41, torn: [] });
});
