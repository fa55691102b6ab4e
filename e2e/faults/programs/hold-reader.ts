/**
 * `hold-reader.ts <database file> <ms>`: keeps a snapshot open so long, and longer until others have added or removed rows,
 * so that it can show that it did not move with them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';

const [file = '', heldMs = '0'] = process.argv.slice(2);
const OTHERS_MS = 5_000;

const reader = new Database(file, { fileMustExist: true, readonly: true, timeout: 10_000 });
const live = new Database(file, { fileMustExist: true, readonly: true, timeout: 10_000 });

/** Rows of every ordinary table; virtual ones and those they keep their data in would count rows twice. */
function rowsIn(database: Database.Database): number {
  const tables = database
    .prepare(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
    )
    .pluck()
    .all() as string[];
  const count = (name: string) =>
    database
      .prepare(`SELECT count(*) FROM "${name.replaceAll('"', '""')}"`)
      .pluck()
      .get();
  return tables.reduce((sum, name) => sum + Number(count(name)), 0);
}

reader.exec('BEGIN');
const firstRows = rowsIn(reader);
const beganAt = performance.now();
const lastedMs = () => performance.now() - beganAt;
await delay(Number(heldMs));
while (rowsIn(live) === firstRows && lastedMs() < OTHERS_MS) await delay(50);
const liveRows = rowsIn(live);
const lastRows = rowsIn(reader);
console.log(JSON.stringify({ heldMs: lastedMs(), firstRows, lastRows, liveRows }));
reader.exec('ROLLBACK');
live.close();
reader.close();
