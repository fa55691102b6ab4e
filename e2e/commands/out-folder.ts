import { mkdir, readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, WalproofError } from '../model/errors.ts';

/** What is there already stays: nobody's files are written over. */
export async function emptyFolder(out: string): Promise<string> {
  const path = resolve(out);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if ((await readdir(path)).length === 0) return path;
  } catch (error) {
    throw new WalproofError('USAGE', `--out ${path} cannot be made: ${messageOf(error)}`, 'choose a writable folder', {
      cause: error,
    });
  }
  throw new WalproofError('USAGE', `--out ${path} is not empty`, 'name a new folder, or an empty one');
}
