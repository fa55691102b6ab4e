/** Which processes have the files of a database open, by their descriptors. Nothing is opened here: names and inodes only. */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';

export const SUFFIXES = ['', '-wal', '-shm', '-journal'] as const;
const DELETED = ' (deleted)';

export interface OpenFile {
  pid: number;
  file: (typeof SUFFIXES)[number];
  inode: number;
  /** One of the files that have these names now; else one that had such a name. */
  isPresent: boolean;
  deleted: boolean;
}

export interface Openers {
  files: OpenFile[];
  /** Processes whose descriptors this one may not read. */
  unreadable: number;
}

/**
 * A path says little: in a container the same file has another one. So every descriptor with the right last name is looked at,
 * and every one of the processes in `holders`, which have locks on these files, whatever they call them.
 */
export function openersOf(
  realPath: string,
  inodes: ReadonlyMap<string, OpenFile['file']>,
  holders: ReadonlySet<number>,
): Openers {
  const names = new Map<string, OpenFile['file']>(SUFFIXES.map((suffix) => [`${basename(realPath)}${suffix}`, suffix]));
  const files: (OpenFile & { hadThisPath: boolean })[] = [];
  let unreadable = 0;
  for (const entry of namesIn('/proc') ?? []) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const descriptors = namesIn(`/proc/${pid}/fd`);
    if (descriptors === null) unreadable++;
    for (const descriptor of descriptors ?? []) {
      const link = unlessGone(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? '';
      if (!link.startsWith('/') || link.startsWith('/dev/')) continue;
      const deleted = link.endsWith(DELETED);
      const named = names.get(basename(deleted ? link.slice(0, -DELETED.length) : link));
      if (named === undefined && !holders.has(pid)) continue;
      const facts = unlessGone(() => statSync(`/proc/${pid}/fd/${descriptor}`));
      if (facts === null) continue;
      const known = inodes.get(`${facts.dev}:${facts.ino}`);
      const file = known ?? (deleted ? named : undefined);
      if (file === undefined) continue;
      const isPresent = known !== undefined;
      const hadThisPath = link.slice(0, -DELETED.length) === `${realPath}${file}`;
      files.push({ pid, file, inode: facts.ino, isPresent, deleted, hadThisPath });
    }
  }
  return { files: ofThisDatabase(files), unreadable };
}

/** In a container a path says nothing: a deleted file of the right name counts with one that is there, in one process. */
function ofThisDatabase(files: readonly (OpenFile & { hadThisPath: boolean })[]): OpenFile[] {
  const users = new Set(files.filter(({ isPresent }) => isPresent).map(({ pid }) => pid));
  const seen = new Map<string, OpenFile>();
  for (const { hadThisPath, ...each } of files)
    if (each.isPresent || hadThisPath || users.has(each.pid)) seen.set(`${each.pid} ${each.file} ${each.inode}`, each);
  return [...seen.values()];
}

function namesIn(folder: string): string[] | null {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? null : [];
  }
}

function unlessGone<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}
