/**
 * Looks at a database from a process of its own: `probe.ts connection|integrity|copy <database file>`, one JSON document on
 * stdout; `copy` is for a file that nobody else uses, since FTS5's integrity-check is an INSERT. It stands alone, since it is handed into containers as a single file. Never run inside a process that holds the
 * database: closing the file there would drop that process's POSIX locks (https://sqlite.org/howtocorrupt.html, 2.2).
 */
import Database from 'better-sqlite3';

const [mode, file] = process.argv.slice(2);
if (file === undefined || !['connection', 'integrity', 'copy'].includes(mode ?? '')) {
  console.error('usage: probe.ts connection|integrity|copy <database file>');
  process.exit(64);
}

const database = new Database(file, { fileMustExist: true, timeout: 10_000 });
try {
  const version = database
    .prepare('SELECT sqlite_version() AS sqliteVersion, sqlite_source_id() AS sqliteSourceId')
    .get();
  const journalMode = database.pragma('journal_mode', { simple: true });
  const answer: Record<string, unknown> = { journalMode, ...(version as object) };
  if (mode !== 'connection') {
    answer.integrityCheck = (database.pragma('integrity_check') as { integrity_check: string }[]).map(
      (row) => row.integrity_check,
    );
    answer.foreignKeyCheck = (database.pragma('foreign_key_check') as unknown[]).map((row) => JSON.stringify(row));
  }
  if (mode === 'copy') answer.fullText = fullTextTables().map((table) => ({ table, complaints: complaintsOf(table) }));
  console.log(JSON.stringify(answer));
} finally {
  database.close();
}

function fullTextTables(): string[] {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%USING fts5%'");
  return tables.pluck().all() as string[];
}

/** Rank 1 asks to compare with the text of an external table as well; where the text is its own, it changes nothing. */
function complaintsOf(table: string): string[] {
  try {
    const name = `"${table.replaceAll('"', '""')}"`;
    database.prepare(`INSERT INTO ${name} (${name}, rank) VALUES ('integrity-check', 1)`).run();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
