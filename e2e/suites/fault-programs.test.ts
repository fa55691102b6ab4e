/**
 * Goal:   a state that a fault holds lasts until it is told to end, whatever the program that holds it does meanwhile.
 * Method: the program itself, whose garbage is collected every few milliseconds; a connection that nothing reaches any
 *         more would be closed, its lock with it.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../faults/programs/mid-migration.ts', import.meta.url));
/** Handed on to the child that holds the transaction, as all of a process's own flags are. */
const COLLECTING = ['--expose-gc', '--import', 'data:text/javascript,setInterval(gc, 2).unref()'];
/** A hundred collections. */
const HELD_MS = 300;

test('a migration stays open', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'walproof-migration-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'x.db');
  const database = new Database(file, { timeout: 0 });
  database.pragma('journal_mode = WAL');
  database.exec('CREATE TABLE t (x)');

  const program = spawn(process.execPath, [...COLLECTING, PROGRAM, 'hold', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void program.kill('SIGKILL'));
  const answer = text(program.stdout);
  await expect.poll(() => existsSync(join(folder, 'walproof-held')), { timeout: 20_000, interval: 5 }).toBe(true);
  for (const until = performance.now() + HELD_MS; performance.now() < until; )
    expect(() => database.exec('BEGIN IMMEDIATE')).toThrow('database is locked');
  writeFileSync(join(folder, 'walproof-released'), '');

  const { refusal, schema } = JSON.parse(await answer) as { refusal: string; schema: Record<string, string> };
  expect(refusal).toBe('SQLITE_BUSY');
  expect(schema['during']).not.toBe(schema['before']);
  expect(schema['after']).toBe(schema['before']);
  database.close();
});
