/**
 * `hold <database>` opens a migration and has it killed before its commit, see kill-mid-migration.ts; `release` and `clean`
 * belong to it. `migrate <database>` is the child that is killed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';

const [mode, file = ''] = process.argv.slice(2);
const held = join(dirname(file), 'walproof-held');
const released = join(dirname(file), 'walproof-released');
const HELD_MS = 20_000;
const WAIT_MS = 20_000;

function schemaOf(database: Database.Database): string {
  const rows = database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 8);
}

function openedSchema(): string {
  // Not read-only: where a killed migration left a rollback journal, the first look must roll it back.
  const database = new Database(file, { fileMustExist: true, timeout: WAIT_MS });
  try {
    return schemaOf(database);
  } finally {
    database.close();
  }
}

/** What a writer that does not wait is told. */
function tryToWrite(): string {
  const database = new Database(file, { fileMustExist: true, timeout: 0 });
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return 'granted';
  } catch (error) {
    if (error instanceof Database.SqliteError) return error.code;
    throw error;
  } finally {
    database.close();
  }
}

async function hold() {
  const before = openedSchema();
  const script = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, script, 'migrate', file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  try {
    const opened = new Promise<string>((resolve) => child.once('message', (schema) => resolve(String(schema))));
    const during = await Promise.race([opened, gone.then(() => before)]);
    const refusal = tryToWrite();
    if (child.exitCode === null) {
      writeFileSync(held, '');
      for (const until = performance.now() + HELD_MS; !existsSync(released) && performance.now() < until; )
        await delay(10);
    }
    child.kill('SIGKILL');
    await gone;
    return { refusal, schema: { before, during, after: openedSchema() } };
  } finally {
    child.kill('SIGKILL');
  }
}

/** Adds a column to every table as upstream migrations do, and a table too large for the cache, so that pages go to the log. */
function migrate(): void {
  const database = new Database(file, { fileMustExist: true, timeout: WAIT_MS });
  database.pragma('cache_size = 8');
  database.exec('BEGIN IMMEDIATE');
  const tables = database
    .prepare(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
    )
    .pluck()
    .all() as string[];
  for (const name of tables) database.exec(`ALTER TABLE "${name.replaceAll('"', '""')}" ADD COLUMN walproof_new TEXT`);
  database.exec('CREATE TABLE walproof_migration (ballast BLOB)');
  database.exec('INSERT INTO walproof_migration VALUES (zeroblob(1048576))');
  process.send?.(schemaOf(database));
  // Keeps the transaction open until the parent kills this process, or has died. It names the connection: one that nothing
  // reaches any more is closed by the garbage collector, and with it goes the lock.
  process.on('disconnect', () => {
    database.close();
    process.exit(1);
  });
}

if (mode === 'migrate') migrate();
else {
  if (mode === 'hold') console.log(JSON.stringify(await hold()));
  else if (mode === 'release') writeFileSync(released, '');
  else for (const marker of [held, released]) rmSync(marker, { force: true });
  if (mode !== 'hold') console.log('{}');
}
