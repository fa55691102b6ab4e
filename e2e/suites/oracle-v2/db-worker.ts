/**
 * A process that works with a db module on command, for tests that need several OS processes on one file. It lives for
 * many rounds, since starting Node costs more than a round. Usage: `fork(db-worker.ts, [url of the db module])`.
 */
import { existsSync, writeFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type * as DbModule from '../../../fixtures/oracle-v2/src/server/db.ts';
import { sql } from '../../../fixtures/oracle-v2/src/server/drizzle.ts';
import { attest } from '../../../fixtures/service-kit/src/attest.ts';
import { describeError } from '../../../fixtures/service-kit/src/logger.ts';
import type { Outcome, WorkerCommand, WorkerCommands } from './db-commands.ts';

const module = (await import(process.argv[2] ?? '')) as typeof DbModule;
const WAIT_MS = 20_000;

let connections: ReturnType<typeof module.createDatabase> | undefined;
let plain: Sqlite.Database | undefined;

const commands: WorkerCommands = {
  open(file, migrations, atMs) {
    // All workers spin on the same clock: an IPC message alone would let them start milliseconds apart.
    while (Date.now() < atMs);
    connections = module.createDatabase(file);
    if (migrations !== null) module.migrateDatabase(connections.db, migrations);
    return [attest(connections.sqlite, 1), attest(connections.db.$client, 2)];
  },
  close() {
    module.closeDatabase();
    connections = undefined;
    return null;
  },
  write(key, value) {
    const { sqlite } = opened();
    module.writeTransaction(sqlite, () => upsert(sqlite, key, value));
    return null;
  },
  readThenWrite(kind, key, hasReadFile, goOnFile) {
    const { sqlite, db } = opened();
    const work = (): void => {
      sqlite.prepare('SELECT count(*) FROM settings').get();
      step(hasReadFile, goOnFile);
      upsert(sqlite, key, 'after reading');
    };
    const typedWork = (tx: Pick<typeof db, 'all' | 'run'>): void => {
      tx.all(sql`SELECT count(*) FROM settings`);
      step(hasReadFile, goOnFile);
      tx.run(sql`INSERT INTO settings (key, value, updated_at) VALUES (${key}, 'after reading', 0)`);
    };
    if (kind === 'raw') module.writeTransaction(sqlite, work);
    else if (kind === 'drizzle') module.drizzleTransaction(db, typedWork);
    else db.transaction(typedWork);
    return null;
  },
  plainOpen(file, timeoutMs) {
    plain = new Sqlite(file, { timeout: timeoutMs });
    return null;
  },
  plainExec(source) {
    plainOpened().exec(source);
    return null;
  },
  plainClose() {
    plain?.close();
    plain = undefined;
    return null;
  },
  holdFor(begin, holdMs) {
    plainOpened().exec(begin);
    setTimeout(() => plain?.exec('ROLLBACK'), holdMs);
    return null;
  },
  readUntil(file, stopFile) {
    return readUntil(file, stopFile);
  },
};

function opened(): NonNullable<typeof connections> {
  if (connections === undefined) throw new Error('no database is open in this worker');
  return connections;
}

function plainOpened(): Sqlite.Database {
  if (plain === undefined) throw new Error('no plain connection is open in this worker');
  return plain;
}

function upsert(database: Sqlite.Database, key: string, value: string): void {
  database
    .prepare('INSERT INTO settings (key, value, updated_at) VALUES (?, ?, 0) ON CONFLICT(key) DO UPDATE SET value = ?')
    .run(key, value, value);
}

/** Says that the read is done and waits, inside the transaction, until the other process has had its turn. */
function step(hasReadFile: string, goOnFile: string): void {
  writeFileSync(hasReadFile, '');
  waitFor(goOnFile);
}

function waitFor(file: string): void {
  const deadline = Date.now() + WAIT_MS;
  while (!existsSync(file)) {
    if (Date.now() > deadline) throw new Error(`waited ${WAIT_MS} ms in vain for ${file}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
}

/** Reads again and again, each time on a new connection and in a transaction, until the stop file is there. */
function readUntil(file: string, stopFile: string): { reads: number } {
  waitFor(file);
  let reads = 0;
  while (!existsSync(stopFile)) {
    const reader = new Sqlite(file, { timeout: WAIT_MS });
    reader.transaction(() => {
      const table = reader.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'oracle_documents'`).get();
      if (table !== undefined) reader.prepare('SELECT count(*) FROM oracle_documents').get();
    })();
    reader.close();
    reads++;
  }
  return { reads };
}

process.on('message', (command: WorkerCommand) => {
  const startedAt = performance.now();
  let outcome: Outcome<unknown>;
  try {
    const run = commands[command.name] as (...args: unknown[]) => unknown;
    outcome = { ok: true, value: run(...command.args), elapsedMs: performance.now() - startedAt };
  } catch (error) {
    const ownCode = (error as { code?: string }).code ?? null;
    outcome = { ok: false, ...describeError(error), ownCode, elapsedMs: performance.now() - startedAt };
  }
  process.send?.({ id: command.id, outcome });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ id: 0, outcome: { ok: true, value: null, elapsedMs: 0 } });
