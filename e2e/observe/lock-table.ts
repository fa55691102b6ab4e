/**
 * The kernel's table of file locks, /proc/locks (proc_locks(5)), and SQLite's names for the bytes that it locks. Reading it
 * opens no database file, so it drops nobody's locks, and the process that reads it has none.
 */
import { readFileSync } from 'node:fs';

const TABLE = '/proc/locks';

export interface KernelLock {
  mode: 'shared' | 'exclusive';
  /** As this process sees it; -1 for a lock that belongs to an open file instead of a process. */
  pid: number;
  /** `major:minor` of the filesystem, in the kernel's hexadecimal. */
  device: string;
  inode: number;
  fromByte: number;
  /** Inclusive. */
  toByte: number;
  /** Not held yet: it waits for another. SQLite itself never waits this way. */
  waits: boolean;
}

/** Which file of a database a lock is on. */
export type LockedFile = 'db' | '-shm';

/** https://sqlite.org/walformat.html#wal_locks: bytes of the -shm, the first of them 120. */
const INDEX_FIRST_BYTE = 120;
const INDEX_LOCKS = ['WRITE', 'CKPT', 'RECOVER', 'READ0', 'READ1', 'READ2', 'READ3', 'READ4', 'DMS'] as const;
/** https://sqlite.org/src/file/src/os.h: bytes of the database file, from 1 GiB on. */
const PENDING_BYTE = 0x40000000;
const RESERVED_BYTE = PENDING_BYTE + 1;
const SHARED_FIRST = PENDING_BYTE + 2;
const SHARED_LAST = SHARED_FIRST + 509;

export type LockName = (typeof INDEX_LOCKS)[number] | 'PENDING' | 'RESERVED' | 'SHARED' | 'EXCLUSIVE';

const LINE =
  /^\d+:\s+(->\s+)?(?:POSIX|OFDLCK)\s+\S+\s+(READ|WRITE)\s+(-?\d+)\s+([0-9a-f]+:[0-9a-f]+):(\d+)\s+(\d+)\s+(\d+|EOF)$/;

/** The byte-range locks of a table, those on `inodes` alone when given. Lines that are none are left out. */
export function parseLockTable(text: string, inodes?: ReadonlySet<number>): KernelLock[] {
  const locks: KernelLock[] = [];
  for (const line of text.split('\n')) {
    const [, waits, mode, pid, device, inode, from, to] = LINE.exec(line.trimEnd()) ?? [];
    if (device === undefined || (inodes !== undefined && !inodes.has(Number(inode)))) continue;
    locks.push({
      mode: mode === 'WRITE' ? 'exclusive' : 'shared',
      pid: Number(pid),
      device,
      inode: Number(inode),
      fromByte: Number(from),
      toByte: to === 'EOF' ? Number.POSITIVE_INFINITY : Number(to),
      waits: waits !== undefined,
    });
  }
  return locks;
}

/** The table as it is now; null where the kernel shows none. */
export function readLockTable(inodes?: ReadonlySet<number>): KernelLock[] | null {
  try {
    return parseLockTable(readFileSync(TABLE, 'utf8'), inodes);
  } catch {
    return null;
  }
}

/** What SQLite calls the bytes that are locked. The kernel joins neighbours that one process holds alike, so there may be several. */
export function lockNames({ mode, fromByte, toByte }: KernelLock, file: LockedFile): LockName[] {
  const touches = (from: number, to: number) => fromByte <= to && toByte >= from;
  if (file === '-shm') return INDEX_LOCKS.filter((_, n) => touches(INDEX_FIRST_BYTE + n, INDEX_FIRST_BYTE + n));
  const names: LockName[] = [];
  if (touches(PENDING_BYTE, PENDING_BYTE)) names.push('PENDING');
  if (touches(RESERVED_BYTE, RESERVED_BYTE)) names.push('RESERVED');
  if (touches(SHARED_FIRST, SHARED_LAST)) names.push(mode === 'exclusive' ? 'EXCLUSIVE' : 'SHARED');
  return names;
}

/** `major:minor` of a device number of stat(2), as the kernel writes it in its tables. */
export function deviceName(dev: number): string {
  const wide = BigInt(dev);
  const major = Number(((wide >> 8n) & 0xfffn) | ((wide >> 32n) & ~0xfffn));
  const minor = Number((wide & 0xffn) | ((wide >> 12n) & ~0xffn & 0xffffffffn));
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`;
}
