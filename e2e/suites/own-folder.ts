/**
 * Gives each test file a temporary folder of its own: files run side by side, and what one leaves behind must not be taken
 * for another's.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const shared = realpathSync(tmpdir());
const folder = mkdtempSync(join(shared, 'walproof-suite-'));
process.env['TMPDIR'] = folder;
afterAll(() => {
  // The next file may be run by the same process.
  process.env['TMPDIR'] = shared;
  rmSync(folder, { recursive: true, force: true });
});
