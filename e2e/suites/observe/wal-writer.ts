/** A process that holds one database in WAL mode open and does what its parent asks: `write`, `checkpoint`, `files`, `stall`. */
import Database from 'better-sqlite3';
import { watchLoop } from '../../../fixtures/service-kit/src/loop-watch.ts';
import { openDatabaseFiles } from '../../../fixtures/service-kit/src/open-files.ts';

const file = process.argv[2] ?? '';
const database = new Database(file);
database.pragma('journal_mode = WAL');
database.pragma('wal_autocheckpoint = 0');
database.exec('CREATE TABLE IF NOT EXISTS t (x)');
watchLoop((stall) => process.send?.({ stall }));

const ORDERS: Record<string, () => unknown> = {
  write: () => database.prepare('INSERT INTO t VALUES (randomblob(100))').run().changes,
  checkpoint: () => database.pragma('wal_checkpoint(PASSIVE)'),
  files: () => openDatabaseFiles([file]),
  stall: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400),
};
process.on('message', (order: string) => process.send?.({ answer: ORDERS[order]?.() ?? null }));
process.on('disconnect', () => process.exit(0));
process.send?.({ answer: 'ready' });
