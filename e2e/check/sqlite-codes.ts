import type { FindingCode } from '../model/verdict.ts';

/** The primary result codes that are errors (https://sqlite.org/rescode.html); OK, ROW, DONE and the log-only NOTICE and WARNING are not. */
const PRIMARY_ERRORS =
  'ERROR|INTERNAL|PERM|ABORT|BUSY|LOCKED|NOMEM|READONLY|INTERRUPT|IOERR|CORRUPT|NOTFOUND|FULL|CANTOPEN|PROTOCOL|EMPTY|SCHEMA|TOOBIG|CONSTRAINT|MISMATCH|MISUSE|NOLFS|AUTH|FORMAT|RANGE|NOTADB';
/** An error code by name, extended or not, standing alone: neither ERR_SQLITE_ERROR nor SQLITE_TMPDIR is one. */
const ERROR_CODE = new RegExp(`\\bSQLITE_(?:${PRIMARY_ERRORS})(?:_[A-Z0-9]+)*\\b`, 'g');

/** SQLite's own texts for a refused lock; a driver or wrapper may show them without the code (sqlite3ErrStr in main.c). */
const LOCK_TEXTS = [
  { text: 'database is locked', code: 'SQLITE_BUSY' },
  { text: 'database table is locked', code: 'SQLITE_LOCKED' },
] as const;

/** The SQLite error codes that a text shows, each once; by SQLite's message when it shows none. */
export function sqliteCodesIn(text: string): string[] {
  const codes = new Set(text.match(ERROR_CODE) ?? []);
  if (codes.size === 0) for (const known of LOCK_TEXTS) if (text.includes(known.text)) codes.add(known.code);
  return [...codes];
}

/** The SQLite code of an error with a code and a message, null when neither shows one. */
export function sqliteCodeOf(error: { code: string; message: string }): string | null {
  return sqliteCodesIn(error.code)[0] ?? sqliteCodesIn(error.message)[0] ?? null;
}

/** The finding for an SQLite error code. */
export function findingCodeOf(sqliteCode: string): FindingCode {
  if (sqliteCode === 'SQLITE_BUSY_SNAPSHOT') return 'busy-snapshot';
  if (sqliteCode === 'SQLITE_BUSY_RECOVERY') return 'busy-recovery';
  if (/^SQLITE_BUSY(_|$)/.test(sqliteCode)) return 'busy';
  if (/^SQLITE_LOCKED(_|$)/.test(sqliteCode)) return 'locked';
  return 'sqlite-error';
}
