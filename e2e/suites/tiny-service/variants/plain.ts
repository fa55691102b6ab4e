import Database from 'better-sqlite3';

export const variant = 'plain';

export function openDatabase(file: string): Database.Database {
  const db = new Database(file, { timeout: 10_000 });
  db.exec('CREATE TABLE IF NOT EXISTS items (value TEXT PRIMARY KEY)');
  return db;
}
