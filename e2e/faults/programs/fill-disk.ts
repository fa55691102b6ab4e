/**
 * `fill-disk.ts fill <folder> <database file> <ms>`: fills the filesystem, keeps it full so long, and frees it.
 * `fill-disk.ts free <folder>`: frees it, whatever ended the other.
 */
import { closeSync, fstatSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';

const [mode, folder = '', file = '', fullMs = '0'] = process.argv.slice(2);
const ballast = join(folder, 'walproof-ballast');
/** From large to small, so that not even a page is left. */
const CHUNKS = [2 ** 20, 2 ** 12, 1].map((bytes) => Buffer.alloc(bytes, 1));

const BLOB_BYTES = 2 ** 23;

/** Writes until nothing goes any more; how the last write was refused. */
function fill(handle: number): string {
  let refusal = 'none';
  for (const chunk of CHUNKS) refusal = writeUntilRefused(handle, chunk);
  return refusal;
}

function writeUntilRefused(handle: number, chunk: Buffer): string {
  for (;;) {
    try {
      if (writeSync(handle, chunk) < chunk.length) return 'ENOSPC';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unknown';
    }
  }
}

/**
 * A transaction that does not fit into its cache must put pages into the log. A log that has been larger before has room
 * inside, so more than that is written. It is rolled back in every case.
 */
function refusedBySqlite(): string {
  const roomBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const database = new Database(file, { fileMustExist: true, timeout: 10_000 });
  try {
    database.pragma('cache_size = 8');
    database.exec('BEGIN IMMEDIATE; CREATE TABLE walproof_full (ballast BLOB)');
    const insert = database.prepare('INSERT INTO walproof_full VALUES (zeroblob(?))');
    for (let bytes = 0; bytes <= roomBytes; bytes += BLOB_BYTES) insert.run(BLOB_BYTES);
    return 'none';
  } catch (error) {
    if (error instanceof Database.SqliteError) return error.code;
    throw error;
  } finally {
    if (database.inTransaction) database.exec('ROLLBACK');
    database.close();
  }
}

/** Otherwise a log that an earlier snapshot let grow has room inside for all that the services write meanwhile. */
function emptyLog(): void {
  const database = new Database(file, { fileMustExist: true, timeout: 5_000 });
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}

async function run(): Promise<Record<string, unknown>> {
  emptyLog();
  const handle = openSync(ballast, 'w');
  try {
    let refusal = fill(handle);
    const beganAt = performance.now();
    const sqlite = refusedBySqlite();
    // What the services give back meanwhile is taken as well.
    for (; performance.now() - beganAt < Number(fullMs); await delay(50)) refusal = fill(handle);
    const { size } = fstatSync(handle);
    return { fullMs: performance.now() - beganAt, ballastBytes: size, ballast: refusal, sqlite };
  } finally {
    closeSync(handle);
    rmSync(ballast, { force: true });
  }
}

if (mode === 'fill') console.log(JSON.stringify(await run()));
else {
  rmSync(ballast, { force: true });
  console.log('{}');
}
