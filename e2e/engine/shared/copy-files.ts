import { copyFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DATABASE_SUFFIXES } from './database-files.ts';
import { asDiskFull } from './disk-full.ts';

/**
 * Copies a database with its sidecars, as they are, into a folder, and returns the copies' paths. Nobody may write to them
 * meanwhile, and this process must not have the database open.
 */
export async function copyFiles(file: string, toDir: string): Promise<string[]> {
  const copied: string[] = [];
  for (const suffix of DATABASE_SUFFIXES) {
    const target = join(toDir, `${basename(file)}${suffix}`);
    // A sidecar of an earlier copy would be taken for one of this copy.
    await rm(target, { force: true });
    if (await copyIfPresent(`${file}${suffix}`, target)) copied.push(target);
  }
  return copied;
}

async function copyIfPresent(source: string, target: string): Promise<boolean> {
  try {
    await copyFile(source, target);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw asDiskFull(error, target);
  }
}
