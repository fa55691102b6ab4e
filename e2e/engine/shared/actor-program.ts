/**
 * The inside of an actor: reads commands as JSON lines from stdin, carries them out one after the other, and writes for each
 * that it has begun and how it ended. It stands alone, since it is handed into containers as source.
 */
import { copyFileSync, existsSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import type { ActorCommand, OpenOptions } from '../../model/actor.ts';

const DATA = process.env['ACTOR_DATA'] ?? '.';
const DATABASE = process.env['ACTOR_DATABASE'] ?? 'app.db';
/** Oracle V2's db module below the working directory. */
const ORACLE_MODULE = 'src/server/db.ts';
const MARKER_DEADLINE_MS = 20_000;

/** What is used of a driver. */
interface Connection {
  exec(sql: string): unknown;
  all(sql: string): unknown[];
  close(): void;
  backup(to: string): Promise<unknown>;
}

const connections = new Map<string, Connection>();

function connectionOf(name = 'main'): Connection {
  const found = connections.get(name);
  if (found === undefined) throw new Error(`no connection ${name} is open`);
  return found;
}

function open(options: OpenOptions): void {
  const path = join(DATA, options.file ?? DATABASE);
  const connection = connect(path, options);
  connections.set(options.connection ?? 'main', connection);
  for (const pragma of options.pragmas ?? []) connection.all(`PRAGMA ${pragma}`);
}

function connect(path: string, { readonly = false, timeoutMs, driver }: OpenOptions): Connection {
  const Driver = driver === 'libsql' ? libsql() : Database;
  const database = new Driver(path, { readonly, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) });
  return {
    exec: (sql) => database.exec(sql),
    all: (sql) => {
      const statement = database.prepare(sql);
      return statement.reader ? statement.all() : [statement.run()];
    },
    close: () => database.close(),
    backup: (to) => database.backup(to),
  };
}

/** Its API is better-sqlite3's. Loaded when asked for: images of the services do not have it. */
function libsql(): typeof Database {
  return createRequire(join(process.cwd(), 'actor.js'))('libsql') as typeof Database;
}

async function carryOut(command: ActorCommand): Promise<unknown> {
  switch (command.do) {
    case 'open':
      return open(command);
    case 'exec':
      connectionOf(command.connection).exec(command.sql.replaceAll('{data}', DATA));
      return;
    case 'all':
      return connectionOf(command.connection).all(command.sql);
    case 'close':
      connectionOf(command.connection).close();
      connections.delete(command.connection ?? 'main');
      return;
    case 'backup':
      return await connectionOf(command.connection).backup(join(DATA, command.to));
    case 'hammer':
      return hammer(command);
    case 'oracle-transaction':
      return await oracleTransaction(command);
    default:
      return touchFiles(command);
  }
}

type FileCommand = Extract<ActorCommand, { do: `${string}-${'file' | 'files'}` }>;

function touchFiles(command: FileCommand): void {
  switch (command.do) {
    case 'copy-file':
      copyFileSync(join(DATA, command.from), join(DATA, command.to));
      return;
    case 'truncate-file':
      truncateSync(join(DATA, command.path), command.bytes);
      return;
    case 'fill-file':
      writeFileSync(join(DATA, command.path), Buffer.alloc(command.bytes, 1));
      return;
    case 'remove-files':
      for (const path of command.paths) rmSync(join(DATA, path), { force: true });
  }
}

function hammer({ sql, forMs, connection }: Extract<ActorCommand, { do: 'hammer' }>): number {
  const deadline = performance.now() + forMs;
  let succeeded = 0;
  while (performance.now() < deadline) {
    try {
      connectionOf(connection).all(sql);
      succeeded++;
    } catch (error) {
      if (!codeOf(error).startsWith('SQLITE_BUSY')) throw error;
    }
  }
  return succeeded;
}

/** What of the db module is used here. */
interface OracleModule {
  openDatabase(path: string): Database.Database;
  writeTransaction<T>(sqlite: Database.Database, work: () => T): T;
}

let oracle: { module: OracleModule; database: Database.Database } | undefined;

async function oracleTransaction(command: Extract<ActorCommand, { do: 'oracle-transaction' }>): Promise<void> {
  if (oracle === undefined) {
    const module = (await import(pathToFileURL(join(process.cwd(), ORACLE_MODULE)).href)) as OracleModule;
    oracle = { module, database: module.openDatabase(join(DATA, DATABASE)) };
  }
  const { module, database } = oracle;
  module.writeTransaction(database, () => {
    database.prepare(command.before).all();
    writeFileSync(join(DATA, `${command.between}.reached`), '');
    awaitMarker(join(DATA, command.between));
    // What the write takes is what the operator would see; the waiting here is ours.
    beganAt = performance.now();
    database.prepare(command.after).run();
  });
}

/** The transaction is synchronous, and so is its waiting. */
function awaitMarker(path: string): void {
  const deadline = performance.now() + MARKER_DEADLINE_MS;
  while (!existsSync(path)) {
    if (performance.now() > deadline) throw new Error(`${path} did not appear within ${MARKER_DEADLINE_MS} ms`);
    standStill(5);
  }
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'ERROR';
}

/** Synchronous: a process that is about to stand still in a lock has told so before. */
function tell(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

/** When the command in hand began. */
let beganAt = 0;
const elapsedMs = (): number => Math.round((performance.now() - beganAt) * 10) / 10;

async function answer(id: number, command: ActorCommand): Promise<void> {
  tell({ id, started: true });
  beganAt = performance.now();
  try {
    const value = (await carryOut(command)) ?? null;
    tell({ id, ok: true, value, elapsedMs: elapsedMs() });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell({ id, ok: false, code: codeOf(error), message, elapsedMs: elapsedMs() });
  }
}

let queue: Promise<void> = Promise.resolve();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { id, ...command } = JSON.parse(line) as ActorCommand & { id: number };
  queue = queue.then(() => answer(id, command));
});
// The harness is gone; a connection that is still open is left as a killed process leaves it.
lines.on('close', () => process.exit(0));
