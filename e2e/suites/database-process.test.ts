/**
 * Goal:   a database process, which is forked before its service has checked anything, opens nothing until it is told to, takes the
 *         settings from who tells it, and does not outlive a service that went away first.
 * Method: the real entry files, forked by the test in the service's place, on an empty folder.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';

describe.each(['nanoclaw', 'oracle-v2'])('of %s', (service) => {
  const entry = fileURLToPath(new URL(`../../fixtures/${service}/src/db-process.ts`, import.meta.url));

  function forked() {
    const folder = mkdtempSync(join(tmpdir(), 'walproof-database-process-'));
    const child = fork(entry, {
      cwd: folder,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    });
    return { folder, child, ended };
  }

  test('a service that goes away first leaves neither a process nor a file', async () => {
    const { folder, child, ended } = forked();
    await once(child, 'spawn');
    child.disconnect();
    expect(await ended).toEqual([0, null]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('it opens the database where the service says', async () => {
    const { folder, child } = forked();
    const data = join(folder, 'data');
    child.send({ kind: 'open', environment: { ORACLE_DATA_DIR: data, STORE_DIR: data } });
    const told: string[] = [];
    const ready = new Promise<void>((resolve) => {
      child.on('message', ({ kind }: { kind: string }) => {
        told.push(kind);
        if (kind === 'ready') resolve();
      });
    });
    await Promise.race([ready, once(child, 'exit')]);
    expect(told).toContain('ready');
    expect(readdirSync(folder)).toEqual(['data']);
    expect(readdirSync(data).some((name) => name.endsWith('.db-wal'))).toBe(true);
  });
});
