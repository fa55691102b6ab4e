/** Looks at a database from outside: files, locks, processes. It holds no lock, writes nothing, and may be run at any time. */
import { deviceName, type KernelLock, lockNames, readLockTable } from '../observe/lock-table.ts';
import { commandOf, containerIdOf, processFacts } from '../observe/process-facts.ts';
import { adviceOn } from './advice.ts';
import type { DatabaseHeader } from './database-header.ts';
import type {
  DatabaseFacts,
  IndexFacts,
  Inspection,
  LockFact,
  LostFile,
  OldestReader,
  ProcessFact,
  WalFacts,
} from './facts.ts';
import { filesystemOf } from './filesystem.ts';
import { type Openers, type OpenFile, openersOf, SUFFIXES } from './openers.ts';
import { fileAt, type Located, locate, readDatabase, readIndex, readJournal, readWal } from './read-files.ts';
import { SqliteVersions } from './sqlite-version.ts';

/** Names of containers by their ids; ids that are not known stay as they are. */
export type NameContainers = (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;

const FRAME_HEADER_BYTES = 24;

/**
 * @param isCopy nobody uses the file, so who holds what does not matter.
 * @throws WalproofError DATABASE_MISSING, DATABASE_UNREADABLE or NOT_A_DATABASE.
 */
export async function inspect(file: string, nameContainers: NameContainers, isCopy = false): Promise<Inspection> {
  const located = locate(file);
  const read = readDatabase(located);
  const inWal = readWal(located.path);
  const wal = inWal?.wal ?? null;
  const shm = inWal === null ? readIndex(located.path) : inWal.index;
  const inodes = presentInodes(located.path);
  const table = isCopy ? null : readLockTable(new Set(inodes.map(({ inode }) => inode)));
  const locks = (table ?? []).filter((lock) =>
    inodes.some((each) => each.inode === lock.inode && each.device === lock.device),
  );
  const openers = isCopy ? null : openersOf(located.path, keysOf(inodes), new Set(locks.map(({ pid }) => pid)));
  const people = await peopleOf(
    [...locks.map(({ pid }) => pid), ...(openers?.files.map(({ pid }) => pid) ?? [])],
    nameContainers,
  );
  const lockFacts = locks.flatMap((lock) => lockFactsOf(lock, inodes, people, shm));
  const found: Omit<Inspection, 'advice'> = {
    database: databaseFacts(read, inWal?.headerInWal ?? null, wal),
    wal,
    sidecars: {
      wal: wal === null ? null : fileAt(wal.path),
      shm: shm ?? fileAt(`${located.path}-shm`),
      journal: readJournal(located.path, table),
      wal2: fileAt(`${located.path}-wal2`),
      lost: lostFiles(openers?.files ?? [], people),
    },
    locks: lockFacts,
    locksUnseen: isCopy ? 'a copy: nobody uses it' : whyUnseen(table, openers),
    processes: processesOf(openers?.files ?? [], lockFacts, people),
    oldestReader: oldestReader(shm, lockFacts),
    filesystem: filesystemOf(located.path, decimal(located)),
  };
  return { ...found, advice: adviceOn(found) };
}

interface PresentFile {
  file: OpenFile['file'];
  inode: number;
  /** Number of stat(2), and as the kernel's tables have it. */
  dev: number;
  device: string;
}

function presentInodes(path: string): PresentFile[] {
  return SUFFIXES.flatMap((file) => {
    const located = unlessMissing(() => locate(`${path}${file}`));
    return located === null
      ? []
      : [{ file, inode: located.stats.ino, dev: located.stats.dev, device: deviceName(located.stats.dev) }];
  });
}

function keysOf(files: readonly PresentFile[]): Map<string, OpenFile['file']> {
  return new Map(files.map(({ dev, inode, file }) => [`${dev}:${inode}`, file]));
}

function decimal({ device }: Located): string {
  return device
    .split(':')
    .map((part) => Number.parseInt(part, 16))
    .join(':');
}

function unlessMissing<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}

function databaseFacts(
  read: Omit<DatabaseFacts, 'headerInWal' | 'missingBytes'>,
  headerInWal: DatabaseHeader | null,
  wal: WalFacts | null,
): DatabaseFacts {
  const { header } = read;
  // With a commit in the -wal the size in the file's own header may be of the past or of the future.
  const pages = wal?.databasePages === null || wal === null ? (header?.pages ?? null) : null;
  const missing = header === null || pages === null ? 0 : pages * header.pageSize - read.bytes;
  return { ...read, headerInWal, missingBytes: Math.max(0, missing) };
}

/** What is told of a pid wherever it appears. */
interface Person {
  process: string;
  container: string | null;
  startedAt: string | null;
  stopped: boolean;
}

async function peopleOf(pids: readonly number[], nameContainers: NameContainers): Promise<Map<number, Person>> {
  const ids = new Map([...new Set(pids)].map((pid) => [pid, containerIdOf(pid)]));
  const wanted = [...new Set([...ids.values()].filter((id) => id !== null))];
  const names = wanted.length === 0 ? new Map<string, string>() : await nameContainers(wanted);
  return new Map(
    [...ids].map(([pid, id]) => {
      const facts = processFacts(pid);
      const startedAt = facts === null ? null : new Date(facts.startedAtMs).toISOString();
      const container = id === null ? null : (names.get(id) ?? id.slice(0, 12));
      return [pid, { process: commandOf(pid), container, startedAt, stopped: facts?.state === 'T' }];
    }),
  );
}

function lockFactsOf(
  lock: KernelLock,
  files: readonly PresentFile[],
  people: ReadonlyMap<number, Person>,
  index: IndexFacts | null,
): LockFact[] {
  const on = files.find(({ inode, device }) => inode === lock.inode && device === lock.device)?.file;
  if (on !== '' && on !== '-shm') return [];
  const person = people.get(lock.pid);
  return lockNames(lock, on === '' ? 'db' : '-shm').map((name) => {
    const [, mark] = /^READ([1-4])$/.exec(name) ?? [];
    return {
      lock: name,
      mode: lock.mode,
      pid: lock.pid,
      process: person?.process ?? 'unknown',
      container: person?.container ?? null,
      since: person?.startedAt ?? null,
      sinceIs: 'process-start',
      waits: lock.waits,
      readsToFrame: mark === undefined ? null : (index?.readMarks[Number(mark)] ?? null),
    };
  });
}

function lostFiles(files: readonly OpenFile[], people: ReadonlyMap<number, Person>): LostFile[] {
  const present = new Set(files.filter(({ isPresent }) => isPresent).map(({ file }) => file));
  return files
    .filter(({ isPresent }) => !isPresent)
    .map(({ file, pid, inode }) => ({
      file: file === '' ? 'db' : file,
      pid,
      process: people.get(pid)?.process ?? 'unknown',
      container: people.get(pid)?.container ?? null,
      how: present.has(file) ? 'replaced' : 'deleted',
      inode,
    }));
}

function whyUnseen(table: KernelLock[] | null, openers: Openers | null): string | null {
  if (table === null) return 'the kernel shows no table of locks here (/proc/locks)';
  if (openers !== null && openers.unreadable > 0)
    return `${openers.unreadable} processes of other users could not be looked into; root sees all`;
  return null;
}

function processesOf(
  files: readonly OpenFile[],
  locks: readonly LockFact[],
  people: ReadonlyMap<number, Person>,
): ProcessFact[] {
  const versions = new SqliteVersions();
  const pids = new Set([...files.map(({ pid }) => pid), ...locks.map(({ pid }) => pid)]);
  return [...pids]
    .sort((a, b) => a - b)
    .flatMap((pid) => {
      const person = people.get(pid);
      if (person === undefined) return [];
      const { version, by } = versions.of(pid);
      return [{ pid, ...person, sqliteVersion: version, sqliteBy: by }];
    });
}

/** The lowest mark that somebody holds below the newest frame. READ0 reads the database alone and pins nothing. */
function oldestReader(index: IndexFacts | null, locks: readonly LockFact[]): OldestReader | null {
  if (index === null || !index.isFilled) return null;
  let oldest: OldestReader | null = null;
  for (const { lock, pid, mode, readsToFrame } of locks) {
    if (mode !== 'shared' || readsToFrame === null || readsToFrame >= index.maxFrame) continue;
    if (oldest === null || readsToFrame < oldest.frame) oldest = { lock, frame: readsToFrame, pids: [pid] };
    else if (readsToFrame === oldest.frame) oldest.pids.push(pid);
  }
  return oldest;
}

/** Bytes of the frames that no checkpoint has copied; null where that is not known. */
export function pendingBytes({ wal, database }: Pick<Inspection, 'wal' | 'database'>): number | null {
  const pageSize = wal?.header?.pageSize ?? database.header?.pageSize;
  if (wal === null || wal.notCheckpointed === null || pageSize === undefined) return null;
  return wal.notCheckpointed * (pageSize + FRAME_HEADER_BYTES);
}
