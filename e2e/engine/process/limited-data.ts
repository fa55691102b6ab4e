import { execFile, execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, WalproofError } from '../../model/errors.ts';
import { FOLDER_PREFIX, type StackFolder } from './folder.ts';

const run = promisify(execFile);
const TRIAL_BYTES = 2 ** 20;

/** Why no filesystem can be mounted here; null when one can. Found out by mounting one: a root without rights looks like any other. */
export async function whyNoDataLimit(): Promise<string | null> {
  const needs = 'a small filesystem must be mounted for it, which takes root on Linux (CAP_SYS_ADMIN)';
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return needs;
  const trial = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}trial-`));
  try {
    await mountAt(trial, TRIAL_BYTES);
    await run('umount', [trial]);
    return null;
  } catch (error) {
    return `${needs}: ${messageOf(error).trim().split('\n').at(-1)}`;
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

/** Puts the data folder, still empty, on a tmpfs of its own: the one filesystem that needs neither a device nor tools. */
export async function limitData({ data }: StackFolder, bytes: number): Promise<void> {
  const reason = await whyNoDataLimit();
  if (reason !== null) {
    throw new WalproofError('FAULT_UNAVAILABLE', `a data folder of ${bytes} bytes: ${reason}`, 'use --engine docker');
  }
  await mountAt(data, bytes);
}

async function mountAt(folder: string, bytes: number): Promise<void> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0755,nosuid,nodev`, 'walproof', folder]);
}

/** Removes a stack's folder, and the filesystem below it where there is one. Nothing may run on it any more. */
export function removeFolder(path: string): void {
  const data = join(path, 'data');
  if (isMounted(data)) execFileSync('umount', [data], { stdio: 'pipe' });
  rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 });
}

function isMounted(folder: string): boolean {
  const facts = statSync(folder, { throwIfNoEntry: false });
  return facts !== undefined && facts.dev !== statSync(dirname(folder)).dev;
}
