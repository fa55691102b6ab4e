/**
 * Claim:  a full disk, from the start or in the middle of a run, ends in one clear message and exit 69; nothing is left.
 * Method: the real command with its temporary files or its bundles on a disk of some kilobytes (small-disk.ts).
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { start } from './command.ts';
import { smallDisk } from './small-disk.ts';

const VERIFY = ['verify', 'nanoclaw', '--engine', 'process', '--no-control', '--seed', '5', '--duration', '3s'];
const runFolders = () => readdirSync(tmpdir()).filter((name) => /^walproof-\d{8}-/.test(name));

/** One message with a next step, and no stack trace. */
function expectDiskFull({ exitCode, stderr }: { exitCode: number | null; stderr: string }, said: RegExp): void {
  expect(stderr).toMatch(said);
  expect(stderr.match(/^walproof: .*\[\w+\]$/gm)).toEqual([expect.stringMatching(/\[DISK_FULL\]$/)]);
  expect(stderr).toMatch(/^next: .+/m);
  expect(stderr).not.toMatch(/^ +at /m);
  expect(exitCode).toBe(69);
}

// The services' source does not fit; nor do the records of what runs; nor what they write under load.
test.each([64, 400, 1_024])('temporary files on a disk of %i KiB', { timeout: 60_000 }, async (kib) => {
  const disk = smallDisk(kib, 'temporary files');
  const out = mkdtempSync(join(tmpdir(), 'walproof-out-'));
  onTestFinished(() => rmSync(out, { recursive: true, force: true }));
  const args = [...VERIFY, '--faults', 'none', '--out', out];
  expectDiskFull(await start(args, { under: disk.under }).ended, /disk/);
  expect(disk.left()).toEqual([]);
});

test('bundles on a disk that is full from the start', async () => {
  const disk = smallDisk(4, 'bundles');
  const before = runFolders();
  const ended = await start([...VERIFY, '--out', join(disk.path, 'runs')], { under: disk.under }).ended;
  expectDiskFull(ended, /the run bundle \S+ could not be written/);
  expect(runFolders()).toEqual(before);
});

test('a disk that the bundle fills ends the run at once', { timeout: 60_000 }, async () => {
  const disk = smallDisk(64, 'bundles');
  const before = runFolders();
  const args = [...VERIFY, '--duration', '40s', '--faults', 'none', '--out', join(disk.path, 'runs')];
  const beganAt = performance.now();
  const ended = await start(args, { under: disk.under }).ended;
  expectDiskFull(ended, /the run bundle \S+ could not be written/);
  expect(performance.now() - beganAt).toBeLessThan(30_000);
  expect(runFolders()).toEqual(before);
});
