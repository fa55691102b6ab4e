/**
 * Goal:   an ext4 without a journal is told from one with, and nothing is said where the kernel does not say.
 * Method: trees as the kernel shows them, and the filesystem under this very test.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hasExt4Journal } from '../engine/process/ext4-journal.ts';

/** Major 254, minor 3. */
const DEVICE = (254 << 8) | 3;
/** Major 259, minor 256 + 5, as partitions of NVMe disks have them. */
const HIGH_MINOR = (1 << 20) | (259 << 8) | 5;

/** What the kernel shows of `name`, in a folder that goes with the test. */
function tree(device: string, name: string, journals: readonly string[] | null, filesystems = [name]): string {
  const root = mkdtempSync(join(tmpdir(), 'walproof-kernel-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'sys/dev/block', device);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'uevent'), `MAJOR=1\nDEVNAME=${name}\nDEVTYPE=disk\n`);
  for (const each of filesystems) mkdirSync(join(root, 'proc/fs/ext4', each), { recursive: true });
  for (const each of journals ?? []) mkdirSync(join(root, 'proc/fs/jbd2', each), { recursive: true });
  return root;
}

test.each([
  ['a journal of its own', () => tree('254:3', 'vdb3', ['vda1-8', 'vdb3-8']), true],
  ['journals of others alone', () => tree('254:3', 'vdb3', ['vdb31-8', 'vda1-8']), false],
  ['no journal at all', () => tree('254:3', 'vdb3', null), false],
  ['another filesystem on it', () => tree('254:3', 'vdb3', ['vda1-8'], ['vda1']), null],
  ['a device of another number', () => tree('254:4', 'vdb3', ['vdb3-8']), null],
])('%s', (_, root, expected) => {
  expect(hasExt4Journal(DEVICE, root())).toBe(expected);
});

test('the minor number lies on both sides of the major', () => {
  expect(hasExt4Journal(HIGH_MINOR, tree('259:261', 'nvme0n1p2', ['nvme0n1p2-8']))).toBe(true);
});

test('it says something, or nothing, of any folder', () => {
  expect([true, false, null]).toContain(hasExt4Journal(statSync(tmpdir()).dev));
});
