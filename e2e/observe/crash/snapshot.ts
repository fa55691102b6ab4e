/**
 * One copy of a database with its -wal, and which of its frames a power cut could still damage.
 *
 * With synchronous NORMAL the -wal is synced before a checkpoint copies its first page, and not before that; the index says up
 * to which frame a checkpoint was attempted. Frames up to there are on the disk whatever happens, all later ones may be there
 * in part. With OFF nothing is ever synced. With FULL each commit is, so at any moment only the transaction under way is open;
 * cuts at every moment since the checkpoint are looked at, since the database has no later page than that.
 */
import { open } from 'node:fs/promises';
import { parseWalIndex, WAL_INDEX_HEAD_BYTES } from '../wal-format.ts';
import { parseWalFrames, type WalFrames } from '../wal-frames.ts';

/** In the head of the -shm, in the machine's order (wal.c, WalCkptInfo.nBackfillAttempted). */
const ATTEMPTED_OFFSET = 128;

export const SYNCHRONOUS = { off: 0, normal: 1, full: 2 } as const;

/** Shared between threads; nobody writes it. */
export interface Snapshot {
  database: Uint8Array;
  wal: Uint8Array;
  /** The -wal of the generation before, which is what lies on the disk where a frame never reached it. */
  stale: Uint8Array | null;
  /** Frames up to which a checkpoint was attempted: pages of the database may be as late as that, and none is later. */
  attempted: number;
  synchronous: number;
}

/** Why there is nothing to look at. */
export type NoSnapshot = 'no -wal' | 'no frame' | 'the index was being written';

/** Reads a copy that was taken while every process was frozen. */
export async function readSnapshot(file: string, synchronous: number): Promise<Snapshot | NoSnapshot> {
  const wal = await sharedBytes(`${file}-wal`);
  const index = await sharedBytes(`${file}-shm`);
  if (wal === null || index === null) return 'no -wal';
  const frames = parseWalFrames(wal);
  if (frames === null || frames.frames === 0) return 'no frame';
  const head = index.subarray(0, WAL_INDEX_HEAD_BYTES);
  const facts = parseWalIndex(head);
  // A writer that begins the -wal anew changes the index first: just then it speaks of frames that are not there yet.
  if (facts === null || facts.salts.join() !== frames.header.salts.join()) return 'the index was being written';
  const attempted = new Uint32Array(Uint8Array.from(head).buffer, ATTEMPTED_OFFSET, 1)[0] ?? 0;
  const database = (await sharedBytes(file)) ?? new Uint8Array();
  return { database, wal, stale: null, attempted: Math.max(attempted, facts.checkpointed), synchronous };
}

/** Frames that no power cut takes, at the moment when a frame is written: the newest commit before it under FULL. */
export function syncedBefore(frame: number, frames: WalFrames, { attempted, synchronous }: Snapshot): number {
  if (synchronous === SYNCHRONOUS.off) return 0;
  if (synchronous === SYNCHRONOUS.normal) return attempted;
  return Math.max(attempted, commitBefore(frame, frames));
}

/** Frames up to and with the newest commit before a frame; 0 without one. */
export function commitBefore(frame: number, { commits }: Pick<WalFrames, 'commits'>): number {
  let from = 0;
  let to = commits.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((commits[middle] as number) < frame) from = middle + 1;
    else to = middle;
  }
  return commits[from - 1] ?? 0;
}

/** Read where the threads see it: a -wal of 40 MB is in memory once. Null for a file that is not there. */
async function sharedBytes(file: string): Promise<Uint8Array | null> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    const shared = new Uint8Array(new SharedArrayBuffer(size));
    // A copy that nobody writes: what is missing at the end was not there either.
    const { bytesRead } = size === 0 ? { bytesRead: 0 } : await handle.read(shared, 0, size, 0);
    return shared.subarray(0, bytesRead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
