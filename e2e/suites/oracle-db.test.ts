/**
 * Goal:   Oracle V2's patched db module keeps its policy where the seed's order does not: eight processes starting at
 *         once with migrations pending, the first switch to WAL, read-then-write transactions, Drizzle's included.
 * Method: OS processes that work with the module on command; each patched case stands beside the variant that fails it.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  closeDatabase,
  createDatabase,
  migrateDatabase,
  openDatabase,
} from '../../fixtures/oracle-v2/src/server/db.ts';
import { until } from '../engine/shared/until.ts';
import { LEGACY_DATABASE, MIGRATIONS, type Variant, WorkerPool } from './oracle-v2/db-workers.ts';
import { legacyInWal, startTogether } from './oracle-v2/start-together.ts';

const POLICY = { journalMode: 'wal', busyTimeoutMs: 30_000, synchronous: 1, cacheSize: -20_000, foreignKeys: true };
const LEGACY_DOCUMENTS = 5;

const pool = new WorkerPool();
/** The worker that stands beside those under test: reads, holds locks, competes. */
const beside = () => pool.get('patched', 8);
let folder: string;
let database: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'walproof-oracle-db-'));
  database = join(folder, 'oracle.db');
});

afterEach(async () => {
  try {
    await pool.closeAll();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

afterAll(() => pool[Symbol.asyncDispose]());

function makeMigrated(file: string): void {
  const { db } = createDatabase(file);
  migrateDatabase(db, MIGRATIONS);
  closeDatabase();
}

function ask<T>(file: string, source: string): T[] {
  const connection = new Sqlite(file, { readonly: true });
  try {
    return connection.prepare(source).pluck().all() as T[];
  } finally {
    connection.close();
  }
}

/** A transaction of another process on the file, open until the test is over or for `holdMs`. */
async function beginBeside(statements: string, holdMs?: number): Promise<void> {
  const other = await beside();
  await other.must('plainOpen', database, 0);
  if (holdMs === undefined) await other.must('plainExec', statements);
  else await other.must('holdFor', statements, holdMs);
}

describe('the policy', () => {
  test('is on both connections, whatever the file was before', async () => {
    const worker = await pool.get('patched');
    const inWal = join(folder, 'wal.db');
    makeMigrated(inWal);
    const inDelete = join(folder, 'legacy.db');
    copyFileSync(LEGACY_DATABASE, inDelete);
    for (const file of [database, inDelete, inWal]) {
      const opened = await worker.run('open', file, MIGRATIONS, 0);
      expect(opened).toMatchObject({ ok: true, value: [POLICY, POLICY] });
      await worker.must('close');
    }
  });

  test.each([
    ['journal_mode', 'DELETE', 'wal', 'delete'],
    ['busy_timeout', '1', '30000', '1'],
    ['synchronous', 'FULL', '1', '2'],
    ['cache_size', '-2000', '-20000', '-2000'],
    ['foreign_keys', 'OFF', '1', '0'],
  ])('a %s that does not take stops the open with a clear error', (name, instead, expected, seen) => {
    const pragma = Sqlite.prototype.pragma;
    vi.spyOn(Sqlite.prototype, 'pragma').mockImplementation(function (this: Sqlite.Database, source, options) {
      return pragma.call(this, source.startsWith(`${name} =`) ? `${name} = ${instead}` : source, options);
    });
    onTestFinished(() => void vi.restoreAllMocks());
    expect(() => openDatabase(database)).toThrow(
      expect.objectContaining({
        code: 'PRAGMA_MISMATCH',
        message: expect.stringContaining(`expected PRAGMA ${name} to be ${expected}`),
      }),
    );
    expect(() => openDatabase(database)).toThrow(`${database}: `);
    expect(() => openDatabase(database)).toThrow(`the connection says ${seen}.`);
  });

  test('a file that cannot be in WAL is refused', () => {
    expect(() => openDatabase(':memory:')).toThrow('expected PRAGMA journal_mode to be wal');
  });

  test.each([
    ['unpatched', { journalMode: 'delete', busyTimeoutMs: 0, synchronous: 2, foreignKeys: false }],
    ['seed-literal', POLICY],
  ] as const)('%s opens as its header says', async (variant, policy) => {
    const worker = await pool.get(variant);
    expect(await worker.run('open', database, MIGRATIONS, 0)).toMatchObject({ ok: true, value: [policy, policy] });
  });
});

describe('eight processes that start at once', () => {
  const ROUNDS = 50;
  const PROCESSES = 8;

  /** The file that every round starts from; null is no file at all. */
  const states = [
    { state: 'fresh', make: () => null, documents: 0 },
    { state: 'DELETE-mode', make: () => LEGACY_DATABASE, documents: LEGACY_DOCUMENTS },
    { state: 'WAL-mode', make: legacyInWal, documents: LEGACY_DOCUMENTS },
  ];

  test.each(states)(
    'on a $state file none fails in 50 rounds, migrations included',
    async ({ make, documents }) => {
      const start = make(folder);
      const workers = await pool.many(PROCESSES, 'patched');
      const reader = await beside();
      for (let round = 1; round <= ROUNDS; round++) {
        const { file, opened, refusals } = await startTogether(workers, reader, join(folder, 'round'), start);
        expect(refusals, `round ${round}`).toEqual([]);
        for (const outcome of opened) expect(outcome).toMatchObject({ value: [POLICY, POLICY] });
        expect(ask(file, 'PRAGMA journal_mode')).toEqual(['wal']);
        expect(ask(file, 'SELECT count(*) FROM __drizzle_migrations')).toEqual([4]);
        expect(ask(file, 'SELECT count(*) FROM oracle_documents')).toEqual([documents]);
      }
    },
    240_000,
  );

  test.each(['unpatched', 'seed-literal'] as const)(
    '%s loses a process on a DELETE-mode file',
    async (variant) => {
      const workers = await pool.many(PROCESSES / 2, variant);
      const reader = await beside();
      const seen = new Set<string>();
      for (let round = 1; round <= 20 && seen.size === 0; round++) {
        const { refusals } = await startTogether(workers, reader, join(folder, 'round'), LEGACY_DATABASE);
        for (const refusal of refusals) seen.add(refusal.split(':')[0] ?? refusal);
      }
      // Refused the switch or a statement (BUSY), or lost the race for a migration (ERROR: duplicate column name).
      expect([...seen].join(', ')).toMatch(/SQLITE_(BUSY|ERROR)/);
    },
    60_000,
  );
});

describe('the migrations', () => {
  test('give each legacy document its one full-text row', () => {
    copyFileSync(LEGACY_DATABASE, database);
    makeMigrated(database);
    expect(ask(database, 'SELECT id FROM oracle_fts ORDER BY id')).toEqual([
      'learning_thai',
      'learning_timeout',
      'learning_twice',
      'learning_wal',
    ]);
    expect(ask(database, 'SELECT id FROM oracle_documents WHERE fts_rowid IS NULL')).toEqual(['learning_lost']);
    expect(
      ask(
        database,
        'SELECT count(*) FROM oracle_documents d JOIN oracle_fts f ON f.rowid = d.fts_rowid AND f.id = d.id',
      ),
    ).toEqual([4]);
  });

  test('wait for no writer when nothing is pending', async () => {
    makeMigrated(database);
    const worker = await pool.get('patched');
    await beginBeside('BEGIN IMMEDIATE');
    const opened = await worker.run('open', database, MIGRATIONS, 0);
    expect(opened.ok).toBe(true);
    expect(opened.elapsedMs).toBeLessThan(5_000);
  });

  test('one that fails leaves nothing behind and can be applied later', () => {
    const broken = new Sqlite(database);
    broken.exec('CREATE TABLE settings (mine INTEGER)');
    broken.close();
    const { db } = createDatabase(database);
    expect(() => migrateDatabase(db, MIGRATIONS)).toThrow();
    closeDatabase();
    expect(ask(database, 'SELECT name FROM sqlite_master')).toEqual(['settings']);
    const mended = new Sqlite(database);
    mended.exec('DROP TABLE settings');
    mended.close();
    makeMigrated(database);
    expect(ask(database, 'SELECT count(*) FROM __drizzle_migrations')).toEqual([4]);
  });
});

describe('the first switch to WAL under a RESERVED lock', () => {
  /** Somebody writes in the rollback journal's mode; without `holdMs` until the test is over. */
  async function openUnderWriter(variant: Variant, holdMs?: number) {
    copyFileSync(LEGACY_DATABASE, database);
    const worker = await pool.get(variant);
    await beginBeside('BEGIN IMMEDIATE', holdMs);
    return worker.run('open', database, null, 0);
  }

  test('the patched module waits for the writer', async () => {
    const opened = await openUnderWriter('patched', 600);
    expect(opened).toMatchObject({ ok: true, value: [POLICY, POLICY] });
  });

  test("the seed's order is refused at once, with the driver's 5 s of timeout", async () => {
    const opened = await openUnderWriter('seed-literal');
    expect(opened).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(opened.elapsedMs).toBeLessThan(2_000);
  });
});

describe('a transaction that reads and then writes, against a competing writer', () => {
  /** The competitor has its turn between read and write; it waits for nobody, so both outcomes are certain. */
  async function compete(variant: Variant, kind: 'raw' | 'drizzle' | 'own-default') {
    const worker = await pool.get(variant);
    await worker.must('open', database, MIGRATIONS, 0);
    const competitor = await beside();
    await competitor.must('plainOpen', database, 0);
    const [hasRead, goOn] = [join(folder, 'has-read'), join(folder, 'go-on')];
    const transaction = worker.run('readThenWrite', kind, 'subject', hasRead, goOn);
    expect(await until(() => existsSync(hasRead), { deadlineMs: 10_000 })).toBe(true);
    const competing = await competitor.run(
      'plainExec',
      `BEGIN IMMEDIATE; INSERT INTO settings (key, value, updated_at) VALUES ('competitor', 'wrote', 0); COMMIT`,
    );
    writeFileSync(goOn, '');
    return { competing, transaction: await transaction };
  }

  test.each(['raw', 'drizzle'] as const)('begins immediate on the %s connection and is never refused', async (kind) => {
    const { competing, transaction } = await compete('patched', kind);
    expect(competing).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(transaction.ok).toBe(true);
    expect(ask(database, 'SELECT key FROM settings')).toEqual(['subject']);
  });

  test.each(['raw', 'drizzle'] as const)('is refused with BUSY_SNAPSHOT by seed-literal (%s)', async (kind) => {
    const { competing, transaction } = await compete('seed-literal', kind);
    expect(competing.ok).toBe(true);
    expect(transaction).toMatchObject({ ok: false, code: 'SQLITE_BUSY_SNAPSHOT' });
  });

  test.each(['raw', 'drizzle'] as const)('is refused with BUSY by unpatched (%s)', async (kind) => {
    const { competing, transaction } = await compete('unpatched', kind);
    expect(competing).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(transaction).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
  });

  test("Drizzle's own default is deferred, and hides the code in the error's cause", async () => {
    const { transaction } = await compete('patched', 'own-default');
    expect(transaction).toMatchObject({ ok: false, code: 'SQLITE_BUSY_SNAPSHOT', ownCode: null });
  });
});

describe('a writer', () => {
  const READER = 'BEGIN; SELECT count(*) FROM oracle_documents';

  async function writeBeside(variant: Variant, statements: string, holdMs?: number) {
    const worker = await pool.get(variant);
    await worker.must('open', database, MIGRATIONS, 0);
    await beginBeside(statements, holdMs);
    return worker.run('write', 'key', 'value');
  }

  test('is not held up by an open reader', async () => {
    expect(await writeBeside('patched', READER)).toMatchObject({ ok: true });
  });

  test('waits for another writer', async () => {
    expect(await writeBeside('patched', 'BEGIN IMMEDIATE', 600)).toMatchObject({ ok: true });
  });

  test.each([
    ['an open reader', READER],
    ['another writer', 'BEGIN IMMEDIATE'],
  ])('is refused at once beside %s when unpatched', async (_name, statements) => {
    const written = await writeBeside('unpatched', statements);
    expect(written).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(written.elapsedMs).toBeLessThan(2_000);
  });
});
