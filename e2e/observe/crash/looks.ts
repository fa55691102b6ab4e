/** How the state after one commit is looked at, on an open connection that nobody else uses. */
import type { Database } from 'better-sqlite3';
import type { CrashLooks, ImageCode } from '../../model/crash.ts';
import { messageOf } from '../../model/errors.ts';

const ROWS_SHOWN = 3;

export interface StateSeen {
  complaints: { code: ImageCode; said: string }[];
  /** By the order of the queries. */
  keys: string[][];
}

export function lookAt(database: Database, { tables, halves, keys }: CrashLooks): StateSeen {
  const complaints: StateSeen['complaints'] = [];
  const complain = (code: ImageCode, rows: readonly string[]) => {
    if (rows.length > 0) complaints.push({ code, said: rows.slice(0, ROWS_SHOWN).join('; ') });
  };
  try {
    complain(
      'corrupt',
      columnOf(database, 'PRAGMA integrity_check').filter((row) => row !== 'ok'),
    );
    complain('corrupt', rowsOf(database, 'PRAGMA foreign_key_check'));
    for (const table of tables) complain('fts-inconsistent', fullTextComplaints(database, table));
    if (halves !== null) complain('fts-inconsistent', rowsOf(database, halves));
    return { complaints, keys: keys.map(({ sql }) => columnOf(database, sql)) };
  } catch (error) {
    complain('corrupt', [messageOf(error)]);
    return { complaints, keys: keys.map(() => []) };
  }
}

/** FTS5's own comparison is an INSERT that stores nothing; taken back, so that it cannot. */
function fullTextComplaints(database: Database, table: string): string[] {
  const exists = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table);
  if (exists === undefined) return [];
  const name = `"${table.replaceAll('"', '""')}"`;
  database.exec('BEGIN');
  try {
    database.exec(`INSERT INTO ${name} (${name}, rank) VALUES ('integrity-check', 1)`);
    return [];
  } catch (error) {
    return [`${table}: ${messageOf(error)}`];
  } finally {
    database.exec('ROLLBACK');
  }
}

function rowsOf(database: Database, sql: string): string[] {
  return answerOf(() => database.prepare(sql).all()).map((row) => JSON.stringify(row));
}

function columnOf(database: Database, sql: string): string[] {
  return answerOf(() => database.prepare(sql).pluck().all()).map(String);
}

/** Before the tables were made there is nothing to find. */
function answerOf(ask: () => unknown[]): unknown[] {
  try {
    return ask();
  } catch (error) {
    if (/^no such (table|column)/.test(messageOf(error))) return [];
    throw error;
  }
}
