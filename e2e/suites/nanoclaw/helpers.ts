import { renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { until } from '../../engine/shared/until.ts';
import { DEADLINE_MS, type NanoclawProcesses } from './service-processes.ts';

/** Waits, and says what for when it was in vain. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  if (!(await until(condition, { deadlineMs: DEADLINE_MS }))) throw new Error(`in vain: ${what}`);
}

export function ipcOf(service: NanoclawProcesses, ...path: string[]): string {
  return join(service.data, 'data', 'ipc', ...path);
}

/** As an agent or the host would: the file is there whole or not at all. */
export function putWhole(path: string, content: unknown): void {
  const temporary = join(dirname(path), '.test.tmp');
  writeFileSync(temporary, typeof content === 'string' ? content : JSON.stringify(content));
  renameSync(temporary, path);
}

/** A connection of the test's own, for locks and for looking. */
export function openDatabase(service: NanoclawProcesses): Database.Database & Disposable {
  const db = new Database(service.database, { timeout: 10_000 });
  return Object.assign(db, { [Symbol.dispose]: () => void db.close() });
}

/** The answer to a call whose process was killed: none. */
export function cutOff(error: unknown): undefined {
  if (!(error instanceof TypeError)) throw error;
}

/** Lines about errors of SQLite, and of loops. A switch to WAL that was refused and tried again is none. */
export function errorsOf(service: NanoclawProcesses, names: readonly string[]): string[] {
  return names
    .flatMap((name) => service.lines(name))
    .filter((line) => /"event":"(sqlite-error|loop-error|ipc-refused)"/.test(line))
    .filter((line) => !(line.includes('"sql":"PRAGMA journal_mode') && line.includes('"phase":"open"')));
}
