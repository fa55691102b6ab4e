/**
 * Looks at a database from a process of its own: `probe.ts connection|integrity <database file>`, one JSON document on
 * stdout. It stands alone, since it is handed into containers as a single file. Never run inside a process that holds the
 * database: closing the file there would drop that process's POSIX locks (https://sqlite.org/howtocorrupt.html, 2.2).
 */
import Database from 'better-sqlite3';

const [mode, file] = process.argv.slice(2);
if (file === undefined || (mode !== 'connection' && mode !== 'integrity')) {
  console.error('usage: probe.ts connection|integrity <database file>');
  process.exit(64);
}

const database = new Database(file, { fileMustExist: true, timeout: 10_000 });
try {
  const version = database
    .prepare('SELECT sqlite_version() AS sqliteVersion, sqlite_source_id() AS sqliteSourceId')
    .get();
  const journalMode = database.pragma('journal_mode', { simple: true });
  const answer: Record<string, unknown> = { journalMode, ...(version as object) };
  if (mode === 'integrity') {
    answer.integrityCheck = (database.pragma('integrity_check') as { integrity_check: string }[]).map(
      (row) => row.integrity_check,
    );
    answer.foreignKeyCheck = (database.pragma('foreign_key_check') as unknown[]).map((row) => JSON.stringify(row));
  }
  console.log(JSON.stringify(answer));
} finally {
  database.close();
}
