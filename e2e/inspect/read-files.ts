/**
 * Reads a database and its sidecars by plain file I/O. This process never opens the database through SQLite and has no lock on
 * it, so closing the files drops none (https://sqlite.org/howtocorrupt.html, 2.2); it opens nothing for writing.
 */
import { closeSync, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { deviceName, type KernelLock, lockNames } from '../observe/lock-table.ts';
import { WAL_HEADER_BYTES, WAL_INDEX_HEAD_BYTES } from '../observe/wal-format.ts';
import { readWalIndex } from '../observe/wal-index.ts';
import { surveyWal } from '../observe/wal-survey.ts';
import { DATABASE_HEADER_BYTES, type DatabaseHeader, isDatabase, parseDatabaseHeader } from './database-header.ts';
import type { DatabaseFacts, FileFact, IndexFacts, JournalFacts, WalFacts } from './facts.ts';
import { notADatabase, notAFile, unreadable } from './refusal.ts';

/** Enough to tell chance from text. */
const FIRST_BYTES = 4_096;
/** How often a -wal that moves while it is read is read again. */
const TRIES = 3;
/** https://sqlite.org/fileformat2.html#the_rollback_journal */
const JOURNAL_MAGIC = 'd9d505f920a163d7';

export interface Located {
  /** With every link followed. */
  path: string;
  askedFor: string;
  stats: Stats;
  /** `major:minor`, hexadecimal. */
  device: string;
}

/** Throws DATABASE_MISSING, DATABASE_UNREADABLE or NOT_A_DATABASE. */
export function locate(askedFor: string): Located {
  try {
    const path = realpathSync(askedFor);
    const stats = statSync(path);
    if (!stats.isFile()) throw notAFile(askedFor, stats.isDirectory());
    return { path, askedFor, stats, device: deviceName(stats.dev) };
  } catch (error) {
    throw error instanceof Error && error.name === 'WalproofError' ? error : unreadable(askedFor, error);
  }
}

export function readDatabase({ path, askedFor }: Located): Omit<DatabaseFacts, 'headerInWal' | 'missingBytes'> {
  try {
    return withFile(path, (file, stats) => {
      const head = readUpTo(file, FIRST_BYTES, 0);
      const facts = { ...factsOf(path, stats), askedFor };
      if (stats.size === 0) return { ...facts, empty: true, header: null };
      if (!isDatabase(head) || head.length < DATABASE_HEADER_BYTES) throw notADatabase(askedFor, head, stats.size);
      return { ...facts, empty: false, header: parseDatabaseHeader(head) };
    });
  } catch (error) {
    throw error instanceof Error && error.name === 'WalproofError' ? error : unreadable(askedFor, error);
  }
}

/** Null when there is none. A writer may go on meanwhile: the walk is done again while the index says that it began anew. */
export function readWal(
  database: string,
): { wal: WalFacts; headerInWal: DatabaseHeader | null; index: IndexFacts | null } | null {
  for (let attempt = 1; ; attempt++) {
    const before = readIndex(database);
    const found = unlessAbsent(() =>
      withFile(`${database}-wal`, (file, stats) => walIn(`${database}-wal`, file, stats)),
    );
    if (found === null) return null;
    const after = readIndex(database);
    const moved = found.beganAnew || before?.salts.join() !== after?.salts.join();
    if (moved && attempt < TRIES) continue;
    const { headerInWal, survey } = found;
    const wal = { ...survey, movedWhileRead: moved, notCheckpointed: notCheckpointed(survey, after) };
    return { wal, headerInWal, index: after };
  }
}

function walIn(path: string, file: number, stats: Stats) {
  const head = readUpTo(file, WAL_HEADER_BYTES, 0);
  const survey = surveyWal((bytes, at) => readSync(file, bytes, 0, bytes.length, at), stats.size);
  const beganAnew = !Buffer.from(head).equals(readUpTo(file, WAL_HEADER_BYTES, 0));
  const page = survey.firstPageAt === null ? null : readUpTo(file, DATABASE_HEADER_BYTES, survey.firstPageAt);
  const headerInWal = page !== null && isDatabase(page) ? parseDatabaseHeader(page) : null;
  return { survey: { ...factsOf(path, stats), ...survey }, headerInWal, beganAnew };
}

/** By the index where it speaks of this -wal; without one, a recovery would find every committed frame to be copied still. */
function notCheckpointed(
  { committed, header }: Pick<WalFacts, 'committed' | 'header'>,
  index: IndexFacts | null,
): number | null {
  if (index === null || !index.isFilled) return committed;
  if (!index.copiesEqual) return null;
  if (header !== null && index.salts.join() !== header.salts.join()) return index.maxFrame === 0 ? 0 : null;
  return index.maxFrame - index.backfilled;
}

/** Null when there is none, or not yet a whole head. */
export function readIndex(database: string): IndexFacts | null {
  const path = `${database}-shm`;
  return unlessAbsent(() =>
    withFile(path, (file, stats) => {
      const index = readWalIndex(readUpTo(file, WAL_INDEX_HEAD_BYTES, 0));
      return index === null ? null : { ...factsOf(path, stats), ...index };
    }),
  );
}

/** Null when there is none. */
export function readJournal(database: string, locks: readonly KernelLock[] | null): JournalFacts | null {
  const path = `${database}-journal`;
  return unlessAbsent(() =>
    withFile(path, (file, stats) => {
      const holder = locks?.find((lock) =>
        lockNames(lock, 'db').some((name) => name === 'RESERVED' || name === 'EXCLUSIVE'),
      );
      const isWhole = Buffer.from(readUpTo(file, 8, 0)).toString('hex') === JOURNAL_MAGIC;
      // The journal of a living writer has no whole header before its first sync.
      const state = holder !== undefined ? 'in use' : isWhole ? 'hot' : 'finished';
      return { ...factsOf(path, stats), state, heldBy: holder?.pid ?? null };
    }),
  );
}

export function fileAt(path: string): FileFact | null {
  return unlessAbsent(() => factsOf(path, statSync(path)));
}

function factsOf(path: string, { size, ino, mtime }: Stats): FileFact {
  return { path, bytes: size, inode: ino, modifiedAt: mtime.toISOString() };
}

function withFile<T>(path: string, look: (file: number, stats: Stats) => T): T {
  const kind = statSync(path);
  // To open a pipe would wait for its other end.
  if (!kind.isFile()) throw notAFile(path, kind.isDirectory());
  const file = openSync(path, 'r');
  try {
    return look(file, fstatSync(file));
  } finally {
    closeSync(file);
  }
}

function readUpTo(file: number, bytes: number, at: number): Uint8Array {
  const buffer = new Uint8Array(bytes);
  return buffer.subarray(0, readSync(file, buffer, 0, bytes, at));
}

function unlessAbsent<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw code === undefined ? error : unreadable((error as NodeJS.ErrnoException).path ?? 'a sidecar', error);
  }
}
