import { open, stat } from 'node:fs/promises';
import { messageOf } from '../model/errors.ts';
import { parseWalIndex, WAL_INDEX_HEAD_BYTES } from '../observe/wal-format.ts';
import type { WalNow } from './state.ts';

/** Before the first look, and where one fails. */
export const NOTHING_SEEN: WalNow = {
  dbBytes: null,
  walBytes: null,
  shmBytes: null,
  frames: null,
  backlog: null,
  backlogBytes: null,
  problem: 'not looked at yet',
};

/**
 * The files of a database from outside. The head of the -shm is read by plain file I/O: this process never opens the
 * database through SQLite, so that there is no lock to lose (https://sqlite.org/howtocorrupt.html, 2.2).
 */
export async function lookAtFiles(database: string): Promise<WalNow> {
  const head = Buffer.alloc(WAL_INDEX_HEAD_BYTES);
  try {
    const [db, wal, shm] = await Promise.all(['', '-wal', '-shm'].map((suffix) => sizeOf(`${database}${suffix}`)));
    const index = shm === null ? null : parseWalIndex(head.subarray(0, await readHead(`${database}-shm`, head)));
    const backlog = index === null ? null : Math.max(0, index.frames - index.checkpointed);
    return {
      dbBytes: db ?? null,
      walBytes: wal ?? null,
      shmBytes: shm ?? null,
      frames: index?.frames ?? null,
      backlog,
      backlogBytes: index === null || backlog === null ? null : backlog * index.pageSize,
      problem: null,
    };
  } catch (error) {
    return { ...NOTHING_SEEN, problem: messageOf(error).slice(0, 200) };
  }
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** How many bytes there were; none when the file has gone meanwhile. */
async function readHead(file: string, into: Buffer): Promise<number> {
  try {
    await using handle = await open(file, 'r');
    return (await handle.read(into, 0, into.length, 0)).bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
