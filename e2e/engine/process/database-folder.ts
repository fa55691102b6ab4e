import { open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileFacts } from '../../model/stack.ts';
import { WAL_INDEX_HEAD_BYTES } from '../shared/database-files.ts';

/** The files beside the database, the database included; none when the folder does not exist yet. */
export async function listDatabaseFolder(data: string, database: string): Promise<FileFacts[]> {
  const folder = dirname(database);
  const names = await unlessAbsent(readdir(join(data, folder)));
  const facts = (names ?? []).sort().map(async (name) => {
    const path = join(folder, name);
    // A sidecar can go between the listing and the look at it.
    const seen = await unlessAbsent(stat(join(data, path)));
    return seen?.isFile() === true ? [{ path, bytes: seen.size, inode: seen.ino, device: seen.dev }] : [];
  });
  return (await Promise.all(facts)).flat();
}

/**
 * The head of the -shm file; null when there is none. Plain reads are safe in this process, which never has the database
 * open: it holds no lock that the close could drop.
 */
export async function readWalIndexHead(data: string, database: string): Promise<Uint8Array | null> {
  const handle = await unlessAbsent(open(join(data, `${database}-shm`), 'r'));
  if (handle === null) return null;
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(WAL_INDEX_HEAD_BYTES), 0, WAL_INDEX_HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function unlessAbsent<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
