/**
 * Goal:   two hosts that live at the same time, as in a rolling restart, hand the same file over without getting in each
 *         other's way; what a killed one left half written goes when the next one starts.
 * Method: real processes that write one name at once, beside one that cleans up as a starting host does.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { removeTemporaries } from '../../fixtures/nanoclaw/src/ipc-files.ts';

const PROGRAM = join(import.meta.dirname, 'nanoclaw', 'write-files.ts');
const TIMES = '1500';
const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), 'walproof-ipc-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'input-'));
});

test('the file is always whole, and no writer is refused', async () => {
  await Promise.all(['a', 'b', 'clean'].map((what) => run(process.execPath, [PROGRAM, what, folder, TIMES])));
  expect(readdirSync(folder)).toEqual(['1-a.json']);
  expect(JSON.parse(readFileSync(join(folder, '1-a.json'), 'utf8'))).toMatchObject({ text: expect.any(String) });
});

test('only what a writer of that name left is removed', async () => {
  const kept = ['1-a.json', '.1-a.json.agent-1.5f.tmp', '.1-a.json.other-host.5f.tmp', '.1-a.host'];
  for (const name of [...kept, '.1-a.json.host.5f.tmp', '.2-b.json.host.0a.tmp'])
    writeFileSync(join(folder, name), '{');
  await removeTemporaries(folder, 'host');
  expect(readdirSync(folder).sort()).toEqual([...kept].sort());
});
