/**
 * Lives in the observer container and answers questions about the data folder, one JSON document a line on stdin and
 * stdout. It looks with readdir and stat, and reads the heads of files. It must never open a database through SQLite:
 * closing a file here would then drop its locks (https://sqlite.org/howtocorrupt.html, 2.2).
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type Question =
  /** The files of a folder, which may not exist; paths are relative to `data`. */
  | { id: number; ask: 'files'; data: string; folder: string }
  /** The first bytes of a file; null when it does not exist. */
  | { id: number; ask: 'head'; data: string; path: string; bytes: number }
  /** The type of the filesystem that a folder is mounted from. */
  | { id: number; ask: 'filesystem'; data: string };

export type Answer =
  | { id: number; files: { path: string; bytes: number; inode: number; device: number }[] }
  | { id: number; filesystem: string }
  /** Base64. */
  | { id: number; head: string | null }
  | { id: number; error: string };

function filesOf(data: string, folder: string) {
  const names = unlessAbsent(() => readdirSync(join(data, folder))) ?? [];
  return names.sort().flatMap((name) => {
    const path = join(folder, name);
    // A sidecar can go between the listing and the look at it.
    const seen = unlessAbsent(() => statSync(join(data, path)));
    return seen?.isFile() === true ? [{ path, bytes: seen.size, inode: seen.ino, device: seen.dev }] : [];
  });
}

function headOf(path: string, bytes: number): string | null {
  const file = unlessAbsent(() => openSync(path, 'r'));
  if (file === null) return null;
  try {
    const head = Buffer.alloc(bytes);
    return head.subarray(0, readSync(file, head, 0, bytes, 0)).toString('base64');
  } finally {
    closeSync(file);
  }
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
    if (question.ask === 'head')
      return { id: question.id, head: headOf(join(question.data, question.path), question.bytes) };
    return { id: question.id, filesystem: filesystemOf(question.data) };
  } catch (error) {
    return { id: question.id, error: error instanceof Error ? error.message : String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
}
