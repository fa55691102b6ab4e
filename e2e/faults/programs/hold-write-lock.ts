/** `hold-write-lock.ts <database file> <ms>`: holds BEGIN IMMEDIATE so long, and lets a second connection try meanwhile. */
import Database from 'better-sqlite3';

const [file = '', heldMs = '0'] = process.argv.slice(2);
const WAIT_MS = 20_000;

const holder = new Database(file, { fileMustExist: true, timeout: WAIT_MS });
const other = new Database(file, { fileMustExist: true, timeout: 0 });

/** What a writer that does not wait is told. */
function tryToWrite(): string {
  try {
    other.exec('BEGIN IMMEDIATE; ROLLBACK');
    return 'granted';
  } catch (error) {
    if (error instanceof Database.SqliteError) return error.code;
    throw error;
  }
}

holder.exec('BEGIN IMMEDIATE');
const beganAt = performance.now();
const refusals = [tryToWrite()];
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(heldMs));
refusals.push(tryToWrite());
const held = performance.now() - beganAt;
holder.exec('ROLLBACK');
console.log(JSON.stringify({ heldMs: held, refusals }));
other.close();
holder.close();
