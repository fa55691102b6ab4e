/**
 * What a kill after each of the newest commits would have left: `commit-probe.ts <copied database> <query>` runs the query on
 * the copy as of every commit in its -wal, and prints one JSON document. A commit that is older than the last checkpoint
 * cannot be shown, since the database has later pages already. The copy stays as it is.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { LEAST_COMMITS } from '../model/watched.ts';
import { parseWalHeader, parseWalIndex, WAL_HEADER_BYTES } from './wal-format.ts';

const FRAME_HEADER_BYTES = 24;
/** A few hundred tell as much as thousands; each is recovered from its own copy of the -wal, so a long one has fewer. */
const MOST_COMMITS = 300;
const MOST_BYTES = 400 * 2 ** 20;
const ROWS_SHOWN = 3;

const [file, query] = process.argv.slice(2);
if (file === undefined || query === undefined) {
  console.error('usage: commit-probe.ts <copied database> <query>');
  process.exit(64);
}

/**
 * How many frames the -wal has up to and with each commit (https://sqlite.org/fileformat2.html#wal_frame_format). The first is
 * what the checkpoint reached: of a -wal that has just begun anew, the database alone.
 */
function commitsIn(wal: Buffer, shm: Buffer): { frames: number[]; frameBytes: number } {
  const header = parseWalHeader(wal);
  const index = parseWalIndex(shm);
  if (index === null || (header === null && index.frames > 0)) return { frames: [], frameBytes: 0 };
  if (header === null) return { frames: [0], frameBytes: 0 };
  const frameBytes = FRAME_HEADER_BYTES + header.pageSize;
  const frames = [index.checkpointed];
  for (let n = index.checkpointed + 1; n <= index.frames; n++) {
    const at = WAL_HEADER_BYTES + (n - 1) * frameBytes;
    const isCommit = at + frameBytes <= wal.length && wal.readUInt32BE(at + 4) !== 0;
    if (isCommit) frames.push(n);
  }
  // What counts, not the file: that stays as long as it was once, e.g. under a reader that held the checkpoints up.
  const affordable = Math.floor(MOST_BYTES / (WAL_HEADER_BYTES + index.frames * frameBytes));
  return { frames: frames.slice(-Math.max(LEAST_COMMITS, Math.min(MOST_COMMITS, affordable))), frameBytes };
}

/** Null before the tables were made. */
function rowsAt(database: string, wal: Buffer, sql: string): unknown[] | null {
  writeFileSync(`${database}-wal`, wal);
  // It speaks of another end of the -wal; SQLite makes a new one.
  rmSync(`${database}-shm`, { force: true });
  // Read-only, so that the close does not checkpoint.
  const connection = new Database(database, { readonly: true });
  try {
    return connection.prepare(sql).all();
  } catch (error) {
    if (error instanceof Error && /^no such (table|column)/.test(error.message)) return null;
    throw error;
  } finally {
    connection.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'walproof-commits-'));
try {
  const database = join(folder, 'copy.db');
  copyFileSync(file, database);
  const wal = readFileSync(`${file}-wal`);
  const { frames, frameBytes } = commitsIn(wal, readFileSync(`${file}-shm`));
  const torn: { frame: number; rows: string[] }[] = [];
  let commits = 0;
  for (const frame of frames) {
    const rows = rowsAt(database, wal.subarray(0, WAL_HEADER_BYTES + frame * frameBytes), query);
    if (rows === null) continue;
    commits++;
    if (rows.length > 0) torn.push({ frame, rows: rows.slice(0, ROWS_SHOWN).map((row) => JSON.stringify(row)) });
  }
  console.log(JSON.stringify({ commits, torn }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
