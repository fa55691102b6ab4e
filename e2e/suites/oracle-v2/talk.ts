/** Calls to a running Oracle V2, and a look at its tables from outside. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { until } from '../../engine/shared/until.ts';

export interface Reply {
  status: number;
  body: {
    success?: boolean;
    file?: string;
    id?: string;
    total?: number;
    results?: { id: string; content: string; source: string; concepts: string[] }[];
    error?: { code: string; message: string };
    [field: string]: unknown;
  };
}

/** Strings are sent as they are, everything else as JSON. */
export async function call(url: string, method: string, path: string, body?: unknown): Promise<Reply> {
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url + path, {
    method,
    ...(sent === undefined ? {} : { body: sent, headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: (await response.json()) as Reply['body'] };
}

export const learn = (url: string, pattern: string, more: object = {}): Promise<Reply> =>
  call(url, 'POST', '/api/learn', { pattern, ...more });

/** A connection that was cut before the reply, with the error that tells how. */
export interface Lost {
  status: 'lost';
  error: TypeError;
}

/** As `learn`, to a server that may be gone before it replies. */
export const learnOrLost = (...asked: Parameters<typeof learn>): Promise<Reply | Lost> =>
  learn(...asked).catch((error: unknown): Lost => {
    // What fetch throws for the network; anything else is a bug here.
    if (!(error instanceof TypeError)) throw error;
    return { status: 'lost', error };
  });

export const search = (url: string, q: string, more: Record<string, string> = {}): Promise<Reply> =>
  call(url, 'GET', `/api/search?${new URLSearchParams({ q, ...more })}`);

/** Ids of what a search finds, in its order. */
export async function found(url: string, q: string, more: Record<string, string> = {}): Promise<string[]> {
  return (await search(url, q, more)).body.results?.map(({ id }) => id) ?? [];
}

export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(name) && !candidate.startsWith('#'));
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1));
}

export function databaseOf(dataDir: string): string {
  return join(dataDir, 'oracle.db');
}

export function rows<T>(dataDir: string, source: string): T[] {
  const connection = new Sqlite(databaseOf(dataDir), { timeout: 10_000 });
  try {
    return connection.prepare(source).pluck().all() as T[];
  } finally {
    connection.close();
  }
}

/** What would be wrong with the tables: documents and texts that are not one to one, files indexed twice, corruption. */
export function faults(dataDir: string): Record<string, unknown[]> {
  const connection = new Sqlite(databaseOf(dataDir), { timeout: 10_000 });
  const ask = (source: string): unknown[] => connection.prepare(source).pluck().all();
  try {
    connection.exec(`INSERT INTO oracle_fts (oracle_fts, rank) VALUES ('integrity-check', 1)`);
    return {
      withoutText: ask(
        `SELECT d.id FROM oracle_documents d LEFT JOIN oracle_fts f ON f.rowid = d.fts_rowid AND f.id = d.id WHERE f.rowid IS NULL`,
      ),
      textWithoutDocument: ask(
        'SELECT id FROM oracle_fts WHERE rowid NOT IN (SELECT fts_rowid FROM oracle_documents WHERE fts_rowid IS NOT NULL)',
      ),
      textTwice: ask('SELECT id FROM oracle_fts GROUP BY id HAVING count(*) > 1'),
      fileTwice: ask('SELECT source_file FROM oracle_documents GROUP BY source_file HAVING count(*) > 1'),
      integrity: ask('PRAGMA integrity_check').filter((row) => row !== 'ok'),
    };
  } finally {
    connection.close();
  }
}

export const NO_FAULTS = { withoutText: [], textWithoutDocument: [], textTwice: [], fileTwice: [], integrity: [] };

/** Markdown files below the memory folder. */
export function markdownFiles(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'ψ/memory'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.md'),
  );
}

/** Looks until it holds, and fails with what was waited for. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  if (!(await until(condition, { deadlineMs: 20_000 }))) throw new Error(`20 s are over, and still not: ${what}`);
}
