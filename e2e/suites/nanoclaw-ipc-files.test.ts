/**
 * Goal:   two hosts that live at the same time, as in a rolling restart, hand the same file over without getting in each
 *         other's way, and neither takes away what the other handed over; what a killed one left half written goes when the next one starts.
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
const HAND_OVER = join(import.meta.dirname, 'nanoclaw', 'hand-over.ts');
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

/** What waits for the agents when hosts have handed over one after the other, each what it saw. */
async function waiting(...handed: string[][]): Promise<{ files: number; ids: string[] }> {
  for (const ids of handed)
    await run(process.execPath, [HAND_OVER, ...ids], { env: { ...process.env, DATA_DIR: folder } });
  const input = join(folder, 'data', 'ipc', 'main', 'input');
  const files = readdirSync(input);
  const ids = files.flatMap((name) => {
    const { messages } = JSON.parse(readFileSync(join(input, name), 'utf8')) as { messages: { id: string }[] };
    return messages.map(({ id }) => id);
  });
  return { files: files.length, ids: [...new Set(ids)].sort() };
}

test('a host that read earlier and writes later takes no message away', async () => {
  expect(await waiting(['m1', 'm2', 'm3'], ['m1', 'm2'])).toEqual({ files: 2, ids: ['m1', 'm2', 'm3'] });
});

test('the same messages handed over again are one file', async () => {
  expect(await waiting(['m1', 'm2'], ['m1', 'm2'])).toEqual({ files: 1, ids: ['m1', 'm2'] });
});
