/**
 * Holds a database's write lock from a process of its own: `hold-lock.ts <database file> keep|rollback|wal <hold ms>
 * <times> <gap ms> [SQL]`. It stands alone, since it is handed into containers as a single file. `keep` leaves the journal
 * mode as it is, the others make the file, set the mode and run the SQL first. From the first time that the lock is held
 * until the end a file `<database file>.held` lies beside it.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';

const [file, mode, ...rest] = process.argv.slice(2);
const [holdMs = 0, times = 1, gapMs = 0] = rest.slice(0, 3).map(Number);
const sql = rest[3] ?? '';
if (file === undefined || !/^(keep|rollback|wal)$/.test(mode ?? '') || !(holdMs > 0 && times > 0 && gapMs >= 0)) {
  console.error('usage: hold-lock.ts <database file> keep|rollback|wal <hold ms> <times> <gap ms> [SQL]');
  process.exit(64);
}

const pause = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const mark = `${file}.held`;
mkdirSync(dirname(file), { recursive: true });
const database = new Database(file, { fileMustExist: mode === 'keep', timeout: 10_000 });
try {
  if (mode !== 'keep') database.pragma(`journal_mode = ${mode === 'wal' ? 'WAL' : 'DELETE'}`);
  if (sql !== '') database.exec(sql);
  for (let n = 0; n < times; n++) {
    if (n > 0) pause(gapMs);
    database.exec('BEGIN IMMEDIATE');
    if (n === 0) writeFileSync(mark, '');
    pause(holdMs);
    database.exec('ROLLBACK');
  }
} finally {
  rmSync(mark, { force: true });
  database.close();
}
