/**
 * Goal:   NanoClaw's patched db module keeps its policy where the seed's lines do not: processes that start together, the
 *         first switch to WAL, transactions that read first; and its cursor never skips a message.
 * Method: OS processes that work with a module on command, on one file. This process is the one that holds locks and open
 *         readers. Each patched case stands beside the variant that fails it.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nanoclaw } from '../services/nanoclaw.ts';
import { copyApp, dbModuleText, LEGACY_DATABASE, temporaryFolder } from './nanoclaw/app-copy.ts';
import type { Outcome } from './nanoclaw/db-worker.ts';
import { DbWorker } from './nanoclaw/db-workers.ts';

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

/** Each variant in a copy of the service of its own. */
const MODULES = ['patched', 'unpatched', 'driver-default', 'seed-literal'] as const;
const modules = new Map<string, string>();
beforeAll(() => {
  for (const variant of MODULES) modules.set(variant, installModule(variant, dbModuleText(variant)));
});

function installModule(name: string, text: string): string {
  const home = join(folder.path, `module-${name}`);
  mkdirSync(home);
  return join(copyApp(home, text), nanoclaw.dbModule);
}

function startWorker(variant: (typeof MODULES)[number]): Promise<DbWorker> {
  return DbWorker.start(modules.get(variant) ?? '');
}

let files = 0;
function newFile(): string {
  return join(folder.path, `messages-${++files}.db`);
}

/** A database that this process uses, for locks and for looking. */
function openHere(file: string): Database.Database & Disposable {
  const db = new Database(file, { timeout: 10_000 });
  return Object.assign(db, { [Symbol.dispose]: () => void db.close() });
}

const failures = (outcomes: readonly Outcome[]) => outcomes.filter((outcome) => !outcome.ok);

const MESSAGE = {
  id: 'm1',
  chat_jid: 'a@g.us',
  sender: 'a',
  sender_name: 'A',
  content: 'x',
  timestamp: '2026-07-01T00:00:00.000Z',
};

describe('policy', () => {
  const POLICY = { journal_mode: 'wal', busy_timeout: 30_000, synchronous: 1, cache_size: -20_000, foreign_keys: 1 };

  test.each(['fresh', 'legacy', 'wal'])('holds on every connection to a %s file', async (kind) => {
    const file = newFile();
    if (kind !== 'fresh') copyFileSync(LEGACY_DATABASE, file);
    if (kind === 'wal') {
      using db = openHere(file);
      db.pragma('journal_mode = WAL');
    }
    for (let n = 0; n < 2; n++) {
      await using worker = await startWorker('patched');
      expect(await worker.run('initDatabase', file)).toMatchObject({ ok: true });
      for (const [pragma, expected] of Object.entries(POLICY)) {
        expect(await worker.run('pragma', pragma), pragma).toMatchObject({ value: expected });
      }
      await worker.run('closeDatabase');
    }
  });

  test('stops where WAL cannot be had', async () => {
    await using worker = await startWorker('patched');
    const outcome = await worker.run('initDatabase', ':memory:');
    expect(outcome).toMatchObject({ ok: false, code: 'PRAGMA_MISMATCH' });
    expect(outcome).toHaveProperty('message', expect.stringMatching(/journal_mode to be wal, saw memory, on :memory:/));
    // Nothing was left open that could be used unpatched.
    expect(await worker.run('getAllChats')).toMatchObject({ ok: false, message: 'initDatabase() has not been called' });
  });

  test.each([
    ['journal_mode', 'journal_mode = WAL', 'journal_mode = TRUNCATE'],
    ['busy_timeout', 'busy_timeout = 30000', 'busy_timeout = 5000'],
    ['synchronous', 'synchronous = NORMAL', 'synchronous = FULL'],
    ['cache_size', 'cache_size = -20000', 'cache_size = -16000'],
    ['foreign_keys', 'foreign_keys = ON', 'foreign_keys = OFF'],
  ])('stops when %s is not what the policy says', async (pragma, line, instead) => {
    const text = dbModuleText('patched');
    expect(text).toContain(`db.pragma('${line}')`);
    await using worker = await DbWorker.start(
      installModule(`mutant-${pragma}`, text.replace(`'${line}'`, `'${instead}'`)),
    );
    const outcome = await worker.run('initDatabase', newFile());
    expect(outcome).toMatchObject({
      ok: false,
      code: 'PRAGMA_MISMATCH',
      message: expect.stringContaining(`PRAGMA ${pragma} `),
    });
  });
});

describe('starting together', () => {
  const PROCESSES = 8;
  const ROUNDS = 50;
  /** Long enough for the command to reach every worker. */
  const BARRIER_NS = 8_000_000n;

  async function makeWalFile(): Promise<string> {
    const file = newFile();
    await using worker = await startWorker('patched');
    expect(await worker.run('initDatabase', file)).toMatchObject({ ok: true });
    await worker.run('closeDatabase');
    return file;
  }

  test.each(['fresh', 'legacy', 'wal'])('eight processes, released by a barrier, on a %s file', async (kind) => {
    const template = { fresh: null, legacy: LEGACY_DATABASE, wal: await makeWalFile() }[kind];
    await using workers = new AsyncDisposableStack();
    const all: DbWorker[] = [];
    for (let n = 0; n < PROCESSES; n++) all.push(workers.use(await startWorker('patched')));
    for (let round = 1; round <= ROUNDS; round++) {
      const file = newFile();
      if (template != null) copyFileSync(template, file);
      const atNs = process.hrtime.bigint() + BARRIER_NS;
      const opened = await Promise.all(all.map((worker) => worker.runAt(atNs, 'initDatabase', file)));
      expect(failures(opened), `round ${round}`).toEqual([]);
      const used = await Promise.all(all.map((worker, n) => worker.run('setRouterState', `worker-${n}`, 'here')));
      expect(failures(used), `round ${round}`).toEqual([]);
      await Promise.all(all.map((worker) => worker.run('closeDatabase')));
      using db = openHere(file);
      expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
      expect(db.prepare("SELECT count(*) FROM router_state WHERE key LIKE 'worker-%'").pluck().get()).toBe(PROCESSES);
      const columns = db.pragma('table_info(messages)') as { name: string }[];
      expect(columns.filter(({ name }) => name === 'is_bot_message')).toHaveLength(1);
    }
  });

  test('the switch to WAL outlasts a writer that the seed-literal module gives up on at once', async () => {
    const file = newFile();
    copyFileSync(LEGACY_DATABASE, file);
    using db = openHere(file);
    await using patched = await startWorker('patched');
    await using literal = await startWorker('seed-literal');
    db.exec('BEGIN IMMEDIATE');
    const patient = patched.run('initDatabase', file);
    const refused = await literal.run('initDatabase', file);
    expect(refused).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(refused.ms).toBeLessThan(2_000);
    db.exec('COMMIT');
    expect(await patient).toMatchObject({ ok: true });
  });

  test('a legacy database keeps its rows and gets the columns that came later', async () => {
    const file = newFile();
    copyFileSync(LEGACY_DATABASE, file);
    await using worker = await startWorker('patched');
    expect(await worker.run('initDatabase', file)).toMatchObject({ ok: true });
    using db = openHere(file);
    expect(db.prepare('SELECT count(*) AS rows, sum(is_bot_message) AS replies FROM messages').get()).toEqual({
      rows: 44,
      replies: 4,
    });
    expect(db.prepare('SELECT count(*) FROM chats WHERE is_group').pluck().get()).toBe(3);
    expect(db.prepare("SELECT count(*) FROM scheduled_tasks WHERE context_mode = 'isolated'").pluck().get()).toBe(3);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('foreign_key_check')).toEqual([]);
  });
});

describe('transactions that read first', () => {
  test('wait for another writer; the seed-literal module is refused at once', async () => {
    const file = newFile();
    await using patched = await startWorker('patched');
    await using literal = await startWorker('seed-literal');
    for (const worker of [patched, literal]) {
      expect(await worker.run('initDatabase', file)).toMatchObject({ ok: true });
      expect(await worker.run('storeMessage', MESSAGE)).toMatchObject({ ok: true });
    }
    using db = openHere(file);
    db.exec('BEGIN IMMEDIATE');
    const patient = patched.run('storeMessage', { ...MESSAGE, id: 'patient' });
    const refused = await literal.run('storeMessage', { ...MESSAGE, id: 'refused' });
    expect(refused).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(refused.ms).toBeLessThan(2_000);
    db.exec('COMMIT');
    expect(await patient).toMatchObject({ ok: true });
    expect(db.prepare('SELECT id FROM messages ORDER BY rowid').pluck().all()).toEqual(['m1', 'patient']);
  });

  test('four processes storing at once are never refused', async () => {
    const file = newFile();
    await using workers = new AsyncDisposableStack();
    const all: DbWorker[] = [];
    for (let n = 0; n < 4; n++) all.push(workers.use(await startWorker('patched')));
    expect(failures(await Promise.all(all.map((worker) => worker.run('initDatabase', file))))).toEqual([]);
    const stored = await Promise.all(all.map((worker, n) => worker.run('storeMany', `writer-${n}`, 1_000)));
    expect(failures(stored)).toEqual([]);
    using db = openHere(file);
    expect(db.prepare('SELECT count(*) FROM messages').pluck().get()).toBe(4_000);
  });
});

describe('variants', () => {
  const HOLD_MS = 7_000;
  const DRIVER_TIMEOUT_MS = 5_000;
  const WAYS = ['patched', 'driver-default', 'unpatched'] as const;

  /** One file per module: one patched process converts the file for everybody. */
  async function eachOnItsOwnFile(
    contend: (db: Database.Database) => AsyncDisposable | Disposable,
  ): Promise<Record<(typeof WAYS)[number], Outcome>> {
    const outcomes = WAYS.map(async (variant) => {
      const file = newFile();
      await using worker = await startWorker(variant);
      expect(await worker.run('initDatabase', file)).toMatchObject({ ok: true });
      expect(await worker.run('storeMessage', MESSAGE)).toMatchObject({ ok: true });
      using db = openHere(file);
      await using _contention = contend(db);
      // One statement, which the busy handler covers: what is refused here is refused for its timeout alone.
      return [variant, await worker.run('setRouterState', 'last_timestamp', MESSAGE.timestamp)] as const;
    });
    return Object.fromEntries(await Promise.all(outcomes)) as Record<(typeof WAYS)[number], Outcome>;
  }

  test('a lock held for 7 s', async () => {
    const outcomes = await eachOnItsOwnFile((db) => {
      db.exec('BEGIN IMMEDIATE');
      const released = delay(HOLD_MS).then(() => db.exec('COMMIT'));
      return { [Symbol.asyncDispose]: async () => void (await released) };
    });
    // The driver's 5 s are over before the lock is; 30 s are not; and 0 is at once.
    expect(outcomes['driver-default']).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(outcomes['driver-default'].ms).toBeGreaterThan(DRIVER_TIMEOUT_MS - 100);
    expect(outcomes.unpatched).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(outcomes.unpatched.ms).toBeLessThan(1_000);
    expect(outcomes.patched).toMatchObject({ ok: true });
    expect(outcomes.patched.ms).toBeGreaterThan(DRIVER_TIMEOUT_MS);
  });

  test('an open reader against an insert', async () => {
    const outcomes = await eachOnItsOwnFile((db) => {
      const reader = db.prepare('SELECT * FROM messages').iterate();
      reader.next();
      return { [Symbol.dispose]: () => void reader.return?.() };
    });
    // In WAL mode a reader is in nobody's way; under a rollback journal the commit has to wait until it is gone.
    expect(outcomes['driver-default']).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(outcomes['driver-default'].ms).toBeGreaterThan(DRIVER_TIMEOUT_MS - 100);
    expect(outcomes.unpatched).toMatchObject({ ok: false, code: 'SQLITE_BUSY' });
    expect(outcomes.unpatched.ms).toBeLessThan(1_000);
    expect(outcomes.patched).toMatchObject({ ok: true });
    expect(outcomes.patched.ms).toBeLessThan(1_000);
  });

  test.each(MODULES)('%s exports every name of the service definition', async (variant) => {
    await using worker = await startWorker(variant);
    const { value: exported } = (await worker.run('exports')) as { value?: string[] };
    expect(exported).toEqual(expect.arrayContaining([...nanoclaw.dbModuleExports]));
  });
});
