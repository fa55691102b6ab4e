/** Goal: bundles are signed as they are written, and old ones go without anything else going with them. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Op } from '../model/op.ts';
import { Bundle } from '../report/bundle.ts';
import { BUNDLES_KEPT, pruneBundles } from '../report/prune.ts';

let parent = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'walproof-bundles-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const nameOf = (n: number) => `2026-01-${String(n).padStart(2, '0')}T120000Z-verify-${n}`;

function fakeBundle(name: string, run = '{ "tool": "walproof" }'): void {
  mkdirSync(join(parent, name));
  writeFileSync(join(parent, name, 'run.json'), run);
}

describe('pruning', () => {
  test('keeps the newest, and says which it removed', async () => {
    for (let n = 1; n <= 6; n++) fakeBundle(nameOf(n));
    expect(await pruneBundles(parent, 4)).toEqual([nameOf(1), nameOf(2)]);
    expect(readdirSync(parent)).toEqual([3, 4, 5, 6].map(nameOf));
  });

  test('never removes what latest points to', async () => {
    for (let n = 1; n <= 4; n++) fakeBundle(nameOf(n));
    symlinkSync(nameOf(1), join(parent, 'latest'));
    expect(await pruneBundles(parent, 2)).toEqual([nameOf(2)]);
    expect(existsSync(join(parent, nameOf(1)))).toBe(true);
  });

  test('never removes what is not certainly a bundle', async () => {
    for (let n = 10; n <= 12; n++) fakeBundle(nameOf(n));
    fakeBundle(nameOf(1), '{ "tool": "other" }');
    fakeBundle(nameOf(2), 'not JSON');
    mkdirSync(join(parent, nameOf(3)));
    fakeBundle('notes-of-2026');
    writeFileSync(join(parent, nameOf(4)), 'a file');
    symlinkSync(join(parent, nameOf(12)), join(parent, nameOf(5)));
    expect(await pruneBundles(parent, 1)).toEqual([nameOf(10), nameOf(11)]);
    expect(readdirSync(parent).sort()).toEqual([...[1, 2, 3, 4, 5, 12].map(nameOf), 'notes-of-2026'].sort());
  });

  test('a run makes room for its own: 20 are there when it has begun', async () => {
    for (let n = 1; n <= 25; n++) fakeBundle(nameOf(n));
    await using bundle = await Bundle.create(parent, 'verify', 1);
    expect(readdirSync(parent).length).toBe(BUNDLES_KEPT);
    expect(existsSync(bundle.path)).toBe(true);
    expect(existsSync(join(parent, nameOf(6)))).toBe(false);
    expect(existsSync(join(parent, nameOf(7)))).toBe(true);
  });
});

test('the sums are those that sha256sum makes', async () => {
  const bundle = await Bundle.create(parent, 'verify', 1);
  await bundle.json('run.json', { tool: 'walproof' });
  for (let index = 0; index < 3; index++) bundle.op({ index, value: 'ภาษาไทย' } as Op);
  bundle.log('subject', 'host', 'a line of a log');
  await bundle.json('verdict.json', { verdict: 'pass' });
  await bundle.close();
  const sums = readFileSync(join(bundle.path, 'SHA256SUMS'), 'utf8');
  expect(sums.match(/\S+$/gm)).toEqual(['run.json', 'history.jsonl', 'verdict.json']);
  const checked = execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: bundle.path, encoding: 'utf8' });
  expect(checked).toBe('run.json: OK\nhistory.jsonl: OK\nverdict.json: OK\n');
});
