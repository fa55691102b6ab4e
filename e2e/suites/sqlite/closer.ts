/** A process with one connection to a WAL file, which it closes at a moment of the monotonic clock. */
import Sqlite from 'better-sqlite3';

export type Wish = 'open' | { closeAtNs: bigint };

const [file = ''] = process.argv.slice(2);
let connection: Sqlite.Database | null = null;

function open(): void {
  connection = new Sqlite(file);
  connection.pragma('journal_mode = WAL');
  connection.exec('CREATE TABLE IF NOT EXISTS t (pid)');
  connection.prepare('INSERT INTO t VALUES (?)').run(process.pid);
}

function close(atNs: bigint): void {
  // A timer would be late by more than the moment that matters.
  while (process.hrtime.bigint() < atNs);
  connection?.close();
}

process.on('message', (wish: Wish) => {
  if (wish === 'open') open();
  else close(wish.closeAtNs);
  process.send?.('done');
});
