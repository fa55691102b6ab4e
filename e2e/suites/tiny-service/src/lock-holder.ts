/**
 * Holds an exclusive lock on a database of its own for as long as it lives, also after its parent died. Whoever gets the
 * lock has proved that this process is gone, on any engine and in any pid namespace.
 */
import Database from 'better-sqlite3';

const db = new Database(process.argv[2], { timeout: 10_000 });
db.exec('BEGIN EXCLUSIVE');
process.send?.('locked');
setInterval(() => db.inTransaction, 2 ** 30);
