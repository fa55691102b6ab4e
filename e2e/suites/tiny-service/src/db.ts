import Database from 'better-sqlite3';

export const variant = 'tiny';

export function openDatabase(file: string): Database.Database {
  const db = new Database(file, { timeout: 10_000 });
  switchToWal(db, Date.now() + 10_000);
  db.exec('CREATE TABLE IF NOT EXISTS items (value TEXT PRIMARY KEY)');
  return db;
}

/** The first switch of a file does not wait for another process that is making it: it is refused at once. */
function switchToWal(db: Database.Database, deadline: number): void {
  for (;;) {
    try {
      db.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!busy || Date.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
