/**
 * Holds a lock on a service's database until it is told to let go: `hold-lock.ts <database> <begin>`. `<database>.held`
 * appears once it has it, and `<database>.release` ends it. It stands alone, since it is handed into containers as source.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';

/** Below the deadline of whoever runs it. */
const LONGEST_MS = 40_000;

const [file = '', begin = 'BEGIN IMMEDIATE'] = process.argv.slice(2);
const database = new Database(file, { fileMustExist: true, timeout: 5_000 });
const deadline = performance.now() + LONGEST_MS;
database.exec(begin);
writeFileSync(`${file}.held`, '');
while (!existsSync(`${file}.release`)) {
  if (performance.now() > deadline) throw new Error(`nobody released the lock within ${LONGEST_MS} ms`);
  await delay(10);
}
database.exec('ROLLBACK');
database.close();
