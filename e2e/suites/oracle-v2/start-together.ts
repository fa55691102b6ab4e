/** Rounds in which several processes open and migrate one file at the same moment, while another process reads it. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Attestation } from '../../../fixtures/service-kit/src/attest.ts';
import type { Outcome } from './db-commands.ts';
import { type DbWorker, LEGACY_DATABASE, MIGRATIONS } from './db-workers.ts';

/** Time for the command to reach every worker; then all of them start by the clock. */
const LEAD_MS = 20;

export interface Round {
  file: string;
  opened: Outcome<Attestation[]>[];
  /** `code: message` of whoever was refused, the reader included. */
  refusals: string[];
}

/** Every round has a file of its own, copied from `start`; null begins with no file. The caller looks at it, then removes `home`. */
export async function startTogether(
  workers: readonly DbWorker[],
  reader: DbWorker,
  home: string,
  start: string | null,
): Promise<Round> {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  const file = join(home, 'oracle.db');
  if (start !== null) copyFileSync(start, file);
  const stop = join(home, 'stop');
  const reading = reader.run('readUntil', file, stop);
  const atMs = Date.now() + LEAD_MS;
  const opened = await Promise.all(workers.map((worker) => worker.run('open', file, MIGRATIONS, atMs)));
  await Promise.all(workers.map((worker) => worker.run('close')));
  writeFileSync(stop, '');
  const refusals = [...opened, await reading].flatMap((outcome) =>
    outcome.ok ? [] : [`${outcome.code}: ${outcome.message}`],
  );
  return { file, opened, refusals };
}

/** The legacy database as a WAL file, its newer migrations still pending. */
export function legacyInWal(folder: string): string {
  const file = join(folder, 'legacy-in-wal.db');
  copyFileSync(LEGACY_DATABASE, file);
  const connection = new Sqlite(file);
  connection.pragma('journal_mode = WAL');
  connection.close();
  return file;
}
