/** Which Chromium the tests of pages drive: one that is installed, never one that is downloaded. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../model/errors.ts';

export type BrowserAvailability =
  | { ok: true; path: string; version: string }
  | { ok: false; reason: string; next: string };

/** Debian's, then Google's, as a GitHub runner has it. */
const NAMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'] as const;
/** A first start from a cold disk takes seconds. */
const VERSION_DEADLINE_MS = 30_000;

/** CHROMIUM_PATH when it is set, else the first that is on the PATH; what cannot say its version does not count. */
export async function browserAvailability(env: NodeJS.ProcessEnv = process.env): Promise<BrowserAvailability> {
  const wished = env['CHROMIUM_PATH'];
  const path = wished ?? installed(env['PATH'] ?? '');
  const next = 'run e2e/suites/browser/provision-browser.sh as root on Debian, or set CHROMIUM_PATH';
  if (path === undefined) return { ok: false, reason: `none of ${NAMES.join(', ')} is installed`, next };
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: VERSION_DEADLINE_MS });
    return { ok: true, path, version: stdout.trim() };
  } catch (error) {
    return { ok: false, reason: `${path} does not start: ${messageOf(error)}`, next };
  }
}

function installed(searchPath: string): string | undefined {
  const folders = searchPath.split(delimiter).filter(Boolean);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
