/**
 * Goal:   import --up starts the service on a copy of an incident's data, says where, and leaves nothing when it is ended.
 * Method: an old NanoClaw database with commits in its -wal; the real command; its addresses asked; then SIGINT.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../engine/shared/until.ts';
import { start } from './command.ts';
import { Holder, scratch } from './inspect/people.ts';

const LEGACY = fileURLToPath(new URL('../../fixtures/databases/nanoclaw-legacy.db', import.meta.url));
const UP_MS = 60_000;

test('a stack on the data, its -wal included, until Ctrl-C', async () => {
  const folder = scratch();
  const file = join(folder, 'messages.db');
  copyFileSync(LEGACY, file);
  const writer = await Holder.on(file, 'journal_mode = WAL', 'wal_autocheckpoint = 0');
  await writer.ask({ exec: "INSERT INTO router_state VALUES ('only', 'in the -wal')" });
  await writer.kill();
  const hashOf = () =>
    ['', '-wal'].map((suffix) =>
      createHash('sha256')
        .update(readFileSync(`${file}${suffix}`))
        .digest('hex'),
    );
  const before = hashOf();
  const own = mkdtempSync(join(tmpdir(), 'walproof-up-'));
  onTestFinished(() => rmSync(own, { recursive: true, force: true }));
  const running = start(['import', folder, '--up', '--engine', 'process'], { env: { TMPDIR: own } });
  const address = () => /nanoclaw: (http:\S+)/.exec(running.stderr())?.[1];
  expect(await until(() => address() !== undefined, { deadlineMs: UP_MS })).toBe(true);
  expect((await fetch(address() ?? '')).status).toBe(200);
  running.signal('SIGINT');
  const { exitCode, stdout } = await running.ended;
  expect(stdout).toContain('looks like nanoclaw');
  expect(exitCode).toBe(0);
  expect(readdirSync(own)).toEqual([]);
  expect(hashOf()).toEqual(before);
});
