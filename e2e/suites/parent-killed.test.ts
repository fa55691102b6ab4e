/**
 * Goal:   whoever kills a service's main process alone, as a container's SIGKILL does for a moment, leaves what a kill leaves:
 *         -wal and -shm, both.
 * Method: NanoClaw's host as a real process, its main process killed and its database process left to find out.
 */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from './nanoclaw/helpers.ts';
import { NanoclawProcesses } from './nanoclaw/service-processes.ts';

const DEADLINE_MS = 60_000;

test('the database process dies as its parent did', { timeout: DEADLINE_MS }, async () => {
  await using service = new NanoclawProcesses();
  await service.start('nanoclaw');
  const allGone = await service.killMain('nanoclaw');
  await eventually('the database process to be gone', allGone);
  expect(['-wal', '-shm'].filter((suffix) => existsSync(`${service.database}${suffix}`))).toEqual(['-wal', '-shm']);
});
