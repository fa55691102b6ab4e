/**
 * Lives in the observer container and answers questions about the data folder, one JSON document a line on stdin and
 * stdout. It looks with readdir and stat only: it must never open a database file.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type Question =
  /** The files of a folder, which may not exist; paths are relative to `data`. */
  | { id: number; ask: 'files'; data: string; folder: string }
  /** The type of the filesystem that a folder is mounted from. */
  | { id: number; ask: 'filesystem'; data: string };

export type Answer =
  | { id: number; files: { path: string; bytes: number; inode: number }[] }
  | { id: number; filesystem: string }
  | { id: number; error: string };

function filesOf(data: string, folder: string) {
  const names = unlessAbsent(() => readdirSync(join(data, folder))) ?? [];
  return names.sort().flatMap((name) => {
    const path = join(folder, name);
    // A sidecar can go between the listing and the look at it.
    const seen = unlessAbsent(() => statSync(join(data, path)));
    return seen?.isFile() === true ? [{ path, bytes: seen.size, inode: seen.ino }] : [];
  });
}

function unlessAbsent<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Fields as in proc_pid_mountinfo(5): the mount point is the fifth, the type is the first after the hyphen. */
function filesystemOf(folder: string): string {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  const [, type] = mounts.findLast((line) => line.split(' ')[4] === folder)?.split(' - ') ?? [];
  return type?.split(' ')[0] ?? `0x${statSync(folder).dev.toString(16)}`;
}

function answer(question: Question): Answer {
  try {
    if (question.ask === 'files') return { id: question.id, files: filesOf(question.data, question.folder) };
    return { id: question.id, filesystem: filesystemOf(question.data) };
  } catch (error) {
    return { id: question.id, error: error instanceof Error ? error.message : String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
}
