/** Gives SQLite the files of one image, as a service finds them when the power is back. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { CrashLooks } from '../model/crash.ts';
import { messageOf } from '../model/errors.ts';
import { lookAt } from '../observe/crash/looks.ts';
import type { Recovered } from './judge.ts';
import type { Suffix } from './trace.ts';

export function recover(files: ReadonlyMap<Suffix, Uint8Array>, folder: string, looks: CrashLooks): Recovered {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'image.db');
  for (const [suffix, bytes] of files) writeFileSync(`${file}${suffix}`, bytes);
  try {
    const database = new Database(file);
    try {
      const { complaints, keys } = lookAt(database, looks);
      return { keys: keys[0] ?? [], complaints: complaints.map(({ said }) => said) };
    } finally {
      database.close();
    }
  } catch (error) {
    return { keys: [], complaints: [messageOf(error)] };
  }
}
