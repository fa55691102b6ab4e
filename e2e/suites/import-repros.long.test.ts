/**
 * Goal:   import names the bug whose folder it is given first, and leaves the folder as it is.
 * Method: five repros leave theirs, by the command itself; hashes before and after.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { walproof } from './command.ts';
import { folderPrints, scratch } from './inspect/people.ts';

describe('a bundle of a repro', () => {
  test.each([
    'upgrade-busy-snapshot',
    'hot-journal-readonly-reader',
    'seq-alloc-race',
    'fk-enabled-on-legacy',
    'checkpoint-starvation',
  ])('%s is named first', async (name) => {
    const folder = join(scratch(), 'left');
    expect((await walproof('repro', name, '--engine', 'process', '--out', folder)).exitCode).toBe(0);
    const before = folderPrints(folder);
    const { stdout } = await walproof('import', folder, '--json');
    expect((JSON.parse(stdout) as { candidates: { name: string }[] }).candidates[0]?.name).toBe(name);
    expect(folderPrints(folder)).toEqual(before);
  });
});
