import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { DatabaseFile } from '../model/observation.ts';

/** One file that a process held open from one report to the next. */
export interface HeldFile {
  process: string;
  inode: number;
  fromMs: number;
  untilMs: number;
}

/** What lay under a name, or was held by a process, at some moment within a stretch of time. */
export interface FileWitness {
  /** A process, or `the path`. */
  by: string;
  fromMs: number;
  untilMs: number;
  /** Undefined when there was no such file. */
  inode: number | undefined;
}

/** Two reports in a row of one start of a process that name the same file: it was held all the time between. */
export function heldFiles(evidence: Evidence, file: DatabaseFile): HeldFile[] {
  const held: HeldFile[] = [];
  const before = new Map<string, { atMs: number; inodes: Set<number> }>();
  for (const seen of observationsOf(evidence, 'open-files').toSorted((a, b) => a.atMs - b.atMs)) {
    const key = `${seen.process} ${seen.incarnation}`;
    const inodes = new Set(seen.files.filter((open) => open.file === file).map(({ inode }) => inode));
    const known = before.get(key);
    for (const inode of inodes)
      if (known?.inodes.has(inode)) held.push({ process: seen.process, inode, fromMs: known.atMs, untilMs: seen.atMs });
    before.set(key, { atMs: seen.atMs, inodes });
  }
  return held;
}

/** Everybody's word on what the file is: the path itself, and each process that has it open. */
export function fileWitnesses(evidence: Evidence, file: DatabaseFile): FileWitness[] {
  const path = observationsOf(evidence, 'wal-sample').map(({ atMs, tookMs, inodes }) => ({
    by: 'the path',
    fromMs: atMs,
    untilMs: atMs + tookMs,
    inode: inodes[file],
  }));
  const processes = observationsOf(evidence, 'open-files').flatMap(({ process, atMs, files }) =>
    files
      .filter((open) => open.file === file)
      .map(({ inode }) => ({ by: process, fromMs: atMs, untilMs: atMs, inode: inode as number | undefined })),
  );
  return [...path, ...processes];
}
