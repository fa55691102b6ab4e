import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileFacts } from '../../model/stack.ts';

/** The files beside the database, the database included; none when the folder does not exist yet. */
export async function listDatabaseFolder(data: string, database: string): Promise<FileFacts[]> {
  const folder = dirname(database);
  const names = await unlessAbsent(readdir(join(data, folder)));
  const facts = (names ?? []).sort().map(async (name) => {
    const path = join(folder, name);
    // A sidecar can go between the listing and the look at it.
    const seen = await unlessAbsent(stat(join(data, path)));
    return seen?.isFile() === true ? [{ path, bytes: seen.size, inode: seen.ino }] : [];
  });
  return (await Promise.all(facts)).flat();
}

async function unlessAbsent<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
