/**
 * Opens a private copy as the next process in production would, which recovers its -wal or rolls its journal back, and says
 * what is in it: `recover.ts <copy>`, one JSON document on stdout. What SQLite refuses is part of the answer.
 */
import Database from 'better-sqlite3';

/** Complaints shown; a broken file has thousands. */
const SHOWN = 100;

const [file = ''] = process.argv.slice(2);

function said<T>(look: () => T): T | string {
  try {
    return look();
  } catch (error) {
    const { code = 'ERROR', message } = error as { code?: string; message: string };
    return `${message} (${code})`;
  }
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

function tablesOf(database: Database.Database) {
  const tables = database
    .prepare("SELECT name, sql LIKE 'CREATE VIRTUAL%' AS virtual FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all() as { name: string; virtual: 0 | 1 }[];
  return tables.map(({ name, virtual }) => {
    const rows = said(
      () =>
        database
          .prepare(`SELECT count(*) FROM ${quoted(name)}`)
          .pluck()
          .get() as number,
    );
    return typeof rows === 'number'
      ? { name, virtual: virtual === 1, rows }
      : { name, virtual: virtual === 1, rows: null, refused: rows };
  });
}

function fullTextOf(database: Database.Database) {
  const names = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%USING fts5%'")
    .pluck()
    .all() as string[];
  return names.map((table) => {
    // Rank 1 asks to compare with the text of an external table as well.
    const check = `INSERT INTO ${quoted(table)} (${quoted(table)}, rank) VALUES ('integrity-check', 1)`;
    const complaint = said(() => void database.exec(check));
    return { table, complaints: typeof complaint === 'string' ? [complaint] : [] };
  });
}

function rowsOf(database: Database.Database, pragma: string): string[] {
  const rows = said(() => (database.pragma(pragma) as Record<string, unknown>[]).slice(0, SHOWN));
  if (typeof rows === 'string') return [rows];
  return rows.map((row) => (Object.keys(row).length === 1 ? String(Object.values(row)[0]) : JSON.stringify(row)));
}

function answer(): unknown {
  const database = said(() => new Database(file, { fileMustExist: true, timeout: 0 }));
  if (typeof database === 'string') return { refused: database };
  try {
    const tables = said(() => tablesOf(database));
    if (typeof tables === 'string') return { refused: tables };
    const integrityCheck = rowsOf(database, 'integrity_check');
    const foreignKeyCheck = rowsOf(database, 'foreign_key_check');
    return { refused: null, tables, integrityCheck, foreignKeyCheck, fullText: fullTextOf(database) };
  } finally {
    said(() => database.close());
  }
}

console.log(JSON.stringify(answer()));
