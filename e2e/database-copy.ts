/** db, -wal, -shm and -journal as they were at one moment. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { copyFiles } from './engine/shared/copy-files.ts';
import type { Stack } from './model/stack.ts';

/** Files of the host that no service knows of. */
export interface DatabaseCopy extends AsyncDisposable {
  /** Path of the database's file; its sidecars lie beside it. */
  file: string;
}

/** Takes one from a stack. In `keepIn` it stays when it is disposed. */
export async function copyOf(stack: Stack, keepIn?: string): Promise<DatabaseCopy> {
  return await copyInto(keepIn, stack.service.database, (folder) => stack.copyDatabase(folder));
}

/** One of a copy, for whoever opens it and thereby changes it. */
export async function twinOf({ file }: DatabaseCopy): Promise<DatabaseCopy> {
  return await copyInto(undefined, file, (folder) => copyFiles(file, folder));
}

async function copyInto(
  keepIn: string | undefined,
  database: string,
  copy: (folder: string) => Promise<unknown>,
): Promise<DatabaseCopy> {
  const folder = keepIn ?? (await mkdtemp(join(tmpdir(), 'walproof-copy-')));
  const remove = async () => {
    if (keepIn === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    await copy(folder);
  } catch (error) {
    await remove();
    throw error;
  }
  return { file: join(folder, basename(database)), [Symbol.asyncDispose]: remove };
}
